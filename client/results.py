"""What operations find, as frozen dataclasses. Units are in the names; None is what does not exist.

A point without figures has a `reason`, and a status: `diverged` (its power flow did), `refused` (by its scenario), `failed`.
It never ends the operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .frames import load_pandas
from .ticks import Floats
from .types import JSON

if TYPE_CHECKING:
    import pandas as pd

PointStatus: TypeAlias = Literal["done", "diverged", "refused", "failed"]
VoltageClass: TypeAlias = Literal[
    "within_band", "undervoltage", "overvoltage", "both", "oscillating", "diverged"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class DefaultRun:
    """The scenario as it is. `metrics` are those of a run's summary."""

    status: PointStatus
    reason: str | None = None
    metrics: Mapping[str, Any] | None = None
    mean_power_kw: float | None = None
    max_power_kw: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CurvePoint:
    """One point of a P-V curve: all datacenters `scale` times as large as in the scenario."""

    index: int
    scale: float
    status: PointStatus
    reason: str | None = None
    mean_power_kw: float | None = None
    max_power_kw: float | None = None
    worst_vmin: float | None = None
    worst_vmax: float | None = None
    violation_time_s: float | None = None
    integral_violation_pu_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HostingLimit:
    """The largest power that the feeder hosts within its voltage band, and what ends it there."""

    scale: float
    mean_power_kw: float
    limited_by: Literal["undervoltage", "overvoltage", "both", "diverged"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A parameter at another value, and what became of the run; `value` None: its field allows nothing beyond."""

    value: float | None
    status: PointStatus
    reason: str | None = None
    metrics: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sensitivity:
    """One parameter, by its dotted path, below and above its value `base` in the scenario.

    `strength`: by how much of what the strongest parameter does it moves a metric, as a mean over the metrics (0 to 1).
    """

    index: int
    parameter: str
    base: float
    strength: float
    low: Variant
    high: Variant


@dataclass(frozen=True, kw_only=True, slots=True)
class Characterization:
    """What a scenario can do. `sensitivity` has the strongest parameter first; `hosting_limit` None: none was met.

    `duration_s` is what each of the `simulations` simulated; `cached` of them were known already, `failed` gave no
    figures. `v_min` and `v_max` bound the allowed voltages (pu).
    """

    scenario: str
    params: Mapping[str, JSON]
    seed: int
    duration_s: float
    simulations: int
    cached: int
    failed: int
    wall_s: float
    v_min: float
    v_max: float
    default: DefaultRun
    pv_curve: tuple[CurvePoint, ...]
    hosting_limit: HostingLimit | None
    sensitivity: tuple[Sensitivity, ...]

    def curve_table(self) -> pd.DataFrame:
        """The P-V curve: one row for each point, by its scale.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        return _table(self.pv_curve).set_index("scale")

    def sensitivity_table(self, metric: str = "integral_violation_pu_s") -> pd.DataFrame:
        """One row for each parameter: its three values, and one of a summary's metrics at each of them.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        rows = {
            one.parameter: {
                "low": one.low.value,
                "base": one.base,
                "high": one.high.value,
                f"{metric}, low": (one.low.metrics or {}).get(metric),
                f"{metric}, base": (self.default.metrics or {}).get(metric),
                f"{metric}, high": (one.high.metrics or {}).get(metric),
            }
            for one in self.sensitivity
        }
        return load_pandas().DataFrame.from_dict(rows, orient="index")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A cell of a heatmap by its indices into `x` and `y`."""

    x: int
    y: int
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedCell:
    """A cell without a value, and why."""

    x: int
    y: int
    status: PointStatus
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Heatmap:
    """A metric over two parameters. `values` has a row for each of `y` and a column for each of `x`, NaN where it failed.

    `best` is the cell that `better` (`minimize` or `maximize`) means; `baseline` the scenario's own `x` and `y`.
    """

    scenario: str
    params: Mapping[str, JSON]
    seed: int
    duration_s: float
    simulations: int
    cached: int
    failed: int
    wall_s: float
    metric: str
    unit: str
    better: str
    param_x: str
    param_y: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    values: Floats
    failures: tuple[FailedCell, ...]
    best: Cell | None
    baseline: Mapping[str, JSON]

    def overrides(self, x: int, y: int) -> dict[str, JSON]:
        """What makes a run of a cell by its indices: the `overrides` of `Client.create`, beside `scenario` and `seed`."""
        return {
            **self.params,
            "duration_s": self.duration_s,
            self.param_x: self.x[x],
            self.param_y: self.y[y],
        }

    def to_pandas(self) -> pd.DataFrame:
        """The values with `y` as index and `x` as columns; `frame.attrs` holds the metric and its unit.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        pandas = load_pandas()
        frame = pandas.DataFrame(
            self.values,
            index=pandas.Index(self.y, name=self.param_y),
            columns=pandas.Index(self.x, name=self.param_x),
        )
        frame.attrs["metric"], frame.attrs["unit"] = self.metric, self.unit
        return frame


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A candidate site (`bus`), or a scenario of the catalogue (`scenario`), and its voltage pattern.

    `voltage_class` None: nothing is known of its voltages, and `reason` says why. `oscillation`: reversals per minute.
    `session` is the body of `POST /api/sessions` that computes the same ticks.
    """

    index: int
    feeder: str
    voltage_class: VoltageClass | None
    status: PointStatus
    bus: str | None = None
    scenario: str | None = None
    reason: str | None = None
    worst_vmin: float | None = None
    worst_vmax: float | None = None
    violation_time_s: float | None = None
    integral_violation_pu_s: float | None = None
    mean_power_kw: float | None = None
    oscillation: float | None = None
    session: Mapping[str, JSON] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """The voltage pattern of every candidate site and scenario. `rules` says of each class what makes one."""

    params: Mapping[str, JSON]
    duration_s: float
    simulations: int
    cached: int
    failed: int
    wall_s: float
    sites: tuple[Place, ...]
    scenarios: tuple[Place, ...]
    counts: Mapping[str, int]
    rules: Mapping[str, str]

    def to_pandas(self) -> pd.DataFrame:
        """One row for each site, then for each scenario.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        return _table([*self.sites, *self.scenarios]).drop(columns=["index", "session"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Whether a run that was computed again is the same to the last bit. `replay_id`: the second run, where it is not."""

    session_id: str
    identical: bool
    ticks: int
    digest: str
    replay_ticks: int
    replay_digest: str
    replay_id: str | None
    wall_s: float


Result: TypeAlias = Characterization | Heatmap | Scan | Verification


def _table(items: Any) -> pd.DataFrame:
    return load_pandas().DataFrame([asdict(item) for item in items])
