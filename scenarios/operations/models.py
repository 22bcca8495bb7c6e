"""What an operation is asked: one model each, with every bound that shows without the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, get_args

from pydantic import Field, JsonValue, StringConstraints, model_validator

from gridcast.scenarios.config import FeederName
from gridcast.scenarios.errors import FieldError, ScenarioError, listed, shown
from gridcast.scenarios.fields import MAX_DURATION_S, MAX_SEED, Items, Model
from gridcast.scenarios.tuning import MetricName, Number, Overrides, Path

MAX_CELLS = 1000

ALL_FEEDERS: tuple[FeederName, ...] = get_args(FeederName)
SITE = "datacenters.0.bus"
"""What the points of a scan differ by."""

PointDuration = Annotated[
    int,
    Field(
        ge=1, le=MAX_DURATION_S, title="Duration", description="Simulated seconds of each point, whole ones."
    ),
]
ScenarioName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100),
    Field(title="Scenario", description="A name of the catalogue."),
]
Steps = Annotated[int, Field(ge=2, le=50, title="Steps", description="Values tried, both ends included.")]
SeedNumber = Annotated[int, Field(ge=0, le=MAX_SEED, title="Seed", description="The scenario's seed.")]
Params = Annotated[
    Overrides, Field(title="Overrides", description="Dotted path into the scenario -> value, for all points.")
]


class _Operation(Model):
    """What all have in common. `params` may name the duration as well as the field does, not otherwise."""

    op: ClassVar[str]
    duration_s: PointDuration
    params: Params = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _one_duration(cls, data: Any) -> Any:
        """`params.duration_s` stands for `duration_s` where that is left out."""
        if not isinstance(data, dict) or not isinstance(params := data.get("params"), dict):
            return data
        if "duration_s" in data or "duration_s" not in params:
            return data
        return {**data, "duration_s": params["duration_s"]}

    @model_validator(mode="after")
    def _consistent(self) -> _Operation:
        if errors := list(self._errors()):
            raise ScenarioError(errors)
        return self

    def _errors(self) -> Iterator[FieldError]:
        given = self.params.get("duration_s", self.duration_s)
        if given != self.duration_s:
            yield FieldError(
                loc=("duration_s",),
                msg=f"is given twice, as {self.duration_s} and in params as {shown(given)}",
            )

    @property
    def overrides(self) -> dict[str, JsonValue]:
        """What all points have in common."""
        return {**self.params, "duration_s": self.duration_s}


class CharacterizeConfig(_Operation):
    """One scenario from three sides: as it is, over the size of its datacenters, over its parameters."""

    op: ClassVar[str] = "characterize"
    name: ScenarioName
    seed: SeedNumber = 0
    duration_s: PointDuration = 600
    pv_points: Annotated[int, Field(ge=2, le=50)] = Field(
        default=20, title="P-V points", description="Datacenter sizes tried, from none to the largest."
    )
    pv_max_scale: Annotated[float, Field(ge=0.1, le=20.0)] = Field(
        default=2.0, title="Largest size", description="Of the datacenters, as a multiple of what they are."
    )
    sensitivity: bool = Field(
        default=True, title="Sensitivity", description="Whether the parameters that matter most are changed."
    )
    step: Annotated[float, Field(ge=0.001, le=0.9)] = Field(
        default=0.2, title="Change", description="Of a parameter, relative to its value, down and up."
    )


class HeatmapConfig(_Operation):
    """A metric over two numbers of a scenario."""

    op: ClassVar[str] = "heatmap"
    name: ScenarioName
    param_x: Path = Field(title="Parameter x", description="Dotted path of a number of the scenario.")
    x_min: Number = Field(title="From", description="Smallest value of x.")
    x_max: Number = Field(title="To", description="Largest value of x.")
    x_steps: Steps
    param_y: Path = Field(title="Parameter y", description="Dotted path of another number.")
    y_min: Number = Field(title="From", description="Smallest value of y.")
    y_max: Number = Field(title="To", description="Largest value of y.")
    y_steps: Steps
    metric: MetricName = Field(
        default="integral_violation_pu_s", title="Metric", description="What the cells show."
    )
    seed: SeedNumber = 0
    duration_s: PointDuration = 300

    def _errors(self) -> Iterator[FieldError]:
        yield from super()._errors()
        ranges = {"x": (self.x_min, self.x_max), "y": (self.y_min, self.y_max)}
        for axis, (low, high) in ranges.items():
            if low >= high:
                yield FieldError(
                    loc=(f"{axis}_min",), msg=f"must be less than {axis}_max, got {low:g} and {high:g}"
                )
        if self.param_x == self.param_y:
            yield FieldError(loc=("param_y",), msg=f"is param_x too ({shown(self.param_x)}); two are needed")
        for name, path in (("param_x", self.param_x), ("param_y", self.param_y)):
            if path in self.params:
                yield FieldError(
                    loc=(name,), msg=f"{shown(path)} is given in params too; leave one of them out"
                )
        if self.x_steps * self.y_steps > MAX_CELLS:
            yield FieldError(
                loc=("x_steps",),
                msg=f"{self.x_steps} x {self.y_steps} are {self.x_steps * self.y_steps} cells; "
                f"at most {MAX_CELLS} are allowed",
            )


class ScanConfig(_Operation):
    """Every bus where a datacenter can stand, and every scenario of the catalogue, sorted by what the voltages do."""

    op: ClassVar[str] = "scan"
    feeders: Annotated[Items[FeederName], Field(min_length=1, max_length=len(ALL_FEEDERS))] = Field(
        default=ALL_FEEDERS, title="Feeders", description="Of which sites and scenarios are tried."
    )
    scenarios: bool = Field(
        default=True, title="Scenarios", description="Whether the catalogue's scenarios are tried as well."
    )
    duration_s: PointDuration = 120

    def _errors(self) -> Iterator[FieldError]:
        yield from super()._errors()
        if len(set(self.feeders)) < len(self.feeders):
            yield FieldError(loc=("feeders",), msg=f"names one twice: {listed(self.feeders)}")
        if SITE in self.params:
            yield FieldError(loc=("params", *SITE.split(".")), msg="is what a scan tries; leave it out")


OperationConfig = CharacterizeConfig | HeatmapConfig | ScanConfig

OPERATIONS: Mapping[str, type[OperationConfig]] = {
    model.op: model for model in (CharacterizeConfig, HeatmapConfig, ScanConfig)
}
"""Name of an operation -> what it is asked."""
