"""A service with accounts in a real browser: who signs in runs and shares, who has the link watches the same ticks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cli.started import REAL, Started, started
from tests.e2e.driving import WEB, chromium, driving


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of a service with accounts."""
    secret = tmp_path_factory.mktemp("secret") / "secret"
    secret.write_text(secrets.token_urlsafe(48))
    secret.chmod(0o600)
    return {"GRIDCAST_AUTH": "jwt", "GRIDCAST_AUTH_SECRET_FILE": str(secret)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(
    accounts: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Started]:
    """A running `gridcast up` with accounts on."""
    chromium()
    assert (WEB / "dist" / "index.html").is_file(), "the page is not built: run `make setup`"
    folder = tmp_path_factory.mktemp("guarded") / "here"
    async with started("up", "--port", "0", folder=folder, command=REAL, env=accounts) as running:
        yield running


async def token_of(user: str, accounts: dict[str, str], folder: Path) -> str:
    """What `gridcast token create` prints."""
    async with started(
        "token", "create", "--user", user, folder=folder, command=REAL, env=accounts, ready=False
    ) as making:
        assert await making.ended() == 0, making.err
        return making.out.strip()


@pytest.mark.e2e
@pytest.mark.timeout(240)
@pytest.mark.asyncio(loop_scope="module")
async def test_who_signs_in_runs_and_who_has_a_shared_link_sees_the_same_ticks(
    guarded: Started, accounts: dict[str, str], tmp_path: Path, screenshots: Path
) -> None:
    ada, ben = await asyncio.gather(*(token_of(user, accounts, tmp_path) for user in ("ada", "ben")))
    async with driving("signin", guarded.url, screenshots, ada, ben) as driven:
        saw = await driven.saw()
    assert saw["troubles"] == [], "the console of the page shows errors"
    for name, looks in saw["found"].items():
        assert looks == {"light": [], "dark": [], "wide": 0}, name
    assert saw["focused"], "one has to look for the field"
    assert "token" in saw["refusal"], "a refused token is not explained"

    first, second, third = saw["entries"]
    assert first == second == third, "the tabs did not get the same bytes"
    assert all(0 < count < len(first) for count in saw["together"]), "the run was over too soon"
    assert saw["bensButtons"] == 0, "a viewer is offered the wheel"
    assert "You may watch this run, not steer it." in saw["bensBar"]
    assert not {"Adjust", "Pause", "Stop"} & set(saw["bensBar"].split()), "a viewer is offered to steer"
    assert "You may not watch this run." in saw["withdrawn"], "a link that was withdrawn opens the run"
    assert saw["csv"].startswith("tick,"), "the export is no file"
    assert "You may not watch this run." in saw["forbidden"]

    assert "share" not in saw["address"], "the link's secret stays in the address bar"
    assert saw["leaks"] == [], "a secret stands in an address"
    assert saw["tickets"] == saw["sockets"] > 3, "a socket was opened without a ticket"
    assert saw["kept"] == 0, "signing out leaves something behind"
