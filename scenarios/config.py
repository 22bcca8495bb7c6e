"""A scenario: everything that a simulation depends on, besides the measured figures and the library versions."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property, reduce
from math import gcd, lcm
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .checks import inconsistencies
from .controllers import (
    BatchSizeChange,
    BatchSizeScheduleConfig,
    BoundedController,
    ControllerConfig,
    LoadShiftConfig,
    OfoConfig,
    RuleBasedConfig,
    SiteController,
    StorageDroopConfig,
    TapChange,
    TapScheduleConfig,
)
from .datacenters import (
    DatacenterConfig,
    ModelDeployment,
    PowerAugmentation,
    ReplicaRamp,
    TrainingOverlay,
    TrainingTrace,
)
from .errors import ScenarioError
from .feeders import load_feeder
from .fields import MAX_DURATION_S, BusName, Items, Model, Period, PerUnit, Seed, TapRatios, exact
from .resources import ExternalLoadConfig, GeneratorConfig, StorageConfig

__all__ = [
    "BatchSizeChange",
    "BatchSizeScheduleConfig",
    "BoundedController",
    "ControllerConfig",
    "DatacenterConfig",
    "ExternalLoadConfig",
    "FeederName",
    "GeneratorConfig",
    "LoadShiftConfig",
    "ModelDeployment",
    "OfoConfig",
    "PowerAugmentation",
    "ReplicaRamp",
    "RuleBasedConfig",
    "ScenarioConfig",
    "SiteController",
    "StorageConfig",
    "StorageDroopConfig",
    "TapChange",
    "TapScheduleConfig",
    "TrainingOverlay",
    "TrainingTrace",
]

FeederName = Literal["ieee13", "ieee34", "ieee123"]


class ScenarioConfig(Model):
    """One simulation, complete and checked: what it names exists, fits, and can be solved for.

    `model_dump(mode="json")` round-trips through `model_validate()`.
    """

    feeder: FeederName = Field(title="Feeder", description="The distribution feeder.")
    duration_s: Annotated[int, Field(ge=1, le=MAX_DURATION_S)] = Field(
        default=3600, title="Duration", description="Simulated time in whole seconds."
    )
    seed: Seed = Field(
        default=0, title="Seed", description="Shifts the seed of every datacenter by 1000 x this."
    )
    grid_dt_s: Period = Field(
        default=0.1, title="Grid period", description="Time between power flows in seconds."
    )
    v_min: PerUnit = Field(
        default=0.95, title="Lowest voltage", description="Below it is a violation, in pu."
    )
    v_max: PerUnit = Field(
        default=1.05, title="Highest voltage", description="Above it is a violation, in pu."
    )
    source_pu: PerUnit = Field(
        default_factory=lambda data: load_feeder(data["feeder"]).source.pu,
        title="Source voltage",
        description="Voltage of the source in pu; the feeder's by default.",
    )
    initial_taps: TapRatios = Field(
        default_factory=lambda data: load_feeder(data["feeder"]).default_tap_ratios,
        title="Initial taps",
        description="Regulator -> tap ratio (0.9 to 1.1) at the start; the feeder's by default.",
    )
    exclude_buses: Items[BusName] = Field(
        default_factory=lambda data: load_feeder(data["feeder"]).exclude_buses,
        max_length=512,
        title="Buses left out",
        description="Buses whose voltage is not monitored; the feeder's by default.",
    )
    datacenters: Items[DatacenterConfig] = Field(
        min_length=1, max_length=32, title="Datacenters", description="At least one."
    )
    generators: Items[GeneratorConfig] = Field(
        default=(), max_length=64, title="Generators", description="PV and other generators."
    )
    loads: Items[ExternalLoadConfig] = Field(
        default=(), max_length=64, title="Loads", description="Loads beside those of the feeder."
    )
    storages: Items[StorageConfig] = Field(
        default=(), max_length=32, title="Storages", description="Batteries."
    )
    controllers: Items[ControllerConfig] = Field(
        default=(), max_length=64, title="Controllers", description="Applied in this order."
    )

    @model_validator(mode="after")
    def _consistent(self) -> ScenarioConfig:
        if errors := list(inconsistencies(self)):
            raise ScenarioError(errors)
        return self

    @property
    def periods(self) -> Iterator[Fraction]:
        """The period of every component, exactly, in seconds."""
        yield exact(self.grid_dt_s)
        yield from (exact(datacenter.dt_s) for datacenter in self.datacenters)
        yield from (exact(controller.dt_s) for controller in self.controllers)

    @cached_property
    def tick(self) -> Fraction:
        """The base tick in seconds: the greatest common divisor of all periods."""
        return reduce(_gcd, self.periods)

    @property
    def tick_s(self) -> float:
        """The base tick in seconds."""
        return float(self.tick)

    @property
    def n_ticks(self) -> int:
        """Number of ticks of the whole run."""
        return int(self.duration_s / self.tick)

    def datacenter_seed(self, datacenter: DatacenterConfig) -> int:
        """The seed that a datacenter runs with: its own plus 1000 x the scenario's."""
        return datacenter.seed + 1000 * self.seed

    def voltage_bounds(self, controller: BoundedController) -> tuple[float, float]:
        """(v_min, v_max) that a controller acts on, in pu."""
        low, high = controller.v_min, controller.v_max
        return (self.v_min if low is None else low, self.v_max if high is None else high)

    def datacenter(self, name: str) -> DatacenterConfig | None:
        """The datacenter of this name."""
        return next((datacenter for datacenter in self.datacenters if datacenter.name == name), None)


def _gcd(a: Fraction, b: Fraction) -> Fraction:
    return Fraction(gcd(a.numerator, b.numerator), lcm(a.denominator, b.denominator))
