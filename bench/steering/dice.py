"""Random commands for one session."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

Asked = tuple[str, dict[str, Any]]
"""(command, arguments)."""


class Dice:
    """Random commands for one session, every other one such that it must be refused; a seed gives the same again."""

    def __init__(self, schema: Mapping[str, Any], seed: int) -> None:
        self._schema = schema
        self._chance = random.Random(seed)

    def roll(self) -> tuple[str, dict[str, Any], bool]:
        """(command, arguments, whether it is well-formed and within the limits; it may still mean nothing now)."""
        sound = self._chance.random() < 0.5
        command, args = self._chance.choice(self._sound() if sound else self._unsound())
        return command, args, sound

    def _sound(self) -> list[Asked]:
        chance, schema = self._chance, self._schema
        site = chance.choice(schema["datacenters"])
        model = chance.choice(site["models"])
        size = chance.choice(model["feasible_batch_sizes"])
        taps = {chance.choice(schema["regulators"]): chance.uniform(0.9, 1.1)}
        here = {"datacenter": site["name"]}
        bus, phase = chance.choice(schema["bus_phases"])
        asked: list[Asked] = [
            ("set_batch_size", {**here, "batch_size_by_model": {model["label"]: size}}),
            (
                "shift_replicas",
                {**here, "model": model["label"], "replica_delta": chance.choice([-3, -1, 1, 3])},
            ),
            ("set_taps", {"regulators": taps}),
            ("speed", {"x": chance.choice([5, 10, 20])}),
            ("pause", {}),
            ("step", {"ticks": chance.randint(1, 20)}),
            ("run_until", {"bus": bus, "phase": phase, "below": chance.uniform(0.9, 1.1)}),
            ("resume", {}),
            ("resume", {}),
        ]
        for storage in schema["storages"]:
            kw = chance.uniform(-0.9, 0.9) * storage["rated_power_kw"]
            asked.append(
                ("set_storage_power", {"storage": storage["name"], "power_kw": kw, "reactive_power_kvar": 0})
            )
        asked += [
            ("set_controller", {"name": controller["name"], "enabled": chance.random() < 0.5})
            for controller in schema["controllers"]
        ]
        return asked

    def _unsound(self) -> list[Asked]:
        chance, schema = self._chance, self._schema
        site = chance.choice(schema["datacenters"])
        label = site["models"][0]["label"]
        here = {"datacenter": site["name"]}
        return [
            ("fly", {}),
            ("pause", {"for_s": 5}),
            ("speed", {"x": chance.choice([0, -1, 5000, "fast", None])}),
            ("step", {"ticks": chance.choice([0, -1, 1.5, "all"])}),
            ("run_until", {"t_s": chance.choice([-1, 1e9, "noon"])}),
            ("set_batch_size", {**here, "batch_size_by_model": {label: chance.choice([0, 7, -16, "big"])}}),
            ("set_batch_size", {"datacenter": "nowhere", "batch_size_by_model": {label: 16}}),
            (
                "shift_replicas",
                {**here, "model": label, "replica_delta": chance.choice([0, -(10**9), 10**9])},
            ),
            ("set_taps", {"regulators": {schema["regulators"][0]: chance.choice([0.5, 1.2, None])}}),
            ("set_storage_power", {"storage": "nothing", "power_kw": 1, "reactive_power_kvar": 0}),
            ("set_controller", {"name": "nobody", "enabled": True}),
        ]
