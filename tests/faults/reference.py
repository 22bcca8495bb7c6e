"""The undisturbed run, to hold disturbed ones against."""

from __future__ import annotations

from typing import Any

from gridcast.broadcaster import Channel
from tests.workers.lab import Entry, Lab, of

_TICKWISE = ("t_s", "v")


def rows(entries: list[Entry]) -> list[Any]:
    """What each tick said, however ticks were gathered into entries."""
    found: list[Any] = []
    for entry in of(entries, "ticks"):
        for n in range(len(entry["t_s"])):
            tick = entry["first"] + n
            assert tick == len(found), f"tick {tick} after {len(found)} ticks"
            found.append(
                [
                    *(entry[name][n] for name in _TICKWISE),
                    [
                        (site["p_w"][n], *([by[label][n] for label in by] for by in _by_label(site)))
                        for site in entry["dc"].values()
                    ],
                    [ratios[n] for ratios in entry["taps"].values()],
                    [[values[n] for values in storage.values()] for storage in entry["storage"].values()],
                    [
                        event
                        for event in entry["events"]
                        if event["tick"] == tick and event["source"] != "custom"
                    ],
                    [control for control in entry["controls"] if control["tick"] == tick],
                ]
            )
    return found


def _by_label(site: dict[str, Any]) -> list[dict[str, Any]]:
    return [site[name] for name in ("batch", "replicas", "itl_s", "power_w")]


async def undisturbed(lab: Lab, scenario: str, **overrides: Any) -> tuple[list[Any], str]:
    """Rows and digest of a run that nobody disturbs."""
    channel = await lab.create(scenario, **overrides)
    await lab.until_over(channel)
    return await whole(lab, channel)


async def whole(lab: Lab, channel: Channel) -> tuple[list[Any], str]:
    """Rows and digest of a session that is over."""
    entries = await lab.entries(channel)
    assert [entry["offset"] for entry in entries] == list(range(1, len(entries) + 1))
    (summary,) = of(entries, "summary")
    assert summary["ticks"] == len(rows(entries))
    return rows(entries), summary["digest"]
