"""The public keys of somebody else's accounts, fetched in the background and never while a request waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

import httpx2
import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .tokens import BadToken

log = structlog.get_logger(__name__)

EVERY_S: Final = 600.0
SOONEST_S: Final = 30.0
"""Between two questions, however many tokens name keys that nobody knows."""
ANSWER_S: Final = 5.0
MAX_BYTES: Final = 256 << 10
MAX_KEYS: Final = 64
MIN_RSA_BITS: Final = 2048

Keys = Mapping[str | None, tuple[Any, str]]
"""By key id: a public key and its one algorithm."""


class KeySet:
    """The keys as they were when they were last fetched; an issuer that does not answer takes none away."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.generation = 0
        self._keys: Keys = {}
        self._wanted = asyncio.Event()

    def of(self, token: str) -> tuple[Any, str]:
        """The key that a token names. Raises `BadToken` or `jwt.PyJWTError`."""
        ident = jwt.get_unverified_header(token).get("kid")
        found = self._keys.get(ident)
        if found is None and ident is None and len(self._keys) == 1:
            [found] = self._keys.values()
        if found is None:
            self._wanted.set()
            raise BadToken(
                "the token is signed with a key that its issuer does not name (yet); try again soon"
            )
        return found

    async def run(self) -> NoReturn:
        """Keep the keys fresh until cancelled; they were fetched once before."""
        while True:
            await asyncio.sleep(SOONEST_S)
            if self._keys:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S - SOONEST_S):
                        await self._wanted.wait()
            self._wanted.clear()
            await self.fetch()

    async def fetch(self) -> None:
        """Ask for the keys once; what goes wrong is logged and changes nothing."""
        try:
            async with asyncio.timeout(ANSWER_S), _answer(self.url) as response:
                raw = b""
                async for piece in response.aiter_bytes():
                    raw += piece
                    if len(raw) > MAX_BYTES:
                        raise ValueError(f"it has more than {MAX_BYTES} bytes")
            fresh = keys_in(orjson.loads(raw))
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            log.warning("jwks_not_fetched", why=str(error) or type(error).__name__, keys=len(self._keys))
            return
        if any(fresh.get(ident) != known for ident, known in self._keys.items()):
            self.generation += 1
        self._keys = fresh


@asynccontextmanager
async def _answer(url: str) -> AsyncIterator[httpx2.Response]:
    # No redirects: the keys come from where the operator said, or not at all.
    async with (
        httpx2.AsyncClient(timeout=ANSWER_S, follow_redirects=False) as client,
        client.stream("GET", url, headers={"Accept": "application/json"}) as response,
    ):
        if response.status_code != httpx2.codes.OK:
            raise ValueError(f"it answered {response.status_code}")
        yield response


def keys_in(document: Any) -> Keys:
    """The keys of a JWKS document that may verify tokens: RSA of `MIN_RSA_BITS` or more, and EC on P-256.

    Raises:
        ValueError: it is none, or has none of these.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it is no JWKS document")
    found: dict[str | None, tuple[Any, str]] = {}
    for item in listed[:MAX_KEYS]:
        if not isinstance(item, dict) or item.get("use", "sig") != "sig":
            continue
        algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(item.get("kty")))
        if algorithm is None or item.get("alg", algorithm) != algorithm:
            continue
        try:
            key = jwt.PyJWK(item, algorithm=algorithm).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        strong = (isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS) or (
            isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
        )
        ident = item.get("kid")
        if strong and (ident is None or isinstance(ident, str)):
            found[ident] = (key, algorithm)
    if not found:
        raise ValueError("it has no RS256 or ES256 key")
    return found
