"""What a tuning task is asked: which parameters of a scenario to search, how, and what counts as better."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints, ValidationError, model_validator

from .errors import FieldError, Loc, ScenarioError, shown
from .fields import MAX_SEED, Items, Model, Title
from .metrics import METRICS, Direction
from .resolving import MAX_OVERRIDES, MAX_PATH_CHARS, resolve
from .validation import field_errors

MAX_EXPERIMENTS = 5000
MAX_PARALLELISM = 256
MAX_PARAMETERS = 50
MAX_CHOICES = 100
MAX_PHASES = 20

Path = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PATH_CHARS)]
Overrides = Annotated[dict[str, JsonValue], Field(max_length=MAX_OVERRIDES)]
Number = Annotated[float, Field(ge=-1e300, le=1e300)]
"""The difference of two is finite."""
WholeNumber = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""Exact as a float too, which samplers calculate in."""
MetricName = Literal[
    "integral_violation_pu_s",
    "violation_time_s",
    "worst_vmin",
    "worst_vmax",
    "mean_throughput_tps",
    "integrated_throughput_tokens",
    "itl_deadline_fraction",
]
Sampler = Literal["grid", "random", "tpe", "cmaes", "nsga2"]
Pruner = Literal["none", "median"]


class FloatParameter(Model):
    """Any number from `low` to `high`; in steps of `step`, or evenly in the logarithm."""

    type: Literal["float"]
    low: Number
    high: Number
    step: Annotated[float, Field(gt=0)] | None = None
    log: bool = False

    def count(self) -> float:
        """Number of values; infinite without `step`, and where there are more than a float can count."""
        if self.step is None:
            return math.inf
        steps = (self.high - self.low) / self.step
        return math.floor(steps + 1e-9) + 1 if math.isfinite(steps) else math.inf

    def values(self) -> list[JsonValue]:
        """All values. Only where `count` is small."""
        return [self.low + n * (self.step or 0.0) for n in range(int(self.count()))]

    def extremes(self) -> dict[Loc, JsonValue]:
        """Where each value stands that must fit the scenario for all to have a chance."""
        return {("low",): self.low, ("high",): self.high}


class IntParameter(Model):
    """Any whole number from `low` to `high`, in steps of `step`, or evenly in the logarithm."""

    type: Literal["int"]
    low: WholeNumber
    high: WholeNumber
    step: Annotated[int, Field(ge=1)] = 1
    log: bool = False

    def count(self) -> float:
        return len(range(self.low, self.high + 1, self.step))

    def values(self) -> list[JsonValue]:
        return list(range(self.low, self.high + 1, self.step))

    def extremes(self) -> dict[Loc, JsonValue]:
        return {("low",): self.low, ("high",): self.high}


class CategoricalParameter(Model):
    """One of these values, which may be anything that the field takes (a tap schedule, a batch size)."""

    type: Literal["categorical"]
    choices: Annotated[Items[JsonValue], Field(min_length=1, max_length=MAX_CHOICES)]

    def count(self) -> float:
        return len(self.choices)

    def values(self) -> list[JsonValue]:
        return list(self.choices)

    def extremes(self) -> dict[Loc, JsonValue]:
        return {("choices", n): choice for n, choice in enumerate(self.choices)}


Parameter = Annotated[FloatParameter | IntParameter | CategoricalParameter, Field(discriminator="type")]


class Objective(Model):
    """A metric that shall become small or large; several count by their weights."""

    metric: MetricName
    direction: Direction | None = None
    weight: Annotated[float, Field(gt=0, le=1e9)] = 1.0

    @property
    def toward(self) -> Direction:
        return self.direction or METRICS[self.metric].better


class Constraint(Model):
    """A metric that must stay within bounds in every phase: an experiment that breaks one is never the best."""

    metric: MetricName
    min: Number | None = None
    max: Number | None = None


class Phase(Model):
    """One of the simulations that score an experiment, such as another seed or another load."""

    name: Annotated[Title, Field(min_length=1, max_length=60)] | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    overrides: Overrides = Field(default_factory=dict)


