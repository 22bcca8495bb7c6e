"""How a task stands: which experiments are done, which is best, whether that is enough. Pure; built from records."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import orjson

from gridcast.broadcaster.names import BASELINE
from gridcast.scenarios.tuning import TaskSpec

from .experiment import Experiment

Record = Mapping[str, Any]
"""One finished experiment, as it stands in the channel's `applied` list: `{iter, experiment_id, number, status, params,
metrics, score, scores, broken, best, error, phases, elapsed_s, simulated_s, ts}`; `progress.jsonl` tells a part of it."""


class Standing:
    """Counts records one after another; the same records give the same standing."""

    def __init__(self, spec: TaskSpec) -> None:
        self._spec = spec
        self.finished: set[int] = set()
        self.best: Record | None = None
        self.baseline: Record | None = None
        self.last_error: str | None = None
        self._simulated_s = 0.0
        self._calls = 0
        self._since_best = 0
        self._failed = 0

    def judge(self, experiment: Experiment, *, pruned: bool) -> Record:
        """The record of an experiment that is over."""
        spec, metrics = self._spec, experiment.metrics()
        error = experiment.error
        scored = error is None and not pruned
        if scored and (missing := self._missing(metrics)):
            error, scored = f"it has no {' and no '.join(missing)}, so it cannot be scored", False
        score = spec.score(metrics) if scored else None
        scores = [objective.weight * metrics[objective.metric] for objective in spec.objectives]
        record = {
            "iter": len(self.finished) + 1,
            "experiment_id": experiment.id,
            "number": experiment.number,
            "status": "failed" if error else "pruned" if pruned else "completed",
            "params": experiment.params,
            "metrics": {name: _plain(value) for name, value in metrics.items()},
            "score": score,
            "scores": [] if score is None else scores if spec.multi_objective else [score],
            "broken": experiment.broken(spec) if scored else [],
            "error": error,
            "phases": len(experiment.results),
            "elapsed_s": round(time.time() - experiment.began, 3),
            "simulated_s": experiment.simulated_s,
            "ts": time.time(),
        }
        best = record if self._beats(record) else self.best
        return {**record, "best": None if best is None else best["score"]}

    def _missing(self, metrics: Mapping[str, float]) -> list[str]:
        """Metrics that an experiment is judged by and does not have."""
        judged = [objective.metric for objective in self._spec.objectives]
        judged += [constraint.metric for constraint in self._spec.constraints]
        return [name for name in dict.fromkeys(judged) if not math.isfinite(metrics[name])]

    def count(self, record: Record) -> None:
        """Take in one more record."""
        self.finished.add(record["number"])
        self._simulated_s += record["simulated_s"]
        self._calls += record["phases"]
        if record["error"]:
            self._failed += 1
            self.last_error = record["error"]
        if record["number"] == BASELINE:
            self.baseline = record
        elif self._beats(record):
            self.best, self._since_best = record, 0
        else:
            self._since_best += 1

    def _beats(self, record: Record) -> bool:
        """Whether a record is better than the best so far. One that keeps all constraints beats any that breaks one."""
        if record["status"] != "completed" or record["number"] == BASELINE:
            return False
        return self.best is None or self._rank(record) < self._rank(self.best)

    def _rank(self, record: Record) -> tuple[float, float]:
        sign = 1.0 if self._spec.direction == "minimize" else -1.0
        return sum(max(0.0, value) for value in record["broken"]), sign * record["score"]

    def stop_reason(self, *, elapsed_s: float) -> str | None:
        """Why no more experiments are to be begun, if a rule says so."""
        stop = self._spec.stop
        if stop.max_s is not None and elapsed_s >= stop.max_s:
            return f"{stop.max_s:g} s are over"
        if stop.patience is not None and self._since_best >= stop.patience:
            return f"{stop.patience} experiments without a better score"
        if stop.target is not None and self.best is not None and not any(b > 0 for b in self.best["broken"]):
            score = self.best["score"]
            if (score <= stop.target) if self._spec.direction == "minimize" else (score >= stop.target):
                return f"the target {stop.target:g} is reached"
        return None

    def progress(self, total: int) -> dict[str, Any]:
        """The data of `task_progress`."""
        done = len(self.finished - {BASELINE})
        return {
            "done": done,
            "total": total,
            "pct": round(100.0 * done / total, 2),
            "best_score": None if self.best is None else self.best["score"],
            "best_experiment_id": None if self.best is None else self.best["experiment_id"],
        }

    def outcome(self, elapsed_s: float) -> dict[str, Any]:
        """The data of the last event."""
        return {
            "best_params": None if self.best is None else self.best["params"],
            "best_score": None if self.best is None else self.best["score"],
            "best_experiment_id": None if self.best is None else self.best["experiment_id"],
            "experiments": len(self.finished - {BASELINE}),
            "failed": self._failed,
            "elapsed_time": round(elapsed_s, 3),
        }

    def meta(self, total: int) -> dict[str, bytes]:
        """What readers of a task see without its log."""
        told = {
            "progress": self.progress(total),
            "best": self.best,
            "baseline": self.baseline,
            "cost": self._simulated_s,
            "calls": self._calls,
        }
        return {name: orjson.dumps(value) for name, value in told.items()}


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
