"""Scan: every bus where a datacenter can stand, and every scenario of the catalogue, sorted by what the voltages do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from gridcast.scenarios import resolve
from gridcast.scenarios.operations import ScanConfig, points_of

from .classes import RULES, class_of
from .plan import Item, Outcome, Points, of_part

FIGURES = (
    "worst_vmin",
    "worst_vmax",
    "violation_time_s",
    "integral_violation_pu_s",
    "mean_power_kw",
    "oscillation",
)


class Scan(Points):
    """The plan of one."""

    def __init__(self, asked: ScanConfig) -> None:
        super().__init__(points_of(asked))
        self._asked = asked
        self._bands: dict[str, dict[str, float]] = {}

    @property
    def head(self) -> dict[str, Any]:
        return {"op": self._asked.op, "params": self._asked.params, "duration_s": self._asked.duration_s}

    def item(self, n: int, outcome: Outcome) -> Item:
        point = self._points[n]
        session = point.place["session"]
        place = {name: point.place[name] for name in point.place if name != "session"}
        found = None if outcome.status == "refused" else class_of(outcome, **self._band(session["scenario"]))
        return {
            "part": point.part,
            **place,
            "class": found,
            **outcome.state,
            **outcome.figures(*FIGURES),
            "session": session,
        }

    def _band(self, scenario: str) -> dict[str, float]:
        if scenario not in self._bands:
            config = resolve(scenario, self._asked.overrides)
            self._bands[scenario] = {"v_min": config.v_min, "v_max": config.v_max}
        return self._bands[scenario]

    def words(self, n: int, finished: Collection[int]) -> str:
        part, place = self._points[n].part, self._points[n].place
        among = [point for point in self._points if point.part == part]
        over = [m for m in finished if self._points[m].part == part]
        what = f"{place['feeder']} bus {place['bus']}" if part == "site" else place["scenario"]
        return f"{part} {len(over)}/{len(among)}: {what}"

    def result(self, items: Sequence[Item]) -> dict[str, Any]:
        counts = Counter(item["class"] for item in items if item["class"] is not None)
        return {
            "sites": of_part(items, "site"),
            "scenarios": of_part(items, "scenario"),
            "counts": {name: counts[name] for name in RULES},
            "rules": dict(RULES),
        }
