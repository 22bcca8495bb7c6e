"""Entries as a session's child writes them, small enough to read."""

from __future__ import annotations

from typing import Any

import orjson

from gridcast.broadcaster import Entry

BUS_PHASES = [["671", "a"], ["671", "b"], ["671", "c"], ["684", "a"], ["684", "c"]]


def schema(session_id: str, n_ticks: int) -> dict[str, Any]:
    return {
        "type": "schema",
        "ts": 1.0,
        "session_id": session_id,
        "scenario": "ieee13",
        "feeder": "ieee13",
        "seed": 0,
        "workload": "measured-figures",
        "tick_s": 0.1,
        "n_ticks": n_ticks,
        "v_min": 0.95,
        "v_max": 1.05,
        "bus_phases": BUS_PHASES,
        "datacenters": [],
        "regulators": ["reg1"],
        "storages": [],
        "controllers": [],
    }


def ticks(first: int, count: int, *, padding: int = 0) -> dict[str, Any]:
    """A `ticks` entry; the grid is due in every second tick, the datacenter in every tick but the fourth."""
    numbers = range(first, first + count)
    entry: dict[str, Any] = {
        "type": "ticks",
        "ts": 2.0,
        "first": first,
        "t_s": [round(n * 0.1, 3) for n in numbers],
        "v": [None if n % 2 else [1.0, 0.99, 0.98 + n / 1e6, None, 1.01] for n in numbers],
        "dc": {
            "dc1": {
                "p_w": [None if n % 4 == 3 else [100 + n, 200, 300] for n in numbers],
                "batch": {"Llama": [128] * count},
                "replicas": {"Llama": [7] * count},
                "itl_s": {"Llama": [None if n % 2 else 0.05 for n in numbers]},
                "power_w": {"Llama": [600] * count},
            }
        },
        "taps": {"reg1": [1.0125] * count},
        "storage": {},
        "events": [{"tick": first, "t_s": first / 10, "source": "dc1", "topic": "ramp", "data": {}}],
        "controls": [
            {
                "tick": first + count - 1,
                "by": "user:ada",
                "command_id": "c1",
                "command": "set_taps",
                "args": {},
            }
        ],
    }
    if padding:
        entry["padding"] = "x" * padding
    return entry


def stored(offset: int, entry: dict[str, Any]) -> Entry:
    """The entry as the log holds it."""
    return Entry(offset, orjson.dumps({"offset": offset, **entry}))
