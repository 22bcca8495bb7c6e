"""The `schema` entry: what the numbers of a session's ticks mean."""

from __future__ import annotations

from typing import Any

from .simulation import Simulation


def schema(simulation: Simulation, *, session_id: str, scenario: str, now_s: float) -> dict[str, Any]:
    """The entry, without `offset`, for a simulation that has started."""
    config = simulation.config
    enabled = simulation.coordinator.enabled
    return {
        "type": "schema",
        "ts": now_s,
        "session_id": session_id,
        "scenario": scenario,
        "feeder": config.feeder,
        "seed": config.seed,
        "workload": simulation.workload,
        "tick_s": config.tick_s,
        "n_ticks": config.n_ticks,
        "v_min": config.v_min,
        "v_max": config.v_max,
        "bus_phases": simulation.bus_phases,
        "datacenters": [
            {
                "name": site.name,
                "bus": site.bus,
                "models": [
                    {
                        "label": model.label,
                        "gpus_per_replica": model.gpus_per_replica,
                        "itl_deadline_s": model.itl_deadline_s,
                        "feasible_batch_sizes": model.feasible_batch_sizes,
                    }
                    for model in site.models
                ],
            }
            for site in simulation.datacenters.values()
        ],
        "regulators": simulation.regulators,
        "storages": [
            {
                "name": storage.name,
                "bus": storage.bus,
                "rated_power_kw": storage.rated_power_kw,
                "capacity_kwh": storage.capacity_kwh,
            }
            for storage in simulation.storages.values()
        ],
        "controllers": [{"name": name, "enabled": enabled[name]} for name in simulation.controllers],
    }
