"""Heatmap: a metric over two numbers of a scenario."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from gridcast.scenarios import resolve
from gridcast.scenarios.metrics import METRICS
from gridcast.scenarios.operations import HeatmapConfig, axes, numeric_parameters, points_of

from .plan import Item, Outcome, Points, of_one_scenario


class Heatmap(Points):
    """The plan of one."""

    def __init__(self, asked: HeatmapConfig) -> None:
        super().__init__(points_of(asked))
        self._asked = asked
        self._x, self._y = axes(asked)

    @property
    def head(self) -> dict[str, Any]:
        return of_one_scenario(self._asked)

    def item(self, n: int, outcome: Outcome) -> Item:
        value = outcome.metrics.get(self._asked.metric)
        state = outcome.state
        if value is None and outcome.status == "done":
            state = {"status": "failed", "reason": f"the run has no {self._asked.metric}"}
        return {"part": "cell", **self._points[n].place, "value": value, **state}

    def words(self, n: int, finished: Collection[int]) -> str:
        return f"cell {len(finished)}/{self.steps}"

    def result(self, items: Sequence[Item]) -> dict[str, Any]:
        asked, metric = self._asked, METRICS[self._asked.metric]
        values: list[list[float | None]] = [[None] * len(self._x) for _ in self._y]
        for cell in items:
            values[cell["y"]][cell["x"]] = cell["value"]
        done = [cell for cell in items if cell["value"] is not None]
        sign = 1.0 if metric.better == "minimize" else -1.0
        best = min(done, key=lambda cell: sign * cell["value"], default=None)
        own = {p.path: p.value for p in numeric_parameters(resolve(asked.name, asked.overrides, asked.seed))}
        return {
            "metric": asked.metric,
            "unit": metric.unit,
            "better": metric.better,
            "param_x": asked.param_x,
            "param_y": asked.param_y,
            "x": self._x,
            "y": self._y,
            "values": values,
            "failures": [
                {name: cell[name] for name in ("x", "y", "status", "reason")}
                for cell in items
                if cell["value"] is None
            ],
            "best": None if best is None else {name: best[name] for name in ("x", "y", "value")},
            "baseline": {"x": own[asked.param_x], "y": own[asked.param_y]},
        }
