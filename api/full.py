"""The `full` format: one self-contained frame per tick instead of columnar `ticks` entries.

Each entry is translated once per process, whoever watches, and kept in a cache of bounded size.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gridcast.broadcaster import Channel, Entry
from gridcast.broadcaster.names import Epoch

from .frames import Frame

CACHE_BYTES = 16 << 20
_FRAME_OVERHEAD = 200
_PHASES = ("a", "b", "c")

BusPhases = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Tick:
    """One translated tick."""

    tick: int
    frame: Frame


def translate(entry: Mapping[str, Any], bus_phases: BusPhases) -> list[dict[str, Any]]:
    """The `tick` frames of a `ticks` entry, in order.

    A datacenter or a grid that was not due in a tick is left out or `null` there; so is a phase that a bus lacks.
    """
    first: int = entry["first"]
    controls = _by_tick(entry.get("controls", ()))
    events = _by_tick(entry.get("events", ()))
    rows: Sequence[Sequence[float | None] | None] = entry["v"]
    frames = []
    for i, t_s in enumerate(entry["t_s"]):
        tick = first + i
        frames.append(
            {
                "type": "tick",
                "offset": entry["offset"],
                "tick": tick,
                "t_s": t_s,
                "dc_states": _datacenters(entry.get("dc", {}), i),
                "grid_state": None
                if rows[i] is None
                else _grid(rows[i] or (), bus_phases, entry.get("taps", {}), i),
                "commands": controls.get(tick, []),
                "sim_events": events.get(tick, []),
            }
        )
    return frames


def _by_tick(items: Iterable[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = {}
    for item in items:
        found.setdefault(item["tick"], []).append(item)
    return found


def _grid(
    row: Sequence[float | None], bus_phases: BusPhases, taps: Mapping[str, Sequence[float | None]], i: int
) -> dict[str, Any]:
    voltages: dict[str, dict[str, float | None]] = {}
    for (bus, phase), v_pu in zip(bus_phases, row, strict=True):
        voltages.setdefault(bus, {"a": None, "b": None, "c": None})[phase] = v_pu
    return {"voltages": voltages, "tap_positions": {name: ratios[i] for name, ratios in taps.items()}}


def _datacenters(columns: Mapping[str, Mapping[str, Any]], i: int) -> dict[str, Any]:
    def at(by_model: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        return {label: values[i] for label, values in by_model.items()}

    return {
        name: {
            "power_w": dict(zip(_PHASES, column["p_w"][i], strict=True)),
            "batch_size_by_model": at(column["batch"]),
            "active_replicas_by_model": at(column["replicas"]),
            "observed_itl_s_by_model": at(column["itl_s"]),
            "power_by_model_w": at(column["power_w"]),
        }
        for name, column in columns.items()
        if column["p_w"][i] is not None
    }


class FullCache:
    """Translated entries, the least recently used dropped first."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[Channel, Epoch, int], tuple[list[Tick], int]] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        return self._bytes

    def ticks(self, channel: Channel, epoch: Epoch, entry: Entry, bus_phases: BusPhases) -> list[Tick]:
        """The ticks of a `ticks` entry, translated now or before."""
        key = (channel, epoch, entry.offset)
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
            return known[0]
        translated = translate(orjson.loads(entry.data), bus_phases)
        ticks = [Tick(frame["tick"], Frame(orjson.dumps(frame))) for frame in translated]
        # Twice: the payload and the frame around it.
        size = sum(2 * len(tick.frame.payload) + _FRAME_OVERHEAD for tick in ticks)
        self._kept[key] = (ticks, size)
        self._bytes += size
        while self._bytes > self._max_bytes and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1][1]
        return ticks
