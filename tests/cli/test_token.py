"""`gridcast token create`, and what is refused where others could reach a service without accounts."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from tests.cli.started import REAL, started

SECRET = "a secret of the tests that is longer than thirty-two bytes"
WITH_ACCOUNTS = {"GRIDCAST_AUTH": "jwt", "GRIDCAST_AUTH_SECRET": SECRET}


async def test_a_token_is_printed_alone(tmp_path: Path) -> None:
    place = tmp_path / "secret"
    place.write_text(SECRET)
    env = {"GRIDCAST_AUTH_SECRET_FILE": str(place)}
    arguments = ("token", "create", "--user", "ada", "--role", "admin", "--days", "2")
    async with started(*arguments, folder=tmp_path, env=env, command=REAL, ready=False) as made:
        assert await made.ended() == 0
    claims = jwt.decode(
        made.out.strip(), SECRET, algorithms=["HS256"], audience="gridcast", issuer="gridcast"
    )
    assert (claims["sub"], claims["role"], claims["exp"] - claims["iat"]) == ("ada", "admin", 2 * 86400)


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        (("--user", "ada"), {}, "no secret to sign tokens with"),
        (("--user", "a b"), WITH_ACCOUNTS, "cannot be a user's name"),
        (("--user", "ada", "--days", "0"), WITH_ACCOUNTS, "lasts up to"),
    ],
)
async def test_what_cannot_be_made_ends_with_2_and_says_why(
    tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], words: str
) -> None:
    async with started(
        "token", "create", *arguments, folder=tmp_path, env=env, command=REAL, ready=False
    ) as made:
        assert await made.ended() == 2
        assert words in " ".join(made.err.split())
        assert made.out == ""


async def test_up_on_a_public_address_without_accounts_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "here"
    async with started(
        "up", "--host", "0.0.0.0", "--port", "0", folder=folder, command=REAL, ready=False
    ) as up:
        assert await up.ended() == 2
        assert "GRIDCAST_AUTH=jwt" in " ".join(up.err.split())
        assert not (folder / "broker").exists()


async def test_an_api_on_a_public_address_without_accounts_is_refused_too(tmp_path: Path) -> None:
    env = {"GRIDCAST_REDIS_URL": "redis://127.0.0.1:1/0"}
    async with started(
        "api", "--host", "0.0.0.0", "--port", "0", folder=tmp_path, env=env, command=REAL, ready=False
    ) as api:
        assert await api.ended() == 2
        assert "GRIDCAST_AUTH=jwt" in " ".join(api.err.split())


async def test_doctor_never_tells_a_secret(tmp_path: Path) -> None:
    env = {**WITH_ACCOUNTS, "GRIDCAST_TOKEN": "a-token-of-mine"}
    async with started("doctor", "--json", folder=tmp_path, env=env, command=REAL, ready=False) as doctor:
        await doctor.ended()
        assert SECRET not in doctor.out + doctor.err
        assert "a-token-of-mine" not in doctor.out + doctor.err
        assert '"GRIDCAST_AUTH_SECRET"' in doctor.out
