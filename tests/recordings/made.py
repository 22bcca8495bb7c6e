"""A run made by hand, given out as its child would: entries for the log, chunks for the store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from openg2g.events import SimEvent

from gridcast.recordings.chunks import Chunk, file_name
from gridcast.recordings.columns import Column, arrow_schema, columns_of
from gridcast.recordings.rows import Rows, Selection
from gridcast.recordings.store import Store
from gridcast.recordings.writer import Rows as ChunkRows
from gridcast.recordings.writer import parquet
from gridcast.workers.engine.columns import Block, Control, Layout, SiteColumns
from gridcast.workers.engine.translate import control_entry, event_entry, ticks_entry

SESSION = "k3v9"

BUS_PHASES = [["671", "a"], ["671", "b"], ["684", "a"]]

_LAYOUT = Layout(
    width=20,
    voltages=slice(1, 4),
    sites={
        "dc": SiteColumns(
            labels=("small", "small.1"),
            power_w=slice(4, 7),
            batch=slice(7, 9),
            replicas=slice(9, 11),
            itl_s=slice(11, 13),
            model_power_w=slice(13, 15),
        )
    },
    regulators=("creg1a", "creg1b"),
    taps=slice(15, 17),
    storages={"battery": slice(17, 20)},
)


def schema(session_id: str = SESSION, *, n_ticks: int = 100_000, tick_s: float = 0.1) -> dict[str, Any]:
    """The `schema` entry."""
    models = [
        {"label": label, "gpus_per_replica": 1, "itl_deadline_s": 0.1, "feasible_batch_sizes": [8, 128]}
        for label in ("small", "small.1")
    ]
    return {
        "type": "schema",
        "ts": 1.0,
        "session_id": session_id,
        "scenario": "ieee13",
        "feeder": "ieee13",
        "seed": 0,
        "workload": "measured-figures",
        "tick_s": tick_s,
        "n_ticks": n_ticks,
        "v_min": 0.95,
        "v_max": 1.05,
        "bus_phases": BUS_PHASES,
        "datacenters": [{"name": "dc", "bus": "671", "models": models}],
        "regulators": ["creg1a", "creg1b"],
        "storages": [{"name": "battery", "bus": "671", "rated_power_kw": 10.0, "capacity_kwh": 20.0}],
        "controllers": [],
    }


class Made:
    """Ticks 0 to `ticks` - 1, all different and none of them round.

    The grid is due in every second tick, the datacenter in two of three; an event stands at every fourth tick, a control
    at every fifth.
    """

    def __init__(self, ticks: int, *, seed: int = 0, tick_s: float = 0.1, session_id: str = SESSION) -> None:
        self.session_id = session_id
        self.tick_s = tick_s
        self.ticks = ticks
        random = np.random.default_rng(seed)
        at = np.arange(ticks)
        numbers = random.normal(size=(ticks, _LAYOUT.width))
        numbers[:, 0] = at * tick_s
        numbers[:, 1:4] = 1 + numbers[:, 1:4] / 100
        numbers[:, 4:15] *= 1000
        numbers[:, 11:13] /= 1e5
        self.grid_due = at % 2 == 0
        self.site_due = at % 3 != 2
        numbers[~self.grid_due, 1:4] = np.nan
        numbers[~self.grid_due, 15:] = np.nan
        numbers[~self.site_due, 4:15] = np.nan
        numbers[at % 7 == 0, 12] = np.nan
        self.numbers: NDArray[np.float64] = numbers

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(columns_of(schema(self.session_id, tick_s=self.tick_s)))

    @property
    def everything(self) -> Selection:
        return Selection(of=self.columns, columns=self.columns, events=True, controls=True)

    def column(self, name: str) -> NDArray[np.float64]:
        """One column's numbers."""
        return self.numbers[:, [column.name for column in self.columns].index(name)]

    def rows(self, first: int, after: int) -> Rows:
        """Ticks as they were computed, without what happened in them."""
        return Rows(columns=self.columns, ticks=np.arange(first, after), numbers=self.numbers[first:after])

    def block(self, first: int, count: int) -> Block:
        after = first + count
        return Block(
            first=first,
            layout=_LAYOUT,
            numbers=self.numbers[first:after],
            grid_due=self.grid_due[first:after],
            site_due={"dc": self.site_due[first:after]},
            events=[self._event(tick) for tick in range(first, after) if tick % 4 == 0],
            controls=[self._control(tick) for tick in range(first, after) if tick % 5 == 0],
        )

    def _event(self, tick: int) -> SimEvent:
        return SimEvent(tick=tick, t_s=tick * self.tick_s, source="dc", topic="ramp", data={"n": tick})

    def _control(self, tick: int) -> Control:
        return Control(tick=tick, by="user:ada", command="set_taps", args={"n": tick}, command_id=f"c{tick}")

    def entry(self, first: int, count: int) -> bytes:
        """The `ticks` entry, without its offset."""
        return ticks_entry(self.block(first, count), now_s=2.0)

    def told(self, first: int, last: int) -> dict[str, Any]:
        """What one entry of the live stream would say of these ticks."""
        found: dict[str, Any] = orjson.loads(self.entry(first, last - first + 1))
        return found

    def record(self, store: Store, first: int, count: int, *, head: int = 0, token: int = 1) -> Chunk:
        """Write a chunk; answers with its record for the broker's list."""
        block = self.block(first, count)
        chunk = Chunk(
            name=file_name(first, token),
            first=first,
            ticks=count,
            size_bytes=0,
            digest=f"d{first + count}",
            head=head,
            token=token,
        )
        about = {"session_id": self.session_id, "first": first, "ticks": count, "digest": chunk.digest}
        data = parquet(
            arrow_schema(self.columns),
            ChunkRows(
                chunk=chunk,
                numbers=[block.numbers],
                events=_by_tick([event_entry(event) for event in block.events]),
                controls=_by_tick([control_entry(control) for control in block.controls]),
                about=about,
            ),
        )
        store.put(self.session_id, chunk.name, data)
        return Chunk.decode(orjson.dumps({**orjson.loads(chunk.encode()), "size_bytes": data.size}))


def _by_tick(told: Sequence[dict[str, Any]]) -> dict[int, str]:
    return {one["tick"]: orjson.dumps([one]).decode() for one in told}
