"""Runs into which people command are those of OpenG2G with the same commands, and their record gives them again."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from typing import Any

import orjson
import pytest
from openg2g.datacenter.command import SetBatchSize, ShiftReplicas
from openg2g.grid.command import SetStoragePower, SetTaps
from openg2g.grid.config import TapPosition

from gridcast.scenarios import resolve
from gridcast.workers.engine.build import build_stock
from gridcast.workers.engine.controls import CONTROLS, apply_control
from gridcast.workers.engine.fingerprint import fingerprint
from gridcast.workers.engine.simulation import Simulation
from gridcast.workers.engine.steer import Refused
from tests.workers.engine.runs import first_difference, in_process
from tests.workers.engine.test_controls import started
from tests.workers.engine.test_identity import EVERYTHING

Given = tuple[int, str, dict[str, Any]]
"""(tick, command, arguments)."""


def _any_args(simulation: Simulation, chance: random.Random) -> tuple[str, dict[str, Any]]:
    """A command that is taken more often than not."""
    command = chance.choice(list(CONTROLS))
    if command == "set_taps":
        some = chance.sample(simulation.regulators, k=2)
        return command, {"regulators": {name: chance.uniform(0.895, 1.1) for name in some}}
    if command == "set_storage_power":
        storage = chance.choice(list(simulation.storages.values()))
        kw, kvar = (chance.uniform(-0.8, 0.8) * storage.rated_power_kw for _ in range(2))
        return command, {"storage": storage.name, "power_kw": kw, "reactive_power_kvar": kvar}
    if command == "set_controller":
        return command, {
            "name": chance.choice(list(simulation.controllers)),
            "enabled": chance.random() < 0.5,
        }
    here = chance.choice(list(simulation.datacenters.values()))
    model = chance.choice(here.models)
    if command == "shift_replicas":
        delta = chance.choice([-1000, -40, -4, -1, 1, 4, 40, 1000])
        return command, {"datacenter": here.name, "model": model.label, "replica_delta": delta}
    size = chance.choice([*model.feasible_batch_sizes, 7])
    return command, {"datacenter": here.name, "batch_size_by_model": {model.label: size}}


def _digest(output: Any) -> str:
    return sha256(fingerprint(output)).hexdigest()


def _steered(overrides: dict[str, Any], seed: int) -> tuple[list[str], bytes, int]:
    """Digests of a run with random commands, those that were taken as JSON, and how many were not."""
    chance = random.Random(seed)
    simulation = started("ieee123", overrides)
    digests: list[str] = []
    taken: list[Given] = []
    refused = 0
    for tick in range(simulation.coordinator.n_ticks):
        for _ in range(chance.choice([0, 0, 1, 4])):
            command, args = _any_args(simulation, chance)
            try:
                taken.append((tick, command, apply_control(simulation, command, args)))
            except Refused:
                refused += 1
        digests.append(_digest(simulation.coordinator.step()))
    return digests, orjson.dumps(taken), refused


def _replayed(overrides: dict[str, Any], record: bytes) -> tuple[list[str], bytes]:
    """Digests of a run with recorded commands, and what was recorded of them this time."""
    recorded: list[Given] = orjson.loads(record)
    simulation = started("ieee123", overrides)
    digests: list[str] = []
    taken: list[Given] = []
    for tick in range(simulation.coordinator.n_ticks):
        for at, command, args in recorded:
            if at == tick:
                taken.append((tick, command, apply_control(simulation, command, args)))
        digests.append(_digest(simulation.coordinator.step()))
    return digests, orjson.dumps(taken)


def _stock(overrides: dict[str, Any], record: bytes) -> list[str]:
    """Digests of OpenG2G's own run, into which the recorded commands are dispatched as OpenG2G's."""
    recorded: list[Given] = orjson.loads(record)
    config = resolve("ieee123", overrides)
    coordinator = build_stock(config)
    sites = {here.name: here for here in coordinator._datacenters}
    batteries = {att.storage.name: att.storage for att in coordinator.grid._storage_attachments}
    controllers = dict(zip((c.name for c in config.controllers), coordinator.controllers, strict=True))
    off: set[str] = set()
    coordinator.reset()
    coordinator.start()
    digests: list[str] = []
    for tick in range(config.n_ticks):
        for at, command, args in recorded:
            if at != tick:
                continue
            match command:
                case "set_batch_size":
                    sizes, target = args["batch_size_by_model"], sites[args["datacenter"]]
                    coordinator.dispatch_commands([SetBatchSize(batch_size_by_model=sizes, target=target)])
                case "shift_replicas":
                    target = sites[args["datacenter"]]
                    coordinator.dispatch_commands(
                        [ShiftReplicas(args["model"], args["replica_delta"], target=target)]
                    )
                case "set_taps":
                    coordinator.dispatch_commands([SetTaps(TapPosition(regulators=args["regulators"]))])
                case "set_storage_power":
                    battery = batteries[args["storage"]]
                    coordinator.dispatch_commands(
                        [SetStoragePower(battery, args["power_kw"], args["reactive_power_kvar"])]
                    )
                case "set_controller":
                    off = off - {args["name"]} if args["enabled"] else off | {args["name"]}
        coordinator.controllers[:] = [c for name, c in controllers.items() if name not in off]
        digests.append(_digest(coordinator.step()))
    return digests


@pytest.mark.parametrize("seed", range(3))
def test_random_commands_have_the_effect_of_openg2gs_own_and_their_record_gives_the_same_run(
    processes: ProcessPoolExecutor, seed: int
) -> None:
    digests, record, refused = in_process(processes, _steered, EVERYTHING, seed)
    taken = orjson.loads(record)
    assert len(taken) > 60
    assert refused > 20
    assert {command for _, command, _ in taken} == set(CONTROLS)
    stock = processes.submit(_stock, EVERYTHING, record)
    again, record_again = in_process(processes, _replayed, EVERYTHING, record)
    assert first_difference(digests, again) is None
    assert record_again == record
    assert first_difference(digests, stock.result(timeout=100)) is None
