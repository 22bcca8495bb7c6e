"""What the voltages of a run do, in one word."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from .plan import Outcome

Class = Literal["within_band", "undervoltage", "overvoltage", "both", "oscillating", "diverged"]

OSCILLATING_PER_MIN = 4.0
OSCILLATING_REVERSALS = 4
"""Fewer in all are no oscillation, however short the run: a step there and back has two."""

RULES: Mapping[Class, str] = MappingProxyType(
    {
        "diverged": "The power flow had no solution, or one that no feeder has.",
        "oscillating": f"After the first third of the run, the voltage of a bus turned round and came back by 0.005 pu or "
        f"more at least {OSCILLATING_PER_MIN:g} times a minute, and {OSCILLATING_REVERSALS} times in all.",
        "both": "Some voltage was below the band and some above it.",
        "undervoltage": "Some voltage was below the band, none above it.",
        "overvoltage": "Some voltage was above the band, none below it.",
        "within_band": "No monitored voltage left the band.",
    }
)
"""The first that holds, in this order."""


def class_of(outcome: Outcome, *, v_min: float, v_max: float) -> Class | None:
    """None where the simulation has neither ended nor diverged, so that nothing is known of its voltages."""
    if outcome.status == "diverged":
        return "diverged"
    if outcome.status != "done":
        return None
    facts = outcome.facts
    if facts["oscillation"] >= OSCILLATING_PER_MIN and facts["reversals"] >= OSCILLATING_REVERSALS:
        return "oscillating"
    low, high = outcome.metrics["worst_vmin"] < v_min, outcome.metrics["worst_vmax"] > v_max
    return "both" if low and high else "undervoltage" if low else "overvoltage" if high else "within_band"
