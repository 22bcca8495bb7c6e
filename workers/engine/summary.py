"""The summary of a run, kept up tick by tick in constant memory.

The figures are OpenG2G's: `compute_allbus_voltage_stats` over the monitored buses and `compute_performance_stats`
(openg2g.metrics). They equal those functions on the whole run up to the order of float additions. Throughput is counted as
`batch / ITL * replicas`, which is too high where GPU memory is full.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Block
from .simulation import Simulation

Floats = NDArray[np.float64]


class Summary:
    """Feed it blocks of ticks, ask it for the metrics."""

    def __init__(self, simulation: Simulation) -> None:
        self._v_min, self._v_max = simulation.config.v_min, simulation.config.v_max
        self._grid_dt_s = float(simulation.grid.dt_s)
        self._deadlines = {
            (site.name, model.label): model.itl_deadline_s
            for site in simulation.datacenters.values()
            for model in site.models
        }
        self._worst_low, self._worst_high = np.inf, -np.inf
        self._violated_steps = 0
        self._violation_sum = 0.0
        self._tokens_per_s = 0.0
        self._timesteps = 0
        self._first_t_s: float | None = None
        self._last_t_s = 0.0
        self._per_model: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(self, block: Block) -> None:
        """Take the next ticks."""
        if block.grid_due.any():
            self._add_voltages(block.numbers[block.grid_due, block.layout.voltages])
        self._add_performance(block)

    def _add_voltages(self, due: Floats) -> None:
        self._worst_low = min(self._worst_low, float(np.nanmin(due)))
        self._worst_high = max(self._worst_high, float(np.nanmax(due)))
        low, high = np.maximum(self._v_min - due, 0.0), np.maximum(due - self._v_max, 0.0)
        per_step = np.nansum(low + high, axis=1)
        self._violated_steps += int(np.count_nonzero(per_step > 0.0))
        self._violation_sum += float(per_step.sum())

    def _add_performance(self, block: Block) -> None:
        any_due = np.zeros(len(block), dtype=bool)
        for name, site in block.layout.sites.items():
            due = block.site_due[name]
            any_due |= due
            rows = block.numbers[due]
            for batch, replicas, itl, label in zip(
                rows[:, site.batch].T,
                rows[:, site.replicas].T,
                rows[:, site.itl_s].T,
                site.labels,
                strict=True,
            ):
                self._add_model(label, self._deadlines[name, label], batch, replicas, itl)
        if any_due.any():
            times = block.numbers[any_due, 0]
            self._timesteps += len(times)
            self._first_t_s = float(times[0]) if self._first_t_s is None else self._first_t_s
            self._last_t_s = float(times[-1])

    def _add_model(self, label: str, deadline_s: float, batch: Floats, replicas: Floats, itl: Floats) -> None:
        sums = self._per_model[label]
        sums["samples"] += len(batch)
        sums["batch"] += float(batch.sum())
        sums["replicas"] += float(replicas.sum())
        serving = (replicas > 0) & (batch > 0) & np.isfinite(itl) & (itl > 0)
        tokens_per_s = float((batch[serving] / itl[serving] * replicas[serving]).sum())
        sums["tokens_per_s"] += tokens_per_s
        self._tokens_per_s += tokens_per_s
        sums["itl_samples"] += int(np.count_nonzero(serving))
        sums["itl_s"] += float(itl[serving].sum())
        sums["late"] += int(np.count_nonzero(itl[serving] > deadline_s))

    def metrics(self) -> dict[str, Any]:
        """All metrics so far; `None` for what has no samples. Voltages in pu, times in s, throughput in tokens/s."""
        steps = max(1, self._timesteps)
        duration_s = self._last_t_s - (self._first_t_s or 0.0) or 1.0
        throughput = self._tokens_per_s / steps
        itl_samples = sum(sums["itl_samples"] for sums in self._per_model.values())
        late = sum(sums["late"] for sums in self._per_model.values())

        def by_model(value: str, count: str) -> dict[str, float]:
            return {
                label: sums[value] / sums[count] for label, sums in self._per_model.items() if sums[count]
            }

        return {
            "violation_time_s": self._violated_steps * self._grid_dt_s,
            "integral_violation_pu_s": self._violation_sum * self._grid_dt_s,
            "worst_vmin": self._worst_low if np.isfinite(self._worst_low) else None,
            "worst_vmax": self._worst_high if np.isfinite(self._worst_high) else None,
            "mean_throughput_tps": throughput,
            "integrated_throughput_tokens": throughput * duration_s,
            "itl_deadline_fraction": late / itl_samples if itl_samples else 0.0,
            "throughput_by_model_tps": {
                label: s["tokens_per_s"] / steps for label, s in self._per_model.items()
            },
            "mean_batch_by_model": by_model("batch", "samples"),
            "mean_replicas_by_model": by_model("replicas", "samples"),
            "mean_itl_s_by_model": by_model("itl_s", "itl_samples"),
            "itl_deadline_fraction_by_model": by_model("late", "itl_samples"),
        }
