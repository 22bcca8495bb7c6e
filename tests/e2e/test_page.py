"""The page in a real browser, beyond watching and steering: its form, its keyboard, its lines that break, its looks."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.cli.started import Started
from tests.e2e.driving import drive, driving
from tests.e2e.stripping import stripping

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


async def test_a_value_that_the_server_refuses_is_told_at_its_field_and_a_good_one_runs(
    up: Started, screenshots: Path
) -> None:
    saw = await drive("form", up.url, screenshots)
    assert saw["stayed"] == "/new"
    assert saw["refusal"]["value"] == "1.7", "the field lost what was typed"
    assert "must be at most 1.1" in saw["refusal"]["message"]
    assert saw["overrides"] == {"duration_s": 60, "initial_taps.creg1a": 1.05}
    assert saw["troubles"] == []


async def test_a_run_needs_no_more_than_a_keyboard_and_the_focus_is_always_visible(
    up: Started, screenshots: Path
) -> None:
    saw = await drive("keyboard", up.url, screenshots)
    assert [step["what"] for step in saw["way"] if not step["visible"]] == []
    assert saw["troubles"] == []


async def test_axe_finds_nothing_serious_on_any_page_light_or_dark(up: Started, screenshots: Path) -> None:
    saw = await drive("axe", up.url, screenshots)
    assert {name: faults for name, faults in saw["found"].items() if faults} == {}
    assert len(saw["found"]) == 16
    assert saw["troubles"] == []


async def test_after_the_api_was_killed_no_tick_is_missing_and_nothing_is_sent_late(
    up: Started, screenshots: Path
) -> None:
    async with driving("reconnect", up.url, screenshots) as driven:
        assert await driven.saw() == {"kill": True}
        # Stopped first, so that what starts it again needs longer than the page needs to see that it is gone.
        [api] = up.run_file["api_pids"]
        supervisor = up.process.pid
        os.kill(supervisor, signal.SIGSTOP)
        try:
            with contextlib.suppress(ProcessLookupError):
                os.kill(api, signal.SIGKILL)
            driven.go_on()
            assert await driven.saw() == {"restart": True}
        finally:
            os.kill(supervisor, signal.SIGCONT)
        driven.go_on()
        saw = await driven.saw()
    assert saw["disabled"], "commands were offered without a connection"
    assert saw["commands"] == [], "a command was sent late"
    assert saw["before"]["ticks"] + 300 <= saw["after"]["ticks"]
    for held in (saw["after"], saw["others"], saw["end"]):
        assert held["missing"] == []
        assert held["firstEmpty"] is None
        assert (held["via"], held["epoch"]) == ("socket", saw["before"]["epoch"])
    assert saw["end"]["ticks"] == saw["tick"]


async def test_where_a_proxy_strips_websockets_the_page_goes_on_and_says_so(
    up: Started, screenshots: Path
) -> None:
    async with (
        stripping(up.url, hold_streams=False) as no_sockets,
        stripping(up.url, hold_streams=True) as no_streams,
        driving("stripped", up.url, screenshots, no_sockets, no_streams) as driven,
    ):
        told = await driven.saw()
    events, polling = told["saw"]
    assert "WebSockets are blocked on the way here; the run comes as an event stream." in events["said"]
    assert "the page asks every 3 s." in polling["said"]
    for saw, via in ((events, "events"), (polling, "polling")):
        assert saw["held"]["via"] == via
        assert saw["held"]["missing"] == []
        assert saw["held"]["ticks"] == saw["tick"]
        assert saw["badge"] == "Stopped"
    assert told["troubles"] == []
