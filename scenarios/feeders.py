"""The distribution feeders: figures of the IEEE 13-, 34- and 123-node test feeders (see data/README.md).

Bus, line and code names are text, also where they look like numbers. The order of `phases` counts: `cb` means
first conductor on c, second on b.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, TypeVar

FEEDERS = ("ieee13", "ieee34", "ieee123")

Row = Mapping[str, str]
Matrix = tuple[tuple[float, ...], ...]
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Bus:
    """A bus; `kv_base` is line to line, `x` and `y` place it in the one-line diagram (no unit, y upwards)."""

    name: str
    phases: str
    kv_base: float
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Source:
    """The stiff source: short-circuit MVA (three- and one-phase), or sequence impedances in ohm."""

    bus: str
    kv: float
    pu: float
    angle_deg: float
    mvasc3: float | None = None
    mvasc1: float | None = None
    r1_ohm: float | None = None
    x1_ohm: float | None = None
    r0_ohm: float | None = None
    x0_ohm: float | None = None


@dataclass(frozen=True, kw_only=True)
class LineCode:
    """Impedances per `units` (mi, kft) as lower triangles, row by row; capacitance in nF."""

    name: str
    phases: int
    units: str
    frequency_hz: float
    r_ohm_per_unit: Matrix
    x_ohm_per_unit: Matrix
    c_nf_per_unit: Matrix


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of `length` `units` of its line code, or a switch (no code or length, only `switch_r_ohm`)."""

    name: str
    bus_from: str
    bus_to: str
    phases: str
    line_code: str | None
    length: float | None
    units: str | None
    is_switch: bool
    switch_r_ohm: float | None


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """A three-phase two-winding transformer; voltages are line to line."""

    name: str
    bus_from: str
    bus_to: str
    kv_from: float
    kv_to: float
    conn_from: str
    conn_to: str
    kva: float
    x_percent: float
    r_percent_per_winding: float
    antifloat_ppm: float


@dataclass(frozen=True, kw_only=True)
class Regulator:
    """A regulator control and its transformer; the tap is on winding 2. Three phases: one ganged unit.

    `kv` is line to neutral for one phase, line to line for three.
    """

    name: str
    transformer: str
    bus_from: str
    bus_to: str
    phases: str
    kv: float
    kva: float
    x_percent: float
    r_percent_per_winding: float
    antifloat_ppm: float
    vreg_v: float
    band_v: float
    pt_ratio: float
    ct_primary_a: float
    ldc_r_v: float
    ldc_x_v: float


@dataclass(frozen=True, kw_only=True)
class Load:
    """A load of the feeder. Two phases: one element between them; three: one three-phase element.

    `model` is PQ (constant power), Z, I, or CVR (linear P, quadratic Q).
    """

    name: str
    bus: str
    phases: str
    connection: str
    model: str
    kv: float
    kw: float
    kvar: float
    kind: str
    segment: str


@dataclass(frozen=True, kw_only=True)
class Capacitor:
    """A wye-connected capacitor bank to ground; `kvar` in all."""

    name: str
    bus: str
    phases: str
    kv: float
    kvar: float


