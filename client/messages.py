"""What a run tells, as frozen dataclasses: one for each kind of entry of its log, except numbers (`ticks.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .types import JSON

State: TypeAlias = Literal[
    "queued", "starting", "running", "paused", "recovering", "completed", "stopped", "failed"
]
OVER = frozenset({"completed", "stopped", "failed"})
"""States after which nothing follows."""
BusPhase: TypeAlias = tuple[str, str]
"""A bus and one of its phases, `a`, `b` or `c`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model that a datacenter serves. `itl_deadline_s`: bound of the inter-token latency."""

    label: str
    gpus_per_replica: int
    itl_deadline_s: float
    feasible_batch_sizes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Datacenter:
    """A datacenter, and the bus that feeds it."""

    name: str
    bus: str
    models: tuple[Model, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Battery:
    """A storage on the grid."""

    name: str
    bus: str
    rated_power_kw: float
    capacity_kwh: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """What a run simulates: the names of all that its ticks hold.

    Tick n starts at `n * tick_s` seconds. `v_min` and `v_max` bound the allowed voltages (pu). `controllers` says of
    each whether it was enabled at the start.
    """

    session_id: str
    scenario: str
    feeder: str
    seed: int
    workload: str
    tick_s: float
    n_ticks: int
    v_min: float
    v_max: float
    bus_phases: tuple[BusPhase, ...]
    datacenters: tuple[Datacenter, ...]
    regulators: tuple[str, ...]
    storages: tuple[Battery, ...]
    controllers: Mapping[str, bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened in the simulation at a tick, such as a tap change; `t_s` in simulated seconds."""

    tick: int
    t_s: float
    source: str
    topic: str
    data: Mapping[str, JSON]


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """What took effect at a tick; `by` is `controller:NAME` or `user:NAME`, who then has a `command_id`."""

    tick: int
    by: str
    command: str
    args: Mapping[str, JSON]
    command_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandAnswer:
    """What became of a person's command. Applied at tick n means: before tick n was computed."""

    command_id: str
    by: str
    command: str
    args: Mapping[str, JSON]
    status: Literal["applied", "rejected"]
    tick: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The run's state changed; `tick` is the number of ticks done."""

    status: State
    tick: int
    attempt: int
    reason: str | None = None

    @property
    def over(self) -> bool:
        """Nothing follows."""
        return self.status in OVER


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The end of a run. `metrics` are OpenG2G's over the whole run, units in their names; equal digests mean equal runs.

    `wall_s` is what the computing took (s of wall time), `ticks_per_s` its speed.
    """

    metrics: Mapping[str, Any]
    digest: str
    wall_s: float
    ticks: int
    ticks_per_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Ticks `from_tick` to `to_tick`, both included, do not come, and neither do their controls and events.

    `reason`: `trimmed` (the log keeps its newest part), `slow` (this reader was too slow for it), `ahead` or `epoch` (the
    broker lost what was newest). `detail` says why the history could not fill it, where that was tried.
    """

    from_tick: int
    to_tick: int
    reason: str
    detail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewind:
    """The ticks from `tick` on that were handed on already are not the run's any more; they come again, as they are now.

    The broker lost its newest entries, and with them a command of a person, without which the service computed those ticks
    again.
    """

    tick: int


def schema_of(entry: Mapping[str, Any]) -> Schema:
    """A `schema` entry."""
    plain = ("session_id", "scenario", "feeder", "seed", "workload", "tick_s", "n_ticks", "v_min", "v_max")
    return Schema(
        **{name: entry[name] for name in plain},
        bus_phases=tuple((bus, phase) for bus, phase in entry["bus_phases"]),
        datacenters=tuple(
            Datacenter(
                name=site["name"],
                bus=site["bus"],
                models=tuple(
                    Model(
                        label=model["label"],
                        gpus_per_replica=model["gpus_per_replica"],
                        itl_deadline_s=model["itl_deadline_s"],
                        feasible_batch_sizes=tuple(model["feasible_batch_sizes"]),
                    )
                    for model in site["models"]
                ),
            )
            for site in entry["datacenters"]
        ),
        regulators=tuple(entry["regulators"]),
        storages=tuple(
            Battery(
                name=storage["name"],
                bus=storage["bus"],
                rated_power_kw=storage["rated_power_kw"],
                capacity_kwh=storage["capacity_kwh"],
            )
            for storage in entry["storages"]
        ),
        controllers={controller["name"]: controller["enabled"] for controller in entry["controllers"]},
    )


def event_of(item: Mapping[str, Any]) -> Event:
    """One of the `events` of a `ticks` entry."""
    return Event(**{name: item[name] for name in ("tick", "t_s", "source", "topic", "data")})


def control_of(item: Mapping[str, Any]) -> Control:
    """One of the `controls` of a `ticks` entry, or of the list of applied commands."""
    return Control(
        **{name: item[name] for name in ("tick", "by", "command", "args")}, command_id=item.get("command_id")
    )


def answer_of(entry: Mapping[str, Any]) -> CommandAnswer:
    """A `command` entry."""
    plain = ("command_id", "by", "command", "args", "status", "tick")
    return CommandAnswer(**{name: entry[name] for name in plain}, error=entry.get("error"))


def status_of(entry: Mapping[str, Any]) -> Status:
    """A `status` entry."""
    plain = ("status", "tick", "attempt")
    return Status(**{name: entry[name] for name in plain}, reason=entry.get("reason"))


def summary_of(entry: Mapping[str, Any]) -> Summary:
    """A `summary` entry."""
    return Summary(**{name: entry[name] for name in ("metrics", "digest", "wall_s", "ticks", "ticks_per_s")})
