"""Rules that no single field can hold: buses of the feeder, capacities, names, references between parts.

Each complaint names the dotted path, the value, and what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from . import workloads
from .capacity import first_overload
from .controllers import (
    BatchSizeScheduleConfig,
    LoadShiftConfig,
    OfoConfig,
    RuleBasedConfig,
    StorageDroopConfig,
    TapScheduleConfig,
)
from .datacenters import DatacenterConfig, ModelDeployment, ReplicaRamp
from .errors import FieldError, Loc, listed
from .feeders import Feeder, load_feeder
from .fields import MAX_TICKS

if TYPE_CHECKING:
    from .config import ScenarioConfig  # which calls this module


def inconsistencies(config: ScenarioConfig) -> Iterator[FieldError]:
    """Everything that is wrong with a scenario whose single fields are all in order."""
    feeder = load_feeder(config.feeder)
    yield from _clock(config)
    yield from _grid(config, feeder)
    yield from _sites(config, feeder)
    for i, datacenter in enumerate(config.datacenters):
        yield from _datacenter(("datacenters", i), datacenter)
    yield from _storages(config)
    yield from _names(config)
    yield from _controllers(config, feeder)


def _wrong(loc: Loc, msg: str) -> FieldError:
    return FieldError(loc=loc, msg=msg)


def _clock(config: ScenarioConfig) -> Iterator[FieldError]:
    ticks = config.duration_s / config.tick
    if ticks.denominator != 1:
        yield _wrong(
            ("duration_s",), f"{config.duration_s} s is not a whole number of ticks of {config.tick_s:g} s"
        )
    elif ticks > MAX_TICKS:
        yield _wrong(
            ("duration_s",),
            f"{config.duration_s} s in ticks of {config.tick_s:g} s are {ticks} ticks; at most {MAX_TICKS} are allowed",
        )


def _grid(config: ScenarioConfig, feeder: Feeder) -> Iterator[FieldError]:
    if config.v_min >= config.v_max:
        yield _wrong(("v_min",), f"{config.v_min:g} pu must be below v_max ({config.v_max:g} pu)")
    yield from _regulators(("initial_taps",), config.initial_taps, feeder)
    for i, bus in enumerate(config.exclude_buses):
        if bus not in feeder.bus_by_name:
            yield _wrong(("exclude_buses", i), _no_bus(bus, feeder, feeder.bus_by_name))
    if not feeder.monitored(config.exclude_buses):
        yield _wrong(("exclude_buses",), f"leaves no bus of {feeder.name} to monitor")


def _regulators(loc: Loc, taps: Iterable[str], feeder: Feeder) -> Iterator[FieldError]:
    known = [regulator.name for regulator in feeder.regulators]
    for name in taps:
        if name not in known:
            yield _wrong(
                (*loc, name), f"{feeder.name} has no regulator {name!r}; its regulators: {listed(known)}"
            )


def _no_bus(bus: str, feeder: Feeder, allowed: Iterable[str]) -> str:
    return f"{feeder.name} has no bus {bus!r}; allowed: {listed(allowed, 140)}"


def _sites(config: ScenarioConfig, feeder: Feeder) -> Iterator[FieldError]:
    needs: list[tuple[str, Sequence[str], str, Sequence[str]]] = [
        ("datacenters", feeder.candidate_sites, "datacenters", [d.bus for d in config.datacenters]),
        ("storages", feeder.candidate_sites, "storages", [s.bus for s in config.storages]),
        ("generators", feeder.three_phase_sites, "generators", [g.bus for g in config.generators]),
        ("loads", feeder.three_phase_sites, "loads", [load.bus for load in config.loads]),
    ]
    for part, sites, plural, buses in needs:
        for i, bus in enumerate(buses):
            loc: Loc = (part, i, "bus")
            if bus not in feeder.bus_by_name:
                yield _wrong(loc, _no_bus(bus, feeder, sites))
            elif bus not in sites:
                yield _wrong(
                    loc, f"bus {bus!r} {_unfit(bus, feeder)}; {plural} may stand at: {listed(sites, 140)}"
                )
            elif bus in config.exclude_buses:
                yield _wrong(loc, f"bus {bus!r} is one of exclude_buses; it must be monitored")


def _unfit(bus: str, feeder: Feeder) -> str:
    found = feeder.bus_by_name[bus]
    if found.phases != "abc":
        return f"of {feeder.name} has only phase {', '.join(sorted(found.phases))}, all three are needed"
    if bus in feeder.exclude_buses:
        return f"of {feeder.name} is on the source side, at low voltage, or an open end"
    return f"of {feeder.name} is at {found.kv_base:g} kV, not at {feeder.nominal_kv:g} kV"


def _datacenter(loc: Loc, datacenter: DatacenterConfig) -> Iterator[FieldError]:
    labels = [model.label for model in datacenter.models]
    for i, model in enumerate(datacenter.models):
        at = (*loc, "models", i)
        if model.label in labels[:i]:
            yield _wrong((*at, "label"), f"{model.label!r} is listed twice; each model once per datacenter")
        yield from _batch_sizes(at, model)
        yield from _ramps(at, model.ramps)
    if overload := first_overload(datacenter):
        yield _wrong((*loc, "total_gpu_capacity"), f"{datacenter.name}: {overload}")


def _batch_sizes(loc: Loc, model: ModelDeployment) -> Iterator[FieldError]:
    measured = workloads.figures(model.label).batch_sizes
    for i, size in enumerate(model.feasible_batch_sizes):
        if size not in measured:
            yield _wrong(
                (*loc, "feasible_batch_sizes", i),
                f"no measured data for {model.label} at batch size {size}; with data: {listed(measured)}",
            )
        if size in model.feasible_batch_sizes[:i]:
            yield _wrong((*loc, "feasible_batch_sizes", i), f"{size} is listed twice")
    if model.initial_batch_size not in measured:
        yield _wrong(
            (*loc, "initial_batch_size"),
            f"no measured data for {model.label} at batch size {model.initial_batch_size}; "
            f"with data: {listed(measured)}",
        )
    elif model.initial_batch_size not in model.feasible_batch_sizes:
        yield _wrong(
            (*loc, "initial_batch_size"),
            f"{model.initial_batch_size} is not feasible; feasible_batch_sizes: {listed(model.feasible_batch_sizes)}",
        )


def _ramps(loc: Loc, ramps: Sequence[ReplicaRamp]) -> Iterator[FieldError]:
    for i, ramp in enumerate(ramps):
        for j, other in enumerate(ramps[:i]):
            crossing = ramp.t_start_s < other.t_end_s and ramp.t_end_s > other.t_start_s
            if crossing or ramp.t_start_s == other.t_start_s:
                yield _wrong(
                    (*loc, "ramps", i),
                    f"{ramp.t_start_s:g} to {ramp.t_end_s:g} s overlaps ramp {j} "
                    f"({other.t_start_s:g} to {other.t_end_s:g} s); ramps of a model must follow one another",
                )
                break


def _storages(config: ScenarioConfig) -> Iterator[FieldError]:
    for i, storage in enumerate(config.storages):
        if storage.reserve_soc > storage.initial_soc:
            yield _wrong(
                ("storages", i, "reserve_soc"),
                f"{storage.reserve_soc:g} must not exceed initial_soc ({storage.initial_soc:g})",
            )
        if storage.apparent_power_kva < storage.rated_power_kw:
            yield _wrong(
                ("storages", i, "apparent_power_kva"),
                f"{storage.apparent_power_kva:g} kVA must not be less than rated_power_kw "
                f"({storage.rated_power_kw:g} kW)",
            )


def _names(config: ScenarioConfig) -> Iterator[FieldError]:
    """OpenDSS does not tell upper from lower case, so neither do we."""
    parts: list[tuple[str, list[str]]] = [
        ("datacenters", [datacenter.name for datacenter in config.datacenters]),
        ("storages", [storage.name for storage in config.storages]),
        ("controllers", [controller.name for controller in config.controllers]),
    ]
    for part, names in parts:
        lower = [name.lower() for name in names]
        for i, name in enumerate(lower):
            if name in lower[:i]:
                yield _wrong(
                    (part, i, "name"),
                    f"{names[i]!r} is taken by {part}.{lower.index(name)}; names must be unique",
                )


def _controllers(config: ScenarioConfig, feeder: Feeder) -> Iterator[FieldError]:
    for i, controller in enumerate(config.controllers):
        loc: Loc = ("controllers", i)
        if isinstance(controller, BatchSizeScheduleConfig | RuleBasedConfig | OfoConfig):
            yield from _site_controller(loc, controller, config, feeder)
        if isinstance(controller, RuleBasedConfig | OfoConfig | LoadShiftConfig):
            low, high = config.voltage_bounds(controller)
            if low >= high:
                yield _wrong((*loc, "v_min"), f"{low:g} pu must be below v_max ({high:g} pu)")
        if isinstance(controller, TapScheduleConfig):
            times = [change.t_s for change in controller.schedule]
            for j, change in enumerate(controller.schedule):
                yield from _regulators((*loc, "schedule", j, "taps"), change.taps, feeder)
                if change.t_s in times[:j]:
                    yield _wrong(
                        (*loc, "schedule", j, "t_s"), f"{change.t_s:g} s is listed twice; merge the entries"
                    )
        if isinstance(controller, StorageDroopConfig):
            yield from _droop(loc, controller, config)
        if isinstance(controller, LoadShiftConfig):
            yield from _load_shift(loc, controller, config)


def _site_controller(
    loc: Loc,
    controller: BatchSizeScheduleConfig | RuleBasedConfig | OfoConfig,
    config: ScenarioConfig,
    feeder: Feeder,
) -> Iterator[FieldError]:
    datacenter = config.datacenter(controller.datacenter)
    if datacenter is None:
        yield _unknown_site((*loc, "datacenter"), controller.datacenter, config)
        return
    if isinstance(controller, OfoConfig):
        yield from _ofo(loc, datacenter)
    elif isinstance(controller, RuleBasedConfig):
        for j, bus in enumerate(controller.zone_buses or ()):
            if bus not in feeder.bus_by_name:
                yield _wrong((*loc, "zone_buses", j), _no_bus(bus, feeder, feeder.bus_by_name))
    else:
        seen: set[tuple[str, float]] = set()
        for j, change in enumerate(controller.schedule):
            at = (*loc, "schedule", j)
            model = datacenter.model(change.model)
            if model is None:
                served = listed(m.label for m in datacenter.models)
                yield _wrong(
                    (*at, "model"), f"{datacenter.name} does not serve {change.model!r}; it serves: {served}"
                )
            elif change.batch_size not in model.feasible_batch_sizes:
                yield _wrong(
                    (*at, "batch_size"),
                    f"{change.batch_size} is not feasible for {model.label}; "
                    f"feasible_batch_sizes: {listed(model.feasible_batch_sizes)}",
                )
            if (change.model, change.t_s) in seen:
                yield _wrong((*at, "t_s"), f"{change.model} changes twice at {change.t_s:g} s")
            seen.add((change.model, change.t_s))


def _unknown_site(loc: Loc, name: str, config: ScenarioConfig) -> FieldError:
    return _wrong(
        loc, f"there is no datacenter {name!r}; datacenters: {listed(d.name for d in config.datacenters)}"
    )


def _ofo(loc: Loc, datacenter: DatacenterConfig) -> Iterator[FieldError]:
    """OpenG2G's OFO picks from the feasible sizes of all models of its datacenter, for every one of them."""
    offered = sorted({size for model in datacenter.models for size in model.feasible_batch_sizes})
    for model in datacenter.models:
        measured = workloads.figures(model.label).batch_sizes
        if missing := [size for size in offered if size not in measured]:
            yield _wrong(
                (*loc, "datacenter"),
                f"OFO may choose any feasible batch size of {datacenter.name} for any of its models, but "
                f"{model.label} has no data at {listed(missing)}",
            )


