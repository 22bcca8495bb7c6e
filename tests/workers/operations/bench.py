"""An operation on a broker, and somebody who computes its simulations at once, as a test wants them to come out."""

from __future__ import annotations

import time
from typing import Any

from gridcast.broadcaster import Channel
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.names import SIMULATIONS, new_id
from gridcast.broadcaster.operation_events import progress, progress_of
from gridcast.broadcaster.simulations import Result
from gridcast.scenarios.operations import parse_operation, steps_of
from gridcast.workers.chair import Chair
from gridcast.workers.operations.coordinator import OperationCoordinator
from gridcast.workers.operations.craft import plan_of
from tests.workers.tuning.bench import VERSIONS, Bench

STEP = "controllers.0.voltage_dual_step_size"
BASE = "datacenters.0.base_kw_per_phase"
HEATMAP: dict[str, Any] = {
    "name": "ieee13-ofo",
    "param_x": STEP,
    "x_min": 1,
    "x_max": 4,
    "x_steps": 4,
    "param_y": BASE,
    "y_min": 0,
    "y_max": 1000,
    "y_steps": 3,
}


class OperationBench(Bench):
    """Makes operations, coordinates them, reads what they say."""

    async def ask(self, op: str, config: dict[str, Any]) -> Channel:
        return await create_operation(self.analyses, op, config)

    async def wanted(self) -> int:
        """How many simulations somebody waits for."""
        return len(await self.redis.smembers(SIMULATIONS))  # type: ignore[misc]

    async def _run(self, chair: Chair, state: AnalysisState) -> None:
        await OperationCoordinator(
            chair,
            state,
            plan_of(parse_operation(state.record["op"], state.record["config"])),
            analyses=self.analyses,
            simulations=self.simulations,
            versions=VERSIONS,
        ).run()


async def create_operation(analyses: Analyses, op: str, config: dict[str, Any]) -> Channel:
    """An operation that waits for its coordinator."""
    channel = Channel("operation", new_id())
    record = operation_record(op, config)
    first = progress(channel.id, progress_of(0, record["steps"], "queued"))
    await analyses.create(channel, record=record, created=time.time(), first=first)
    return channel


def operation_record(op: str, config: dict[str, Any]) -> dict[str, Any]:
    """As the API makes it."""
    asked = parse_operation(op, config)
    return {"op": op, "config": asked.model_dump(mode="json"), "owner": "ada", "steps": steps_of(asked)}


def done(**figures: float) -> Result:
    """A simulation that went well."""
    metrics = {
        "integral_violation_pu_s": 0.0,
        "violation_time_s": 0.0,
        "worst_vmin": 0.97,
        "worst_vmax": 1.03,
        "mean_throughput_tps": 100.0,
        "integrated_throughput_tokens": 1000.0,
        "itl_deadline_fraction": 0.0,
    }
    facts = {"mean_power_kw": 1000.0, "max_power_kw": 1100.0, "reversals": 0, "oscillation": 0.0}
    return Result(
        metrics={name: figures.get(name, value) for name, value in metrics.items()},
        facts={name: figures.get(name, value) for name, value in facts.items()},
        ticks=100,
        simulated_s=10.0,
    )


DIVERGED = Result(reason="the power flow failed at tick 3", kind="diverged", ticks=3, simulated_s=0.3)
