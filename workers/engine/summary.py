"""Metrics of a whole run, kept up block by block in constant memory.

The definitions are OpenG2G's (`openg2g.metrics.voltage.compute_allbus_voltage_stats` over the monitored buses and
`openg2g.metrics.performance.compute_performance_stats`), equal to theirs but for the order of floating-point sums.
Throughput is their `batch / latency x replicas`: too high where GPU memory is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .columns import Block
from .simulation import Simulation


@dataclass(slots=True)
class _Voltage:
    """Sums over the grid's steps."""

    v_min: float
    v_max: float
    dt_s: float
    violated_steps: int = 0
    violation_pu: float = 0.0
    worst_vmin: float = np.inf
    worst_vmax: float = -np.inf

    def add(self, block: Block) -> None:
        v = block.numbers[:, block.layout.voltages]
        if not block.grid_due.all():
            v = v[block.grid_due]
        if not v.size:
            return
        low, high = float(v.min()), float(v.max())
        self.worst_vmin = min(self.worst_vmin, low)
        self.worst_vmax = max(self.worst_vmax, high)
        if low < self.v_min or high > self.v_max:
            violation = (np.maximum(self.v_min - v, 0.0) + np.maximum(v - self.v_max, 0.0)).sum(axis=1)
            self.violated_steps += int(np.count_nonzero(violation > 0.0))
            self.violation_pu += float(violation.sum())

    def metrics(self) -> dict[str, Any]:
        return {
            "violation_time_s": self.violated_steps * self.dt_s,
            "integral_violation_pu_s": self.violation_pu * self.dt_s,
            "worst_vmin": self.worst_vmin if np.isfinite(self.worst_vmin) else None,
            "worst_vmax": self.worst_vmax if np.isfinite(self.worst_vmax) else None,
        }


@dataclass(slots=True)
class _Model:
    """Sums over the (site, step) samples of one model label; `served` counts those with a latency."""

    samples: int = 0
    batch: float = 0.0
    replicas: float = 0.0
    served: int = 0
    tps: float = 0.0
    itl_s: float = 0.0
    missed: int = 0


class Summary:
    """Metrics of all blocks added so far."""

    def __init__(self, simulation: Simulation) -> None:
        config = simulation.config
        self._voltage = _Voltage(v_min=config.v_min, v_max=config.v_max, dt_s=float(simulation.grid.dt_s))
        self._deadlines_s = {
            name: np.array([model.itl_deadline_s for model in site.models])
            for name, site in simulation.datacenters.items()
        }
        self._models: dict[str, _Model] = {}
        self._steps = 0
        self._first_s: float | None = None
        self._last_s = 0.0

    def add(self, block: Block) -> None:
        """Add the ticks of a block."""
        self._voltage.add(block)
        for name in block.layout.sites:
            self._add_site(block, name)
        any_due = np.logical_or.reduce(list(block.site_due.values()))
        times_s = block.numbers[any_due, 0]
        if len(times_s):
            self._steps += len(times_s)
            self._last_s = float(times_s[-1])
            if self._first_s is None:
                self._first_s = float(times_s[0])

    def _add_site(self, block: Block, name: str) -> None:
        columns, due = block.layout.sites[name], block.site_due[name]
        numbers = block.numbers if due.all() else block.numbers[due]
        batch, replicas = numbers[:, columns.batch], numbers[:, columns.replicas]
        itl_s = numbers[:, columns.itl_s]
        served = (replicas > 0) & (batch > 0) & np.isfinite(itl_s) & (itl_s > 0)
        itl_or_1 = np.where(served, itl_s, 1.0)
        sums = zip(
            columns.labels,
            batch.sum(axis=0).tolist(),
            replicas.sum(axis=0).tolist(),
            served.sum(axis=0).tolist(),
            np.where(served, batch / itl_or_1 * replicas, 0.0).sum(axis=0).tolist(),
            np.where(served, itl_s, 0.0).sum(axis=0).tolist(),
            (served & (itl_s > self._deadlines_s[name])).sum(axis=0).tolist(),
            strict=True,
        )
        for label, batch_sum, replica_sum, served_count, tps, itl_sum, missed in sums:
            model = self._models.setdefault(label, _Model())
            model.samples += len(numbers)
            model.batch += batch_sum
            model.replicas += replica_sum
            model.served += served_count
            model.tps += tps
            model.itl_s += itl_sum
            model.missed += missed

    def metrics(self) -> dict[str, Any]:
        """All metrics; voltages in pu, times in s, throughput in tokens/s; null where nothing was observed."""
        steps, models = max(1, self._steps), self._models
        served = sum(model.served for model in models.values())
        mean_tps = sum(model.tps for model in models.values()) / steps
        span_s = self._last_s - (self._first_s or 0.0)
        sampled = {label: model for label, model in models.items() if model.samples}
        timed = {label: model for label, model in models.items() if model.served}
        return {
            **self._voltage.metrics(),
            "mean_throughput_tps": mean_tps,
            # One step alone counts as one second, as in OpenG2G.
            "integrated_throughput_tokens": mean_tps * (span_s if span_s > 0.0 else 1.0),
            "itl_deadline_fraction": sum(model.missed for model in models.values()) / served
            if served
            else 0.0,
            "throughput_by_model_tps": {label: model.tps / steps for label, model in sampled.items()},
            "mean_batch_by_model": {label: model.batch / model.samples for label, model in sampled.items()},
            "mean_replicas_by_model": {
                label: model.replicas / model.samples for label, model in sampled.items()
            },
            "mean_itl_s_by_model": {label: model.itl_s / model.served for label, model in timed.items()},
            "itl_deadline_fraction_by_model": {
                label: model.missed / model.served for label, model in timed.items()
            },
        }
