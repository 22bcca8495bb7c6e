"""Do the replicas of a datacenter fit its GPUs and servers, now and over all its ramps?

OpenG2G crashes in the middle of a run when they do not, so this is known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil

from .datacenters import DatacenterConfig, ModelDeployment, ReplicaRamp

_MAX_INNER_TIMES = 4000
"""Moments inside simultaneous ramps that are looked at: bounds the time that a stranger's ramps may cost."""


@dataclass(frozen=True, kw_only=True)
class Overload:
    """The first time at which the replicas do not fit, and by how much."""

    t_s: float
    gpus: int
    servers: int
    gpu_capacity: int
    server_capacity: int

    def __str__(self) -> str:
        if self.gpus > self.gpu_capacity:
            return f"the replicas need {self.gpus} GPUs at {self.t_s:g} s, but there are {self.gpu_capacity}"
        return (
            f"the replicas need {self.servers} servers at {self.t_s:g} s, but there are {self.server_capacity} "
            "(a server carries one model at a time)"
        )


def replicas_at(model: ModelDeployment, t_s: float) -> int:
    """The scheduled replica count at a time, rounded as OpenG2G does."""
    return _count(model.replicas, _in_order(model), t_s)


def first_overload(
    datacenter: DatacenterConfig, offsets: Mapping[str, int] | None = None, from_t_s: float = 0.0
) -> Overload | None:
    """The first overload from `from_t_s` on, or None; `offsets` are replicas shifted in (or out) by label.

    Demand is looked at on both ends of every ramp and, where several models ramp at once, inside.
    """
    shifted = offsets or {}
    per_server = datacenter.gpus_per_server
    server_capacity = ceil(datacenter.total_gpu_capacity / per_server)
    plans = [(model, _in_order(model)) for model in datacenter.models]
    edges = {
        t for _, ramps in plans for ramp in ramps for t in (ramp.t_start_s, ramp.t_end_s) if t >= from_t_s
    }
    inner = (t for t in islice(_growth(plans), _MAX_INNER_TIMES) if t >= from_t_s)
    for t_s in sorted({from_t_s, *edges, *inner}):
        gpus = servers = 0
        for model, ramps in plans:
            replicas = max(0, _count(model.replicas, ramps, t_s) + shifted.get(model.label, 0))
            need = replicas * model.gpus_per_replica
            gpus += need
            servers += ceil(need / per_server)
        if gpus > datacenter.total_gpu_capacity or servers > server_capacity:
            return Overload(
                t_s=t_s,
                gpus=gpus,
                servers=servers,
                gpu_capacity=datacenter.total_gpu_capacity,
                server_capacity=server_capacity,
            )
    return None


def _in_order(model: ModelDeployment) -> list[ReplicaRamp]:
    return sorted(model.ramps, key=lambda ramp: ramp.t_start_s)


def _count(replicas: int, ramps: Sequence[ReplicaRamp], t_s: float) -> int:
    level = float(replicas)
    for ramp in ramps:
        if t_s < ramp.t_start_s:
            break
        if t_s <= ramp.t_end_s:
            if ramp.t_end_s == ramp.t_start_s:
                return ramp.target
            share = (t_s - ramp.t_start_s) / (ramp.t_end_s - ramp.t_start_s)
            return round(level + (float(ramp.target) - level) * share)
        level = float(ramp.target)
    return round(level)


def _growth(plans: Sequence[tuple[ModelDeployment, Sequence[ReplicaRamp]]]) -> Iterator[float]:
    """Moments inside ramps, just after a rounded count has grown while another model ramps too.

    Elsewhere the largest demand falls on an end of a ramp.
    """
    for model, ramps in plans:
        before = model.replicas
        for ramp in ramps:
            steps = ramp.target - before
            before = ramp.target
            if not any(
                _overlap(ramp, other) for rival, others in plans if rival is not model for other in others
            ):
                continue
            length_s = ramp.t_end_s - ramp.t_start_s
            for step in range(steps):
                yield ramp.t_start_s + length_s * min(1.0, (step + 0.5) / steps + 1e-9)


def _overlap(ramp: ReplicaRamp, other: ReplicaRamp) -> bool:
    return ramp.t_start_s < other.t_end_s and ramp.t_end_s > other.t_start_s