def _droop(loc: Loc, controller: StorageDroopConfig, config: ScenarioConfig) -> Iterator[FieldError]:
    known = [storage.name for storage in config.storages]
    if not known:
        yield _wrong((*loc, "storages"), "storage_droop needs at least one battery in storages")
    for j, name in enumerate(controller.storages or ()):
        if name not in known:
            yield _wrong((*loc, "storages", j), f"there is no storage {name!r}; storages: {listed(known)}")
    if controller.full_output_voltage_error_pu <= controller.deadband_pu:
        yield _wrong(
            (*loc, "full_output_voltage_error_pu"),
            f"{controller.full_output_voltage_error_pu:g} pu must be more than deadband_pu "
            f"({controller.deadband_pu:g} pu)",
        )


def _load_shift(loc: Loc, controller: LoadShiftConfig, config: ScenarioConfig) -> Iterator[FieldError]:
    for j, name in enumerate(controller.datacenters or ()):
        if config.datacenter(name) is None:
            yield _unknown_site((*loc, "datacenters", j), name, config)
        if name in (controller.datacenters or ())[:j]:
            yield _wrong((*loc, "datacenters", j), f"{name!r} is listed twice")
    if controller.datacenters is None and len(config.datacenters) < 2:
        yield _wrong((*loc, "datacenters"), "load_shift needs at least two datacenters")
