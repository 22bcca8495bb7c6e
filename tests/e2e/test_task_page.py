"""A tuning task in a real browser: ask for it, watch it in two tabs, look through it, open its best; cancel another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.started import Started
from tests.e2e.driving import driving
from tests.e2e.stripping import stripping


def figures(texts: list[str]) -> list[float]:
    return [float(text.replace("\N{MINUS SIGN}", "-").replace(",", "")) for text in texts]


@pytest.mark.e2e
@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="module")
async def test_all_tabs_of_a_task_see_the_same_experiments_and_the_same_best(
    up: Started, screenshots: Path
) -> None:
    async with (
        stripping(up.url, hold_streams=True) as no_streams,
        driving("tasks", up.url, screenshots, no_streams) as driven,
    ):
        saw = await driven.saw()
    assert saw["troubles"] == [], "the console of the page shows errors"
    assert saw["faults"] == {"form": [], "drawer": [], "light": [], "dark": []}
    assert saw["refusal"]["value"] == "900", "the field lost what was typed"
    assert saw["refusal"]["message"]

    first, second, late = saw["tabs"]
    assert first == second == late, "the tabs do not show the same"
    assert all(0 < count < len(first["entries"]) for count in saw["together"]), "the task was over too soon"
    events = [json.loads(text) for text in first["entries"]]
    assert [event["offset"] for event in events] == list(range(1, len(events) + 1))
    assert (events[-1]["type"], events[-1]["final"]) == ("task_completed", True)
    assert first["best"] == f"#{events[-1]['data']['best_experiment_id'].rpartition('-')[2]}"
    assert first["done"].startswith("20 of 20")
    assert len(first["rows"]) == 21
    assert "20 of 20 experiments are over" in first["trajectory"]

    table = saw["table"]
    assert "baseline" in table["baseline"]
    assert "as it is" in table["baseline"]
    ascending, descending = figures(table["ascending"]), figures(table["descending"])
    assert len(ascending) == 21
    assert ascending == sorted(ascending)
    assert descending == sorted(descending, reverse=True)

    opened = saw["opened"]
    assert opened["digest"] == opened["session"]["digest"]
    # Sums depend on how ticks were gathered, in their last digits.
    assert {name: opened["session"]["metrics"][name] for name in opened["best"]["metrics"]} == pytest.approx(
        opened["best"]["metrics"], rel=1e-12
    ), "the session of the best computed something else"

    assert saw["resumable"]
    assert "Live events do not get through; this page asks every 3 s." in saw["polled"]["said"]
    # The baseline stands in the table too.
    assert saw["polled"]["counted"].split() == ["Experiments", str(saw["polled"]["done"] + 1)]
    assert saw["polled"]["entries"] == 0
