"""People's commands that touch the simulation: checked against it as it is now, then applied between two ticks.

They act from the tick whose turn it is. A command and a controller may move the same thing: whoever comes later wins,
and controllers step at the end of a tick, after the person's command. So:

- Batch sizes: OFO and the rule-based controller keep a batch size of their own (a logarithm, not rounded) and set it
  again at their next step, as if nobody had touched it (the rule-based one only while a voltage is out of bounds). To
  hold a value, switch the controller off with `set_controller`; switched on again, it goes on from what it had.
- Taps: a `tap_schedule` sets a regulator only at its times; in between, what a person set stays. Switched off over
  such a time, it catches up when it is switched on again; so does a `batch_size_schedule`.
- Batteries: a droop controller sets its batteries again at each of its steps.
- Replicas: shifts by people and by `load_shift` add up, on top of the scheduled count. The sum is kept also where the
  schedule later falls below it: the count is then zero, and grows again only beyond it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import hypot
from typing import Any, Final

from openg2g.datacenter.command import DatacenterCommand, SetBatchSize, ShiftReplicas
from openg2g.grid.command import GridCommand, SetStoragePower, SetTaps
from openg2g.grid.config import TapPosition

from gridcast.scenarios import Overload, first_overload, replicas_at
from gridcast.scenarios.datacenters import DatacenterConfig, ModelDeployment
from gridcast.scenarios.errors import listed, shown

from .arguments import by_name, fields, number, one_of, whole
from .errors import RefusedCommand
from .simulation import Simulation
from .steer import Args, Refused

LOWEST_TAP: Final = 0.9
HIGHEST_TAP: Final = 1.1
"""The range of the protocol, and of the regulators: 16 steps of 0.00625 about 1."""

_ROUNDS = 64
"""Looks for the shift that would fit: together they cost less than a check, as each starts where the last one ended."""


def apply_control(simulation: Simulation, command: str, args: Args) -> dict[str, Any]:
    """Check a command, one of `CONTROLS`, against a started simulation and apply it before the next tick.

    Returns its arguments as they took effect: plain JSON, floats where a number is measured and ints where it is
    counted, names in the order of the scenario. Applied again at the same tick of the same run, also after a way through
    JSON, they are returned unchanged and every later tick is the same to the last bit.

    The answer depends on the state of the simulation alone, not on the length of the run, so that a fork with another
    duration takes what its parent took.

    Raises:
        Refused: nothing changed.
    """
    control = CONTROLS.get(command)
    if control is None:
        raise Refused(f"unknown command {shown(command)}; allowed: {listed(CONTROLS)}")
    return control(simulation, args)


def _set_batch_size(simulation: Simulation, args: Args) -> dict[str, Any]:
    fields(args, "datacenter", "batch_size_by_model")
    site = simulation.datacenters[one_of("datacenter", args["datacenter"], simulation.datacenters)]
    feasible = {model.label: model.feasible_batch_sizes for model in site.models}
    wanted = by_name("batch_size_by_model", args["batch_size_by_model"], feasible)
    for label, size in wanted.items():
        if isinstance(size, bool) or not isinstance(size, int) or size not in feasible[label]:
            raise Refused(f"the batch size of {label} is {shown(size)}; allowed: {listed(feasible[label])}")
    sizes = {label: wanted[label] for label in feasible if label in wanted}
    _dispatch(simulation, SetBatchSize(batch_size_by_model=dict(sizes), target=site.backend))
    return {"datacenter": site.name, "batch_size_by_model": sizes}


def _shift_replicas(simulation: Simulation, args: Args) -> dict[str, Any]:
    fields(args, "datacenter", "model", "replica_delta")
    site = simulation.datacenters[one_of("datacenter", args["datacenter"], simulation.datacenters)]
    label = one_of("model", args["model"], [model.label for model in site.models])
    delta = whole("replica_delta", args["replica_delta"])
    _check_shift(simulation, site.name, label, delta)
    _dispatch(simulation, ShiftReplicas(model_label=label, replica_delta=delta, target=site.backend))
    return {"datacenter": site.name, "model": label, "replica_delta": delta}


def _set_taps(simulation: Simulation, args: Args) -> dict[str, Any]:
    fields(args, "regulators")
    wanted = by_name("regulators", args["regulators"], simulation.regulators)
    ratios = {
        name: number(f"the ratio of {name}", wanted[name], LOWEST_TAP, HIGHEST_TAP)
        for name in simulation.regulators
        if name in wanted
    }
    _dispatch(simulation, SetTaps(tap_position=TapPosition(regulators=ratios)))
    return {"regulators": ratios}


def _set_storage_power(simulation: Simulation, args: Args) -> dict[str, Any]:
    fields(args, "storage", "power_kw", "reactive_power_kvar")
    storage = simulation.storages[one_of("storage", args["storage"], simulation.storages)]
    rated_kw, rated_kva = storage.rated_power_kw, float(storage.resource.rated_apparent_power_kva)
    power_kw = number("power_kw", args["power_kw"], -rated_kw, rated_kw, unit=" kW")
    kvar = number("reactive_power_kvar", args["reactive_power_kvar"], -rated_kva, rated_kva, unit=" kvar")
    apparent_kva = hypot(power_kw, kvar)
    if apparent_kva > rated_kva:
        raise Refused(
            f"{power_kw:.10g} kW and {kvar:.10g} kvar are {apparent_kva:.10g} kVA; "
            f"{storage.name} is rated {rated_kva:.10g} kVA"
        )
    _dispatch(
        simulation,
        SetStoragePower(storage=storage.resource, power_kw=power_kw, reactive_power_kvar=kvar),
    )
    return {"storage": storage.name, "power_kw": power_kw, "reactive_power_kvar": kvar}


def _set_controller(simulation: Simulation, args: Args) -> dict[str, Any]:
    fields(args, "name", "enabled")
    coordinator = simulation.coordinator
    name = one_of("name", args["name"], simulation.controllers)
    enabled = args["enabled"]
    if not isinstance(enabled, bool):
        raise Refused(f"enabled is {shown(enabled)}; allowed: true, false")
    if coordinator.enabled[name] is enabled:
        raise Refused(f"the controller {name} is {'enabled' if enabled else 'disabled'} already")
    coordinator.set_enabled(name, enabled)
    return {"name": name, "enabled": enabled}


def _check_shift(simulation: Simulation, site: str, label: str, delta: int) -> None:
    """Refuse a shift that takes away more than there is now, or adds what will not fit now or on a ramp to come."""
    datacenter = simulation.config.datacenter(site)
    model = datacenter.model(label) if datacenter else None
    if datacenter is None or model is None:
        raise LookupError(f"{site} with {label} is in the simulation, but not in its scenario")
    if delta == 0:
        raise Refused("replica_delta is 0, which changes nothing; allowed are other whole numbers")
    t_s = simulation.coordinator.clock.time_s
    offsets: dict[str, int] = dict(simulation.datacenters[site].backend._replica_offset_by_model)
    if delta < 0:
        replicas = max(0, replicas_at(model, t_s) + offsets[label])
        if replicas + delta < 0:
            raise Refused(
                f"replica_delta is {shown(delta)}; {site} has {replicas} replicas of {label} now, "
                f"allowed is {-replicas} or more"
            )
        return
    # beyond this it never fits, and is too large to be counted exactly
    limit = datacenter.total_gpu_capacity // model.gpus_per_replica + abs(offsets[label]) + 1
    tried = min(delta, limit)
    overload = first_overload(datacenter, {**offsets, label: offsets[label] + tried}, t_s)
    if overload is not None:
        why = overload if tried == delta else f"{site} has only {overload.gpu_capacity} GPUs"
        most = _most(datacenter, model, offsets, overload, tried)
        allowed = "" if most is None else f"; allowed is {most} or less" if most else "; no more of them fit"
        raise Refused(f"replica_delta of {label} is {shown(delta)}: {why}{allowed}")


def _most(
    datacenter: DatacenterConfig,
    model: ModelDeployment,
    offsets: Mapping[str, int],
    overload: Overload,
    delta: int,
) -> int | None:
    """The largest shift that fits, smaller than the one that overloads; None where it takes too long to tell."""
    per_server, label = datacenter.gpus_per_server, model.label
    for _ in range(_ROUNDS):
        base = replicas_at(model, overload.t_s) + offsets[label]
        need = max(0, base + delta) * model.gpus_per_replica
        servers = -(-need // per_server)
        room = min(
            need - max(0, overload.gpus - overload.gpu_capacity),
            (servers - max(0, overload.servers - overload.server_capacity)) * per_server,
        )
        delta = room // model.gpus_per_replica - base
        if room < 0 or delta <= 0:  # without room, others overload it by themselves
            return 0
        # what fitted before this moment fits with fewer too
        found = first_overload(datacenter, {**offsets, label: offsets[label] + delta}, overload.t_s)
        if found is None:
            return delta
        overload = found
    return None


def _dispatch(simulation: Simulation, command: DatacenterCommand | GridCommand) -> None:
    try:
        simulation.coordinator.dispatch_commands([command])
    except RefusedCommand as error:
        raise Refused(str(error)) from error


CONTROLS: Final[Mapping[str, Callable[[Simulation, Args], dict[str, Any]]]] = {
    "set_batch_size": _set_batch_size,
    "shift_replicas": _shift_replicas,
    "set_taps": _set_taps,
    "set_storage_power": _set_storage_power,
    "set_controller": _set_controller,
}
"""The commands of the protocol that touch the simulation, and so count for the digest."""
