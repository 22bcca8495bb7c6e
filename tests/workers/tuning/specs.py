"""Task specs for the tests."""

from __future__ import annotations

from typing import Any

from gridcast.scenarios.tuning import TaskSpec

STEP = "controllers.0.voltage_dual_step_size"
SPACE: dict[str, Any] = {STEP: {"type": "float", "low": 0.05, "high": 5.0, "log": True}}


def task_spec(**given: Any) -> TaskSpec:
    """A search for one step size of the OFO controller on 13 buses, unless `given` says otherwise."""
    body = {"scenario": "ieee13-ofo", "space": SPACE, "overrides": {"duration_s": 20}, **given}
    return TaskSpec.model_validate(body)
