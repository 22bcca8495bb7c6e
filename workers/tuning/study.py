"""A task's study: Optuna decides what to try next, and remembers what came of it.

All calls block (Optuna's storage talks to Redis); the coordinator makes them in a thread, one at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import optuna
import orjson
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState
from pydantic import JsonValue

from gridcast.scenarios.tuning import CategoricalParameter, FloatParameter, IntParameter, TaskSpec

from .importance import importances

Params = dict[str, JsonValue]

_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A parameter set to try; `number` counts the trials of the study from 0."""

    number: int
    params: Params


class Study:
    """Optuna's study of one task; made new, or opened where another coordinator left it.

    Args:
        storage: where the study is kept; `JournalRedisBackend` for a task's, anything else for tests.
    """

    def __init__(self, spec: TaskSpec, *, name: str, storage: BaseJournalBackend) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._spec = spec
        self._space = {path: _distribution(parameter) for path, parameter in spec.space.items()}
        directions = (
            [objective.toward for objective in spec.objectives] if spec.multi_objective else [spec.direction]
        )
        self._study = optuna.create_study(
            study_name=name,
            storage=JournalStorage(storage),
            sampler=_sampler(spec, drawn=0),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5)
            if spec.pruner == "median"
            else optuna.pruners.NopPruner(),
            directions=directions,
            load_if_exists=True,
        )
        if drawn := len(self._all()):
            self._study.sampler = _sampler(spec, drawn=drawn)
        self._drop_halves()

    def running(self) -> list[Asked]:
        """What was asked and not told yet, in the order in which it was asked."""
        return [self._asked(trial) for trial in self._trials(TrialState.RUNNING)]

    def ask(self) -> Asked:
        """The next parameter set to try."""
        if self._spec.sampler == "grid" and not self._trials(TrialState.WAITING):
            self._study.enqueue_trial(self._grid_point(sum(map(self._is_whole, self._all()))))
        trial = self._study.ask(self._space)
        return self._asked(self._all()[trial.number])

    def told(self, number: int) -> bool:
        """Whether the study knows what came of a trial."""
        return self._all()[number].state.is_finished()

    def tell(self, number: int, *, scores: Sequence[float], broken: Sequence[float]) -> None:
        """What came out: a score for each direction, and by how much each constraint is broken. Told twice is told once."""
        if not self.told(number):
            trial = self._trial(number)
            for n, (constraint, by) in enumerate(zip(self._spec.constraints, broken, strict=True)):
                trial.set_constraint(f"{n}-{constraint.metric}", by)
            self._study.tell(number, list(scores))

    def tell_failed(self, number: int, *, pruned: bool = False) -> None:
        """It gave no score: its simulation failed, or was given up between two phases."""
        if not self.told(number):
            self._study.tell(number, state=TrialState.PRUNED if pruned else TrialState.FAIL)

    def prune(self, number: int, *, phase: int, score: float) -> bool:
        """Whether to give an experiment up whose mean score after `phase` phases is `score`."""
        trial = self._trial(number)
        trial.report(score, phase)
        return bool(trial.should_prune())

    def importances(self) -> dict[str, float]:
        """Share of each parameter in what made scores good; empty while there is too little to say.

        Of several objectives the first counts.
        """
        known = self._trials(TrialState.COMPLETE)
        sign = 1.0 if self._study.directions[0] == StudyDirection.MINIMIZE else -1.0
        logarithmic = frozenset(
            path
            for path, parameter in self._spec.space.items()
            if not isinstance(parameter, CategoricalParameter) and parameter.log
        )
        return importances(
            [trial.params for trial in known],
            [sign * trial.values[0] for trial in known],
            logarithmic=logarithmic,
        )

    def front(self) -> list[int]:
        """Trials that no other beats in all objectives at once, of those that break no constraint."""
        return [trial.number for trial in self._study.best_trials]

    def _drop_halves(self) -> None:
        """Give up trials that were begun, but whose parameters were not all written: the broker, or whoever asked, was lost
        just then. A point of a grid gets another trial."""
        for trial in self._trials(TrialState.RUNNING):
            if not self._is_whole(trial):
                if fixed := trial.system_attrs.get("fixed_params"):
                    self._study.enqueue_trial(fixed)
                self._study.tell(trial.number, state=TrialState.FAIL)

    def _is_whole(self, trial: FrozenTrial) -> bool:
        return trial.state == TrialState.WAITING or trial.params.keys() == self._space.keys()

    def _grid_point(self, number: int) -> dict[str, Any]:
        """Point `number` of the grid, the last parameter changing first. Optuna's grid sampler knows no parallel asking."""
        names = list(self._spec.space)
        points = itertools.product(*(self._labels(name) for name in names))
        return dict(zip(names, next(itertools.islice(points, number, None)), strict=True))

    def _labels(self, path: str) -> Sequence[Any]:
        distribution = self._space[path]
        if isinstance(distribution, CategoricalDistribution):
            return distribution.choices
        return self._spec.space[path].values()

    def _all(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _trials(self, state: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=(state,))

    def _trial(self, number: int) -> Trial:
        return Trial(self._study, self._all()[number]._trial_id)

    def _asked(self, trial: FrozenTrial) -> Asked:
        params: Params = {}
        for path, parameter in self._spec.space.items():
            value = trial.params[path]
            if isinstance(parameter, CategoricalParameter):
                value = parameter.choices[_choices(parameter).index(value)]
            params[path] = value
        return Asked(number=trial.number, params=params)


def _distribution(parameter: FloatParameter | IntParameter | CategoricalParameter) -> BaseDistribution:
    match parameter:
        case FloatParameter():
            return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
        case IntParameter():
            return IntDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
        case CategoricalParameter():
            return CategoricalDistribution(_choices(parameter))


def _choices(parameter: CategoricalParameter) -> list[Any]:
    """Choices as Optuna can store them: what is more than a plain value goes by its JSON."""
    return [
        choice if isinstance(choice, _PLAIN) else orjson.dumps(choice).decode()
        for choice in parameter.choices
    ]


def _sampler(spec: TaskSpec, *, drawn: int) -> optuna.samplers.BaseSampler:
    """Whoever takes a study over must not draw the same numbers again: `drawn` trials are there already."""
    seed = (spec.seed + 1_000_003 * drawn) % 2**32
    match spec.sampler:
        case "tpe":
            return optuna.samplers.TPESampler(seed=seed)
        case "cmaes":
            return optuna.samplers.CmaEsSampler(seed=seed)
        case "nsga2":
            return optuna.samplers.NSGAIISampler(seed=seed)
        case _:
            return optuna.samplers.RandomSampler(seed=seed)
