"""Each class has its rule, and each rule two sides."""

from __future__ import annotations

import pytest

from gridcast.workers.operations.classes import RULES, class_of
from gridcast.workers.operations.plan import Outcome
from tests.workers.operations.bench import DIVERGED, done

# figures, class
SIDES = [
    ({"worst_vmin": 0.95, "worst_vmax": 1.05}, "within_band"),
    ({"worst_vmin": 0.9499, "worst_vmax": 1.05}, "undervoltage"),
    ({"worst_vmin": 0.95, "worst_vmax": 1.0501}, "overvoltage"),
    ({"worst_vmin": 0.94, "worst_vmax": 1.06}, "both"),
    ({"reversals": 4, "oscillation": 4.0}, "oscillating"),
    ({"reversals": 4, "oscillation": 3.99}, "within_band"),
    ({"reversals": 3, "oscillation": 40.0}, "within_band"),
    ({"reversals": 9, "oscillation": 9.0, "worst_vmin": 0.9}, "oscillating"),
]


@pytest.mark.parametrize(("figures", "found"), SIDES)
def test_what_the_voltages_do_has_one_word(figures: dict[str, float], found: str) -> None:
    assert class_of(Outcome.of(done(**figures)), v_min=0.95, v_max=1.05) == found


def test_a_run_without_a_power_flow_diverged_and_one_that_died_has_no_class() -> None:
    assert class_of(Outcome.of(DIVERGED), v_min=0.95, v_max=1.05) == "diverged"
    assert class_of(Outcome(status="failed"), v_min=0.95, v_max=1.05) is None


def test_every_class_says_its_rule() -> None:
    assert set(RULES) == {*(found for _, found in SIDES), "diverged"}
    assert all(rule.endswith(".") for rule in RULES.values())
