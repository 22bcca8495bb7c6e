"""One parameter set on its way through its phases: pure bookkeeping."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridcast.broadcaster.simulations import Result, key_of, spec_of
from gridcast.scenarios import ScenarioError
from gridcast.scenarios.metrics import METRICS
from gridcast.scenarios.tuning import TaskSpec

from .study import Params


@dataclass(kw_only=True, slots=True)
class Experiment:
    """`number` is the trial's; `results` has one for each phase that is done, in order."""

    id: str
    number: int
    params: Params
    began: float = field(default_factory=time.time)
    specs: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    asked: int = 0
    """Phases that were asked for."""
    told_pct: dict[str, float] = field(default_factory=dict)
    results: dict[int, Result] = field(default_factory=dict)
    error: str | None = None

    def lay_out(self, spec: TaskSpec, versions: Mapping[str, str]) -> None:
        """Name the simulation of each phase; `error` says why that cannot be."""
        try:
            configs = [spec.configured(self.params, phase) for phase in spec.phases]
        except ScenarioError as error:
            self.error = f"these parameters do not fit the scenario: {error}"
            return
        self.specs = [spec_of(config) for config in configs]
        self.keys = [key_of(one, versions) for one in self.specs]

    def take(self, n: int, result: Result) -> None:
        """The result of phase `n`."""
        self.results[n] = result
        if not result.done:
            self.error = result.reason or "its simulation failed"

    @property
    def over(self) -> bool:
        return self.error is not None or (bool(self.keys) and len(self.results) == len(self.keys))

    def metrics(self) -> dict[str, float]:
        """Mean of each metric over the phases that are done; NaN where one has none."""
        done = [result.metrics for result in self.results.values() if result.metrics is not None]
        return {name: mean_of([metrics.get(name) for metrics in done]) for name in METRICS}

    def broken(self, spec: TaskSpec) -> list[float]:
        """By how much each constraint is broken in the phase that breaks it most; at most 0 where all keep it."""
        by_phase = [
            spec.broken({name: _number(result.metrics.get(name)) for name in METRICS})
            for result in self.results.values()
            if result.metrics is not None
        ]
        return [max(of_one) for of_one in zip(*by_phase, strict=True)] if by_phase else []

    @property
    def simulated_s(self) -> float:
        """Simulated seconds so far, the beginnings of failed runs included."""
        return sum(result.simulated_s for result in self.results.values())


def mean_of(values: Sequence[Any]) -> float:
    """NaN where one is missing: a mean over some phases is not comparable to one over all."""
    numbers = [_number(value) for value in values]
    return statistics.fmean(numbers) if numbers else math.nan


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
