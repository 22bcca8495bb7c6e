"""Characterize: one scenario as it is, over the size of its datacenters, over the parameters that matter most."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gridcast.scenarios import resolve
from gridcast.scenarios.metrics import METRICS
from gridcast.scenarios.operations import CharacterizeConfig, points_of

from .hosting import hosting_limit
from .plan import Item, Outcome, Points, of_one_scenario, of_part

CURVE = (
    "mean_power_kw",
    "max_power_kw",
    "worst_vmin",
    "worst_vmax",
    "violation_time_s",
    "integral_violation_pu_s",
)


class Characterize(Points):
    """The plan of one."""

    def __init__(self, asked: CharacterizeConfig) -> None:
        super().__init__(points_of(asked))
        self._asked = asked
        base = resolve(asked.name, asked.overrides, asked.seed)
        self._band = {"v_min": base.v_min, "v_max": base.v_max}

    @property
    def head(self) -> dict[str, Any]:
        return {**of_one_scenario(self._asked), **self._band}

    def item(self, n: int, outcome: Outcome) -> Item:
        point = self._points[n]
        told: Item
        match point.part:
            case "default":
                metrics = dict(outcome.metrics) or None
                told = {"metrics": metrics, **outcome.figures("mean_power_kw", "max_power_kw")}
            case "pv":
                told = outcome.figures(*CURVE)
            case _:
                told = {"metrics": outcome.summary()}
        return {"part": point.part, **point.place, **outcome.state, **told}

    def words(self, n: int, finished: Collection[int]) -> str:
        part, place = self._points[n].part, self._points[n].place
        if part == "default":
            return "default run"
        among = [point.place["index"] for point in self._points if point.part == part]
        over = {self._points[m].place["index"] for m in finished if self._points[m].part == part}
        told = f"{len(over)}/{len(set(among))}"
        if part == "pv":
            return f"P-V curve {told}"
        return f"sensitivity {told}: {place['parameter'].rpartition('.')[2]}"

    def result(self, items: Sequence[Item]) -> dict[str, Any]:
        [default] = of_part(items, "default")
        curve = of_part(items, "pv")
        return {
            "default": default,
            "pv_curve": curve,
            "hosting_limit": hosting_limit(curve, **self._band),
            "sensitivity": _tornado(of_part(items, "sensitivity"), default["metrics"]),
        }


def _tornado(items: Sequence[Item], default: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """One bar for each parameter, the strongest first.

    A parameter moves a metric by what lies between the lowest and the highest of its low, the default and its high run;
    relative to the parameter that moves that metric most, from 0 to 1. Its `strength` is the mean of these shares over
    the metrics that anything moves.
    """
    bars: dict[int, dict[str, Any]] = {}
    for item in items:
        bar = bars.setdefault(item["index"], {name: item[name] for name in ("index", "parameter", "base")})
        bar[item["direction"]] = {
            name: item[name] for name in ("value", "status", "reason", "metrics") if name in item
        }
    spreads = {index: _spreads(bar, default) for index, bar in bars.items()}
    most = {name: max((of[name] for of in spreads.values()), default=0.0) for name in METRICS}
    moved = [name for name in METRICS if most[name] > 0.0]
    for index, bar in bars.items():
        shares = [spreads[index][name] / most[name] for name in moved]
        bar["strength"] = sum(shares) / len(shares) if shares else 0.0
    return sorted(bars.values(), key=lambda bar: (-bar["strength"], bar["index"]))


def _spreads(bar: Mapping[str, Any], default: Mapping[str, Any] | None) -> dict[str, float]:
    runs = [run for run in (default, bar["low"]["metrics"], bar["high"]["metrics"]) if run]
    found = {}
    for name in METRICS:
        values = [run[name] for run in runs if run[name] is not None]
        found[name] = max(values) - min(values) if values else 0.0
    return found
