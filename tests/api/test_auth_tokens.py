"""Which tokens count, which do not, and what is said of those."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gridcast.api.auth import tokens
from gridcast.api.auth.accounts import check, key_of, verifier_of
from gridcast.api.auth.jwks import KeySet, keys_in
from gridcast.api.auth.making import token_for
from gridcast.api.auth.tokens import BadToken, SecretKey, Verifier
from gridcast.broadcaster import Settings, load_settings
from gridcast.broadcaster.errors import BadSettings
from gridcast.broadcaster.settings import describe
from tests.api.signed import SECRET, token

ISSUER, AUDIENCE = "https://accounts.example", "gridcast-lab"
NOW = 1_800_000_000.0


class Clock:
    """Tells the time that a test sets."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def own(clock: Clock | None = None, **more: Any) -> Verifier:
    options: dict[str, Any] = {"admins": (), "leeway_s": 0.0, **more}
    return Verifier(
        SecretKey(SECRET.encode()),
        issuer="gridcast",
        audience="gridcast",
        own=True,
        clock=clock or time.time,
        **options,
    )


def test_a_token_of_ours_names_its_user() -> None:
    found = own().verify(token("ada"))
    assert (found.user.name, found.user.admin) == ("ada", False)


def test_a_role_of_admin_counts_and_no_other_word_does() -> None:
    assert own().verify(token("root", role="admin")).user.admin
    assert not own().verify(token("ada", role="Admin")).user.admin


def test_the_settings_name_admins_too() -> None:
    assert own(admins=("ada",)).verify(token("ada")).user.admin


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"exp": time.time() - 1}, "expired"),
        ({"nbf": time.time() + 86_400}, "not count yet"),
        ({"iss": "somebody"}, "not made by 'gridcast'"),
        ({"aud": "another"}, "not for this service"),
        ({"aud": None}, "not for this service|no aud"),
        ({"exp": None}, "no exp"),
        ({"iss": None}, "no iss"),
        ({"sub": None}, "no sub"),
        ({"sub": ""}, "cannot be a user's name"),
        ({"sub": "a:b"}, "cannot be a user's name"),
        ({"sub": "a{b}"}, "cannot be a user's name"),
        ({"sub": "x" * 129}, "cannot be a user's name"),
        ({"sub": "local"}, "cannot be a user's name"),
        ({"secret": "another secret of the tests, as long as the other"}, "not valid"),
        ({"algorithm": "HS512"}, "not valid"),
    ],
)
def test_a_token_that_does_not_count_says_why(bad: dict[str, Any], why: str) -> None:
    with pytest.raises(BadToken, match=why):
        own().verify(token("ada", **bad))


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "." * 9, "[" * 6000, "é" * 10, "x" * 9000])
def test_what_is_no_token_is_not_valid(text: str) -> None:
    with pytest.raises(BadToken):
        own().verify(text)


def test_a_header_that_nests_too_deep_is_not_valid() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 5000).rstrip(b"=").decode()
    with pytest.raises(BadToken):
        own().verify(f"{header}.e30.x")


def test_none_is_no_algorithm() -> None:
    unsigned = jwt.encode(
        {"sub": "ada", "exp": NOW, "iss": "gridcast", "aud": "gridcast"}, "", algorithm="none"
    )
    with pytest.raises(BadToken):
        own().verify(unsigned)


def test_a_remembered_token_ends_when_it_ends() -> None:
    clock = Clock()
    verifier = own(clock)
    short = token("ada", exp=clock.now + 30)
    verifier.verify(short)
    clock.now += 29
    assert verifier.verify(short).user.name == "ada"
    clock.now += 2
    with pytest.raises(BadToken, match="expired"):
        verifier.verify(short)


def test_a_clock_may_differ_by_the_leeway_and_no_more() -> None:
    assert own(leeway_s=30.0).verify(token("ada", exp=time.time() - 20)).user.name == "ada"
    with pytest.raises(BadToken, match="expired"):
        own(leeway_s=30.0).verify(token("ada", exp=time.time() - 31))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    verifier = own()
    for n in range(10):
        verifier.verify(token(f"user{n}"))
    assert len(verifier._known) == 3


