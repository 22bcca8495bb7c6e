"""How much datacenter power a feeder hosts: read off a P-V curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Limit = Literal["undervoltage", "overvoltage", "both", "diverged"]


def hosting_limit(curve: Sequence[Mapping[str, Any]], *, v_min: float, v_max: float) -> dict[str, Any] | None:
    """The largest power without violation before the first that has one, and what is violated there.

    `curve` goes up in scale. Points before the first without violation (a feeder whose voltage is too high while
    nothing draws power) do not count. Between the last good point and the first bad one, the power at which the worst
    voltage crosses the band is interpolated linearly; where the bad one diverged, it has no voltage, and the last good
    point is the limit. Where no point is good, nothing can be hosted: the limit is 0. None where all are good. Points
    that say nothing about the feeder (refused, or failed) are passed over.
    """
    good: Mapping[str, Any] | None = None
    first_bad: Limit | None = None
    for point in curve:
        if point["status"] not in ("done", "diverged"):
            continue
        violated = violation(point, v_min=v_min, v_max=v_max)
        if violated is None:
            good = point
        elif good is not None:
            return _between(good, point, violated, v_min=v_min, v_max=v_max)
        else:
            first_bad = first_bad or violated
    if good is not None or first_bad is None:
        return None
    return {"scale": 0.0, "mean_power_kw": 0.0, "limited_by": first_bad}


def violation(point: Mapping[str, Any], *, v_min: float, v_max: float) -> Limit | None:
    """What is wrong at a point that is done or diverged."""
    if point["status"] == "diverged":
        return "diverged"
    low, high = point["worst_vmin"] < v_min, point["worst_vmax"] > v_max
    return "both" if low and high else "undervoltage" if low else "overvoltage" if high else None


def _between(
    good: Mapping[str, Any], bad: Mapping[str, Any], violated: Limit, *, v_min: float, v_max: float
) -> dict[str, Any]:
    share = 0.0 if violated == "diverged" else 1.0
    if violated in ("undervoltage", "both"):
        share = min(share, (good["worst_vmin"] - v_min) / (good["worst_vmin"] - bad["worst_vmin"]))
    if violated in ("overvoltage", "both"):
        share = min(share, (v_max - good["worst_vmax"]) / (bad["worst_vmax"] - good["worst_vmax"]))
    return {
        **{name: good[name] + share * (bad[name] - good[name]) if share else good[name] for name in _ALONG},
        "limited_by": violated,
    }


_ALONG = ("scale", "mean_power_kw")
