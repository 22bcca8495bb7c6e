"""Tokens: verified once, then remembered until they end, so that a request costs a look into a dictionary.

An algorithm is never taken from the token: the secret verifies HS256, keys of a JWKS verify RS256 and ES256.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jwt

from gridcast.broadcaster import Settings
from gridcast.broadcaster.errors import BadSettings
from gridcast.broadcaster.names import LOCAL_USER, USER_PATTERN

from .roles import User

MAX_TOKEN_BYTES: Final = 8 << 10
REMEMBERED: Final = 4096
"""Tokens; some 300 bytes each."""
MIN_SECRET_BYTES: Final = 32
OURS: Final = "gridcast"
"""`iss` and `aud` of tokens unless the settings say otherwise."""
NEEDED: Final = ("exp", "sub", "iss", "aud")

HOW: Final = (
    "make one: python -c 'import secrets; print(secrets.token_urlsafe(48))' > FILE, "
    "and name it in GRIDCAST_AUTH_SECRET_FILE"
)


class BadToken(Exception):
    """A token that does not count, with the reason in words for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """A token that counts: whom it names, and until when (unix seconds)."""

    user: User
    expires: float


class Key(Protocol):
    """Finds what verifies a token."""

    @property
    def generation(self) -> int:
        """Another number whenever a key was taken away."""

    def of(self, token: str) -> tuple[Any, str]:
        """The key and the one algorithm that it may verify with. Raises `BadToken` or `jwt.PyJWTError`."""


class SecretKey:
    """The one secret of a small installation."""

    generation = 0

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, token: str) -> tuple[Any, str]:
        return self._secret, "HS256"


class Verifier:
    """Says whom a token names."""

    def __init__(
        self,
        key: Key,
        *,
        issuer: str,
        audience: str,
        admins: Collection[str],
        own: bool,
        leeway_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`own`: tokens are made by us, so that what they say of roles counts."""
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._admins = frozenset(admins)
        self._own = own
        self._leeway_s = leeway_s
        self._clock = clock
        self._known: dict[bytes, Verified] = {}
        self._generation = key.generation

    def verify(self, token: str) -> Verified:
        """Raises `BadToken`."""
        if self._generation != self._key.generation:
            self._generation = self._key.generation
            self._known.clear()
        digest = hashlib.sha256(token.encode()).digest()
        found = self._known.get(digest)
        if found is None:
            found = self._read(token)
            while len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[digest] = found
        elif found.expires <= self._clock():
            del self._known[digest]
            raise BadToken("the token has expired; get a new one")
        return found

    def _read(self, token: str) -> Verified:
        if len(token) > MAX_TOKEN_BYTES:
            raise BadToken(f"a token may have at most {MAX_TOKEN_BYTES} bytes")
        try:
            key, algorithm = self._key.of(token)
            claims = jwt.decode(
                token,
                key=key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway_s,
                options={"require": list(NEEDED)},
            )
            expires = int(claims["exp"]) + self._leeway_s
        except jwt.ExpiredSignatureError:
            raise BadToken("the token has expired; get a new one") from None
        except jwt.ImmatureSignatureError:
            raise BadToken("the token does not count yet; is the clock of who made it right?") from None
        except jwt.InvalidAudienceError:
            raise BadToken(f"the token is not for this service (its aud is not {self._audience!r})") from None
        except jwt.InvalidIssuerError:
            raise BadToken(f"the token was not made by {self._issuer!r}") from None
        except jwt.MissingRequiredClaimError as error:
            raise BadToken(f"the token has no {error.claim}") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise BadToken("the token is not valid") from None
        name = claims["sub"]
        if not isinstance(name, str) or not USER_PATTERN.fullmatch(name) or name == LOCAL_USER:
            raise BadToken("the token's sub cannot be a user's name (1 to 128 of A-Za-z0-9._@|+=~-)")
        admin = name in self._admins or (self._own and claims.get("role") == "admin")
        return Verified(user=User(name=name, admin=admin), expires=expires)


def secret_of(settings: Settings) -> bytes | None:
    """The secret that signs tokens, if the settings name one.

    Raises:
        BadSettings: they name two, the file cannot be read, or it is too short.
    """
    value = None if settings.auth_secret is None else settings.auth_secret.get_secret_value().strip()
    if settings.auth_secret_file is not None:
        if value:
            raise BadSettings("GRIDCAST_AUTH_SECRET and GRIDCAST_AUTH_SECRET_FILE: give one of both")
        try:
            value = settings.auth_secret_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise BadSettings(f"GRIDCAST_AUTH_SECRET_FILE: cannot be read: {why}") from None
    if not value:
        return None
    if len(value.encode()) < MIN_SECRET_BYTES:
        raise BadSettings(f"the secret of GRIDCAST_AUTH has fewer than {MIN_SECRET_BYTES} bytes; {HOW}")
    return value.encode()
