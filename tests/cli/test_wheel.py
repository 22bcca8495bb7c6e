"""`gridcast wheel`: who alone steers, and how that changes."""

from __future__ import annotations

import json
import time
from pathlib import Path

from gridcast.broadcaster import Channel, Settings
from gridcast.client import AsyncClient
from tests.api.serving import Api, serving
from tests.api.signed import token, with_accounts
from tests.cli.started import REAL, started


async def told(
    api: Api, folder: Path, user: str, session: str, *options: str, code: int = 0
) -> tuple[str, str]:
    """What the command prints for a user: stdout and stderr."""
    env = {"GRIDCAST_URL": api.http, "GRIDCAST_TOKEN": token(user, role="admin" if user == "root" else None)}
    arguments = ("wheel", session, *options)
    async with started(*arguments, folder=folder, env=env, command=REAL, ready=False) as command:
        assert await command.ended() == code, command.err
        return command.out, command.err


async def test_it_is_shown_taken_asked_for_given_and_let_go(settings: Settings, tmp_path: Path) -> None:
    async with (
        serving(with_accounts(settings)) as api,
        AsyncClient(api.http, token=token("ada")) as ada,
    ):
        session = (await ada.create("ieee13", overrides={"duration_s": 60})).id
        assert "nobody has the wheel" in (await told(api, tmp_path, "ada", session))[0]
        assert "ada has the wheel and alone steers" in (await told(api, tmp_path, "ada", "last", "--take"))[0]
        wheels, channel = api.services.wheels, Channel.session(session)
        await wheels.act(channel, "ask", who="bob", owns=False)
        assert "; bob asked for it" in (await told(api, tmp_path, "ada", session))[0]
        assert "bob has the wheel" in (await told(api, tmp_path, "ada", session, "--give", "bob"))[0]
        out, _ = await told(api, tmp_path, "root", session, "--ask", "--json")
        document = json.loads(out)
        assert (document["holder"], [one["name"] for one in document["asked"]]) == ("bob", ["root"])
        assert document["since"] <= time.time()
        assert "asked" not in (await told(api, tmp_path, "ada", session, "--refuse", "root"))[0]
        assert "nobody has the wheel" in (await told(api, tmp_path, "ada", session, "--let-go"))[0]


async def test_what_is_refused_says_why_and_two_wishes_are_one_too_many(
    settings: Settings, tmp_path: Path
) -> None:
    async with (
        serving(with_accounts(settings)) as api,
        AsyncClient(api.http, token=token("ada")) as ada,
    ):
        session = (await ada.create("ieee13", overrides={"duration_s": 60})).id
        await told(api, tmp_path, "ada", session, "--take")
        _, err = await told(api, tmp_path, "ada", session, "--give", "eve", code=4)
        assert "eve has not asked for the wheel" in err
        _, err = await told(api, tmp_path, "ada", session, "--take", "--let-go", code=2)
        assert "one of these at a time" in err