class StopRules(Model):
    """When a task ends before all its experiments are done."""

    target: Number | None = Field(default=None, description="A score that is good enough.")
    patience: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Experiments without a better score."
    )
    max_s: Annotated[float, Field(gt=0)] | None = Field(default=None, description="Seconds of wall time.")


class TaskSpec(Model):
    """A tuning task, complete and checked as far as that is possible without running it."""

    scenario: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    title: Title | None = None
    overrides: Overrides = Field(default_factory=dict)
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    space: Annotated[dict[Path, Parameter], Field(min_length=1, max_length=MAX_PARAMETERS)]
    sampler: Sampler = "tpe"
    pruner: Pruner = "none"
    objectives: Annotated[Items[Objective], Field(min_length=1, max_length=4)] = (
        Objective(metric="integral_violation_pu_s"),
    )
    constraints: Annotated[Items[Constraint], Field(max_length=10)] = ()
    phases: Annotated[Items[Phase], Field(min_length=1, max_length=MAX_PHASES)] = (Phase(),)
    experiments: Annotated[int, Field(ge=1, le=MAX_EXPERIMENTS)] = 40
    parallelism: Annotated[int, Field(ge=1, le=MAX_PARALLELISM)] = 4
    baseline: bool = Field(default=True, description="Whether the scenario as it is comes first, to compare.")
    stop: StopRules = StopRules()

    @model_validator(mode="after")
    def _fits(self) -> TaskSpec:
        if errors := list(_errors(self)):
            raise ScenarioError(errors)
        return self

    @property
    def multi_objective(self) -> bool:
        """Whether objectives are traded off instead of being added up."""
        return self.sampler == "nsga2"

    @property
    def direction(self) -> Direction:
        """Where the score shall go. One objective is its own score; of several the weighted sum is made small."""
        return self.objectives[0].toward if len(self.objectives) == 1 else "minimize"

    def grid_size(self) -> float:
        """Number of points of the whole grid; of use for the grid sampler only."""
        return math.prod(parameter.count() for parameter in self.space.values())

    @property
    def total(self) -> int:
        """Number of experiments, unless a stop rule ends it before."""
        return int(min(self.experiments, self.grid_size())) if self.sampler == "grid" else self.experiments

    def score(self, metrics: Mapping[str, float]) -> float:
        """What an experiment with these metrics (means over its phases) is worth."""
        if len(self.objectives) == 1:
            return self.objectives[0].weight * metrics[self.objectives[0].metric]
        return sum(
            (1.0 if objective.toward == "minimize" else -1.0) * objective.weight * metrics[objective.metric]
            for objective in self.objectives
        )

    def broken(self, metrics: Mapping[str, float]) -> list[float]:
        """By how much each constraint is broken; at most 0 where it holds."""
        found = []
        for constraint in self.constraints:
            value = metrics[constraint.metric]
            below = -math.inf if constraint.min is None else constraint.min - value
            above = -math.inf if constraint.max is None else value - constraint.max
            found.append(max(below, above))
        return found

    def configured(self, params: Mapping[str, JsonValue], phase: Phase) -> dict[str, Any]:
        """The whole config of one simulation of an experiment.

        Raises:
            ScenarioError: these parameters do not fit together.
        """
        overrides = {**self.overrides, **phase.overrides, **params}
        seed = self.seed if phase.seed is None else phase.seed
        return resolve(self.scenario, overrides, seed).model_dump(mode="json")


