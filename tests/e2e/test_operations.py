"""Operations in a real browser: a heatmap from the form to a session of one of its cells, and the other kinds beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.started import Started
from tests.e2e.driving import driving
from tests.e2e.stripping import stripping


@pytest.mark.e2e
@pytest.mark.timeout(420)
@pytest.mark.asyncio(loop_scope="module")
async def test_all_tabs_of_a_heatmap_see_the_same_cells_and_one_opens_as_a_session(
    up: Started, screenshots: Path
) -> None:
    async with (
        stripping(up.url, hold_streams=False) as no_sockets,
        stripping(up.url, hold_streams=True) as no_streams,
        driving("operations", up.url, screenshots, no_sockets, no_streams) as driven,
    ):
        saw = await driven.saw()
    assert saw["troubles"] == [], "the console of the page shows errors"
    for name, looks in saw["found"].items():
        assert looks == {"light": [], "dark": [], "wide": 0}, name
    assert saw["refusal"]["value"] == "90000", "the field lost what was typed"
    assert "must be less than x_max" in saw["refusal"]["message"]

    first, second, late = saw["labels"]
    assert 0 < saw["waiting"] < 20, "the heatmap was over too soon"
    assert first == second == late, "the tabs do not show the same"
    result = saw["result"]
    assert len(first) == len(result["x"]) * len(result["y"]) == 20

    keyboard = saw["keyboard"]
    assert "the best" in keyboard["steps"][0], "the keyboard does not begin at the best cell"
    assert len(set(keyboard["steps"][3:])) == 6, "a key led nowhere"
    assert keyboard["read"] == keyboard["steps"][-1], "what is read beside the grid is another cell"
    assert keyboard["ring"] != "none", "the cell with the focus does not show it"

    # One to the right of the left edge, one above the lower one: its ticks give the figure that the cell has.
    overrides, metrics = saw["session"]["overrides"], saw["session"]["summary"]["metrics"]
    assert overrides == {
        "duration_s": 300,
        result["param_x"]: result["x"][1],
        result["param_y"]: result["y"][1],
    }
    assert metrics[result["metric"]] == pytest.approx(result["values"][1][1], rel=1e-9)

    characterize = saw["characterize"]
    assert characterize["picture"].startswith("P-V curve. 6 sizes of the datacenters")
    assert len(characterize["bars"]) == len(characterize["result"]["sensitivity"])
    scan = saw["scan"]
    places = [*scan["result"]["sites"], *scan["result"]["scenarios"]]
    assert len(scan["rows"]) == len(places)
    assert scan["signs"] == len([site for site in scan["result"]["sites"] if site["class"]])
    assert scan["site"]["overrides"]["datacenters.0.bus"] == "671"

    assert saw["kept"] > 0, "what had come before the cancelling is gone"
    events, polling = saw["lines"]
    assert events["entries"] == polling["entries"] == 0, "something came over a socket that was stripped"
    assert "Live events do not get through; this page asks every 3 s." in polling["header"]
    assert "Every 3 s" not in events["header"]
