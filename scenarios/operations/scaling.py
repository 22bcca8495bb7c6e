"""A scenario whose datacenters are larger or smaller than they are: the abscissa of a P-V curve."""

from __future__ import annotations

from math import ceil
from typing import Any

from gridcast.scenarios.capacity import first_overload
from gridcast.scenarios.config import ScenarioConfig
from gridcast.scenarios.datacenters import DatacenterConfig


def scaled(config: ScenarioConfig, scale: float) -> dict[str, Any]:
    """The scenario, as JSON, with every datacenter `scale` times as large.

    All that draws power grows alike: replicas at the start and at the end of each ramp, GPUs in training, base load; and
    with them the GPU capacity. Counts are rounded. No model can begin without a replica, so one of each is left at 0;
    training of no GPUs is left out. Controllers, profiles, and what else hangs on the feeder stay.
    """
    written: dict[str, Any] = config.model_dump(mode="json")
    if scale != 1.0:
        written["datacenters"] = [_scaled_site(site, scale) for site in written["datacenters"]]
    return written


def _scaled_site(site: dict[str, Any], scale: float) -> dict[str, Any]:
    grown = {
        **site,
        "base_kw_per_phase": site["base_kw_per_phase"] * scale,
        "total_gpu_capacity": max(1, ceil(site["total_gpu_capacity"] * scale)),
        "models": [_scaled_model(model, scale) for model in site["models"]],
        "training": [
            {**job, "n_gpus": gpus} for job in site["training"] if (gpus := round(job["n_gpus"] * scale))
        ],
    }
    return {**grown, "total_gpu_capacity": _enough_gpus(grown)}


def _scaled_model(model: dict[str, Any], scale: float) -> dict[str, Any]:
    return {
        **model,
        "replicas": max(1, round(model["replicas"] * scale)),
        "ramps": [{**ramp, "target": round(ramp["target"] * scale)} for ramp in model["ramps"]],
    }


def _enough_gpus(site: dict[str, Any]) -> int:
    """The site's capacity, or a little more where its rounded counts do not fit it."""
    datacenter = DatacenterConfig.model_validate(site)
    while overload := first_overload(datacenter):
        needed = max(overload.gpus, overload.servers * datacenter.gpus_per_server)
        datacenter = datacenter.model_copy(update={"total_gpu_capacity": needed})
    return datacenter.total_gpu_capacity