# --- keys of somebody else -------------------------------------------------------------------------------------------

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def jwk(private: Any, **more: Any) -> dict[str, Any]:
    maker = (
        jwt.algorithms.RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    )
    return {**json.loads(maker.to_jwk(private.public_key())), **more}


def theirs(*keys: dict[str, Any]) -> tuple[Verifier, KeySet]:
    held = KeySet("https://accounts.example/keys")
    held._keys = keys_in({"keys": list(keys)})
    return (
        Verifier(held, issuer=ISSUER, audience=AUDIENCE, admins=("root",), own=False, leeway_s=0.0),
        held,
    )


def their_token(private: Any, algorithm: str, *, kid: str | None = "k1", **claims: Any) -> str:
    told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": time.time() + 60, **claims}
    return jwt.encode(told, private, algorithm=algorithm, headers=None if kid is None else {"kid": kid})


@pytest.mark.parametrize(("private", "algorithm"), [(RSA, "RS256"), (EC, "ES256")])
def test_a_key_of_a_jwks_verifies_with_its_one_algorithm(private: Any, algorithm: str) -> None:
    verifier, _ = theirs(jwk(private, kid="k1"))
    assert verifier.verify(their_token(private, algorithm)).user.name == "ada"


def test_what_somebody_else_says_of_roles_counts_for_nothing_and_the_settings_do() -> None:
    verifier, _ = theirs(jwk(RSA, kid="k1"))
    assert not verifier.verify(their_token(RSA, "RS256", role="admin")).user.admin
    assert verifier.verify(their_token(RSA, "RS256", sub="root")).user.admin


def test_a_public_key_is_no_secret() -> None:
    """The old confusion: a token signed by HS256 with the public key as its secret."""
    verifier, _ = theirs(jwk(RSA, kid="k1"))
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def part(document: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=")

    import hashlib
    import hmac

    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "root", "exp": time.time() + 60}
    signed = part({"alg": "HS256", "kid": "k1"}) + b"." + part(claims)
    forged = (
        signed + b"." + base64.urlsafe_b64encode(hmac.digest(public, signed, hashlib.sha256)).rstrip(b"=")
    )
    with pytest.raises(BadToken, match="not valid"):
        verifier.verify(forged.decode())


def test_another_algorithm_of_the_same_key_does_not_count() -> None:
    verifier, _ = theirs(jwk(RSA, kid="k1"))
    with pytest.raises(BadToken, match="not valid"):
        verifier.verify(their_token(RSA, "RS512"))


def test_a_key_that_nobody_knows_is_asked_for_and_refused_meanwhile() -> None:
    verifier, held = theirs(jwk(RSA, kid="k1"))
    with pytest.raises(BadToken, match="does not name"):
        verifier.verify(their_token(RSA, "RS256", kid="k2"))
    assert held._wanted.is_set()


def test_without_a_key_id_the_only_key_is_meant() -> None:
    verifier, _ = theirs(jwk(RSA, kid="k1"))
    assert verifier.verify(their_token(RSA, "RS256", kid=None)).user.name == "ada"
    verifier, _ = theirs(jwk(RSA, kid="k1"), jwk(EC, kid="k2"))
    with pytest.raises(BadToken):
        verifier.verify(their_token(RSA, "RS256", kid=None))