def _errors(spec: TaskSpec) -> Iterator[FieldError]:
    for path, parameter in spec.space.items():
        yield from _bounds(path, parameter)
        if path in spec.overrides:
            yield FieldError(loc=("space", path), msg="is given as an override too; leave one of them out")
    for n, phase in enumerate(spec.phases):
        for path in phase.overrides.keys() & spec.space.keys():
            yield FieldError(loc=("phases", n, "overrides", path), msg="is searched; a phase cannot fix it")
    for n, constraint in enumerate(spec.constraints):
        if constraint.min is None and constraint.max is None:
            yield FieldError(loc=("constraints", n), msg="needs min or max, or both")
        elif constraint.min is not None and constraint.max is not None and constraint.min > constraint.max:
            yield FieldError(
                loc=("constraints", n),
                msg=f"nothing is at least {constraint.min:g} and at most {constraint.max:g}",
            )
    names = [objective.metric for objective in spec.objectives]
    if len(set(names)) < len(names):
        yield FieldError(loc=("objectives",), msg="names a metric twice")
    if spec.sampler == "nsga2" and len(names) < 2:
        yield FieldError(loc=("sampler",), msg="nsga2 trades objectives off; give two of them, or use tpe")
    if spec.sampler == "nsga2" and (spec.stop.target is not None or spec.stop.patience is not None):
        yield FieldError(loc=("stop",), msg="target and patience need one score, which nsga2 has not")
    if spec.pruner != "none" and (len(spec.phases) < 2 or spec.sampler == "nsga2"):
        yield FieldError(
            loc=("pruner",), msg="prunes between phases, on one score; give two phases, and not nsga2"
        )
    if spec.sampler == "cmaes" and any(p.type == "categorical" for p in spec.space.values()):
        yield FieldError(
            loc=("sampler",),
            msg="cmaes needs numbers; use tpe for parameters that are one of several choices",
        )
    yield from _grid(spec)


def _bounds(
    path: str, parameter: FloatParameter | IntParameter | CategoricalParameter
) -> Iterator[FieldError]:
    if isinstance(parameter, CategoricalParameter):
        if any(one == other for one, other in itertools.combinations(parameter.choices, 2)):
            yield FieldError(loc=("space", path, "choices"), msg="names a value twice")
        return
    if parameter.low > parameter.high:
        yield FieldError(
            loc=("space", path, "low"),
            msg=f"must be at most high, got {shown(parameter.low)} and {shown(parameter.high)}",
        )
    if parameter.log and parameter.low <= 0:
        yield FieldError(loc=("space", path, "low"), msg="must be more than 0 for a logarithmic search")
    if parameter.log and parameter.step not in (None, 1):
        yield FieldError(loc=("space", path, "step"), msg="does not go with log; leave one of them out")


def _grid(spec: TaskSpec) -> Iterator[FieldError]:
    if spec.sampler != "grid":
        return
    endless = [
        path for path, parameter in spec.space.items() if parameter.type == "float" and not parameter.step
    ]
    if endless:
        yield FieldError(
            loc=("space", endless[0], "step"), msg="is required by the grid sampler, which tries every value"
        )
    elif spec.grid_size() > MAX_EXPERIMENTS:
        yield FieldError(
            loc=("space",),
            msg=f"the grid has {spec.grid_size():g} points; at most {MAX_EXPERIMENTS} are allowed",
        )


def parse_task(data: Any) -> TaskSpec:
    """A task from JSON data; ScenarioError names what is wrong with it, as far as that shows without the scenario."""
    try:
        return TaskSpec.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(field_errors(error, TaskSpec)) from None


def fitting_errors(spec: TaskSpec) -> list[FieldError]:
    """What of a task does not fit its scenario: paths that do not exist, ends of ranges that it refuses."""
    errors: dict[FieldError, None] = {}

    def attempt(loc: Loc, overrides: Mapping[str, JsonValue], seed: int, path: str | None = None) -> bool:
        try:
            resolve(spec.scenario, overrides, seed)
        except ScenarioError as error:
            for inner in error.errors:
                own = path is not None and path == ".".join(map(str, inner.loc))
                errors[FieldError(loc=loc, msg=inner.msg if own else str(inner)) if loc else inner] = None
            return False
        return True

    if not attempt((), spec.overrides, spec.seed):
        return list(errors)
    for n, phase in enumerate(spec.phases):
        seed = spec.seed if phase.seed is None else phase.seed
        attempt(("phases", n), {**spec.overrides, **phase.overrides}, seed)
    for path, parameter in spec.space.items():
        for at, value in parameter.extremes().items():
            if not attempt(("space", path, *at), {**spec.overrides, path: value}, spec.seed, path):
                break
    return list(errors)