@dataclass(frozen=True, kw_only=True)
class Feeder:
    """One feeder, complete: enough to build its OpenDSS case and to draw it."""

    name: str
    title: str
    deviations: tuple[str, ...]
    frequency_hz: float
    nominal_kv: float
    voltage_bases_kv: tuple[float, ...]
    source: Source
    load_vmin_pu: float
    load_vmax_pu: float
    exclude_buses: tuple[str, ...]
    datacenter_buses: tuple[str, ...]
    tap_step_pu: float
    default_tap_steps: Mapping[str, int]
    zones: Mapping[str, tuple[str, ...]]
    buses: tuple[Bus, ...]
    line_codes: tuple[LineCode, ...]
    lines: tuple[Line, ...]
    transformers: tuple[Transformer, ...]
    regulators: tuple[Regulator, ...]
    loads: tuple[Load, ...]
    capacitors: tuple[Capacitor, ...]

    @cached_property
    def bus_by_name(self) -> Mapping[str, Bus]:
        """Bus name -> bus."""
        return MappingProxyType({bus.name: bus for bus in self.buses})

    @property
    def default_tap_ratios(self) -> dict[str, float]:
        """Regulator -> tap ratio of the experiments."""
        return {name: self.tap_ratio(step) for name, step in self.default_tap_steps.items()}

    def tap_ratio(self, step: int) -> float:
        """The ratio of a tap position (-16 to 16)."""
        return 1.0 + step * self.tap_step_pu

    @cached_property
    def bus_phases(self) -> tuple[tuple[str, str], ...]:
        """The (bus, phase) pairs that are monitored: every one but those of `exclude_buses`."""
        return self.monitored(self.exclude_buses)

    def monitored(self, exclude_buses: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """The (bus, phase) pairs that are monitored when these buses are left out."""
        drop = set(exclude_buses)
        return tuple(
            (bus.name, phase) for bus in self.buses if bus.name not in drop for phase in sorted(bus.phases)
        )

    @cached_property
    def three_phase_sites(self) -> tuple[str, ...]:
        """Buses where a three-phase load or generator can stand: all phases, and not left out of monitoring."""
        return tuple(b.name for b in self.buses if b.phases == "abc" and b.name not in self.exclude_buses)

    @cached_property
    def candidate_sites(self) -> tuple[str, ...]:
        """Buses where a datacenter can stand: three-phase sites of the medium-voltage part."""
        return tuple(
            name for name in self.three_phase_sites if self.bus_by_name[name].kv_base == self.nominal_kv
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what a page needs to draw the feeder and to offer sites (no impedances of lines)."""
        tables = ("buses", "transformers", "regulators", "loads", "capacitors")
        names = (
            "name",
            "title",
            "deviations",
            "frequency_hz",
            "nominal_kv",
            "voltage_bases_kv",
            "exclude_buses",
        )
        drawn = ("name", "bus_from", "bus_to", "phases", "length", "units", "is_switch")
        return {
            **{name: getattr(self, name) for name in names},
            "source": {key: value for key, value in asdict(self.source).items() if value is not None},
            "datacenter_buses": self.datacenter_buses,
            "candidate_sites": self.candidate_sites,
            "three_phase_sites": self.three_phase_sites,
            "bus_phases": self.bus_phases,
            "tap_step_pu": self.tap_step_pu,
            "default_taps": self.default_tap_ratios,
            "zones": dict(self.zones),
            "lines": [{key: getattr(line, key) for key in drawn} for line in self.lines],
            **{table: [asdict(item) for item in getattr(self, table)] for table in tables},
        }


@cache
def load_feeder(name: str) -> Feeder:
    """The feeder of this name (one of `FEEDERS`); KeyError for another."""
    if name not in FEEDERS:
        raise KeyError(name)
    folder = files(__package__) / "data" / "feeders" / name
    facts = tomllib.loads((folder / "feeder.toml").read_text("utf-8"))
    zones = facts.get("zones", facts.get("regulator_zones", {}))
    return Feeder(
        name=facts["name"],
        title=facts["title"],
        deviations=tuple(facts["deviations"]),
        frequency_hz=float(facts["frequency_hz"]),
        nominal_kv=float(facts["nominal_kv"]),
        voltage_bases_kv=tuple(map(float, facts["voltage_bases_kv"])),
        source=Source(**facts["source"]),
        load_vmin_pu=facts["loads"]["vmin_pu"],
        load_vmax_pu=facts["loads"]["vmax_pu"],
        exclude_buses=tuple(facts["monitoring"]["exclude_buses"]),
        datacenter_buses=tuple(facts["experiment"]["datacenter_buses"]),
        tap_step_pu=facts["taps"]["step_pu"],
        default_tap_steps=MappingProxyType(facts["taps"]["default"]),
        zones=MappingProxyType({zone: tuple(buses) for zone, buses in zones.items()}),
        buses=_table(folder, "buses", _bus),
        line_codes=_table(folder, "line_codes", _line_code),
        lines=_table(folder, "lines", _line),
        transformers=_table(folder, "transformers", lambda row: Transformer(**_numbers(row, Transformer))),
        regulators=_table(folder, "regulators", lambda row: Regulator(**_numbers(row, Regulator))),
        loads=_table(folder, "loads", lambda row: Load(**_numbers(row, Load))),
        capacitors=_table(folder, "capacitors", lambda row: Capacitor(**_numbers(row, Capacitor))),
    )


def rows(file: Traversable) -> Iterator[Row]:
    """The rows of a CSV file, every cell as text."""
    yield from csv.DictReader(file.read_text("utf-8").splitlines())


def _table(folder: Traversable, name: str, parse: Callable[[Row], _T]) -> tuple[_T, ...]:
    return tuple(parse(row) for row in rows(folder / f"{name}.csv"))


def _numbers(row: Row, record: type) -> dict[str, Any]:
    """A row's cells, numbers where the record has floats."""
    kinds = record.__annotations__
    return {key: float(cell) if kinds[key] == "float" else cell for key, cell in row.items()}


def _bus(row: Row) -> Bus:
    return Bus(
        name=row["bus"],
        phases=row["phases"],
        kv_base=float(row["kv_base"]),
        x=float(row["x"]),
        y=float(row["y"]),
    )


def _matrix(cell: str) -> Matrix:
    return tuple(tuple(map(float, line.split())) for line in cell.split(";"))


def _line_code(row: Row) -> LineCode:
    return LineCode(
        name=row["name"],
        phases=int(row["phases"]),
        units=row["units"],
        frequency_hz=float(row["frequency_hz"]),
        r_ohm_per_unit=_matrix(row["r_ohm_per_unit"]),
        x_ohm_per_unit=_matrix(row["x_ohm_per_unit"]),
        c_nf_per_unit=_matrix(row["c_nf_per_unit"]),
    )


def _line(row: Row) -> Line:
    return Line(
        name=row["name"],
        bus_from=row["bus_from"],
        bus_to=row["bus_to"],
        phases=row["phases"],
        line_code=row["line_code"] or None,
        length=float(row["length"]) if row["length"] else None,
        units=row["units"] or None,
        is_switch=row["is_switch"] == "yes",
        switch_r_ohm=float(row["switch_r_ohm"]) if row["switch_r_ohm"] else None,
    )