@pytest.mark.parametrize(
    "weak",
    [
        jwk(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        jwk(ec.generate_private_key(ec.SECP384R1())),
        jwk(RSA, use="enc"),
        jwk(RSA, alg="RS512"),
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA"},
        {"kty": 5},
        "key",
    ],
)
def test_keys_that_are_weak_or_for_something_else_are_left_out(weak: Any) -> None:
    with pytest.raises(ValueError, match="no RS256 or ES256 key"):
        keys_in({"keys": [weak]})
    assert len(keys_in({"keys": [weak, jwk(RSA, kid="k1")]})) == 1


@pytest.mark.parametrize("document", [[], {}, {"keys": {}}, None, "keys"])
def test_what_is_no_jwks_is_said_to_be_none(document: Any) -> None:
    with pytest.raises(ValueError, match="no JWKS"):
        keys_in(document)


def test_a_key_that_was_taken_away_forgets_what_it_verified() -> None:
    verifier, held = theirs(jwk(RSA, kid="k1"))
    mine = their_token(RSA, "RS256")
    verifier.verify(mine)
    held._keys = keys_in({"keys": [jwk(EC, kid="k9")]})
    held.generation += 1
    with pytest.raises(BadToken):
        verifier.verify(mine)


# --- settings --------------------------------------------------------------------------------------------------------


def test_a_service_without_accounts_starts_on_loopback_only() -> None:
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        check(Settings(), host)
    for host in ("0.0.0.0", "::", "192.0.2.7"):
        with pytest.raises(BadSettings, match="GRIDCAST_AUTH=jwt"):
            check(Settings(), host)


def test_whoever_says_that_the_network_keeps_strangers_out_is_believed() -> None:
    check(Settings(auth="off-trusted-network"), "0.0.0.0")


def test_with_accounts_any_address_will_do() -> None:
    check(load_settings(auth="jwt", auth_secret=SECRET), "0.0.0.0")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "needs a secret or"),
        ({"auth_secret": "x" * 31}, "fewer than 32 bytes"),
        ({"auth_secret": SECRET, "auth_jwks_url": "https://a.example/keys"}, "both are"),
        ({"auth_jwks_url": "https://a.example/keys"}, "GRIDCAST_AUTH_ISSUER"),
        (
            {"auth_jwks_url": "http://a.example/keys", "auth_issuer": "i", "auth_audience": "a"},
            "must be an https",
        ),
        ({"auth_secret": SECRET, "auth_secret_file": "/nowhere"}, "one of both"),
        ({"auth_secret_file": "/nowhere"}, "cannot be read"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_in_words(given: dict[str, Any], why: str) -> None:
    with pytest.raises(BadSettings, match=why) as refused:
        check(load_settings(auth="jwt", **given), "127.0.0.1")
    assert SECRET not in str(refused.value)


def test_a_secret_of_32_bytes_will_do() -> None:
    assert key_of(load_settings(auth="jwt", auth_secret="x" * 32)) is not None


def test_a_secret_may_lie_in_a_file(tmp_path: Any) -> None:
    place = tmp_path / "secret"
    place.write_text(f"{SECRET}\n")
    settings = load_settings(auth="jwt", auth_secret_file=place)
    key = key_of(settings)
    assert key is not None
    assert verifier_of(settings, key).verify(token("ada")).user.name == "ada"


def test_no_secret_is_told() -> None:
    settings = load_settings(auth="jwt", auth_secret=SECRET, token="a-token-of-mine")
    assert SECRET not in repr(settings)
    told = json.dumps(describe(settings))
    assert SECRET not in told
    assert "a-token-of-mine" not in told


# --- making them -----------------------------------------------------------------------------------------------------


def test_a_made_token_counts_for_as_long_as_was_asked() -> None:
    settings = load_settings(auth="jwt", auth_secret=SECRET)
    key = key_of(settings)
    assert key is not None
    found = verifier_of(settings, key).verify(token_for(settings, "ada", role="admin", days=2))
    assert found.user.admin
    assert found.expires - time.time() == pytest.approx(2 * 86400 + settings.auth_leeway_s, abs=60)


@pytest.mark.parametrize(("user", "days"), [("local", 1), ("a b", 1), ("", 1), ("ada", 0), ("ada", 4000)])
def test_a_token_for_nobody_or_for_ever_is_not_made(user: str, days: float) -> None:
    with pytest.raises(ValueError, match=r"user's name|lasts up to"):
        token_for(load_settings(auth="jwt", auth_secret=SECRET), user, role="user", days=days)


def test_without_a_secret_no_token_is_made_and_the_words_say_how_to_get_one() -> None:
    with pytest.raises(BadSettings, match="GRIDCAST_AUTH_SECRET_FILE"):
        token_for(Settings(), "ada", role="user", days=1)
