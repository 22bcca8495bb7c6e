"""What an analysis wants to know of a run beside its metrics, kept up block by block in constant memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .columns import Block
from .simulation import Simulation

SWING_PU = 0.005
"""A voltage must come back by so much to count as a reversal: more than what the noise of the measured loads moves it,
less than one step of a regulator (0.00625)."""

SETTLED_SHARE = 1.0 / 3.0
"""Of a run: what its beginning stirs up counts for nothing until then."""

Floats = NDArray[np.float64]


class Reversals:
    """Counts, for each of several signals, how often it turned round and went at least `swing` the other way.

    The turning points are those of a zigzag filter: a signal that goes one way has turned once it is `swing` away from
    the farthest it has been. Signals may have NaN nowhere.
    """

    def __init__(self, signals: int, swing: float) -> None:
        self._swing = swing
        self._high = np.full(signals, -np.inf)
        self._low = np.full(signals, np.inf)
        self._way = np.zeros(signals, dtype=np.int8)
        self.counts = np.zeros(signals, dtype=np.int64)

    def add(self, rows: Floats) -> None:
        """Take the next samples, one row each."""
        if not len(rows):
            return
        high = np.maximum(self._high, rows.max(axis=0))
        low = np.minimum(self._low, rows.min(axis=0))
        # Most signals stay within the swing most of the time, and need not be walked through.
        turns = ((self._way != -1) & (high - rows.min(axis=0) >= self._swing)) | (
            (self._way != 1) & (rows.max(axis=0) - low >= self._swing)
        )
        walked = np.flatnonzero(turns)
        if len(walked):
            at_high, at_low = self._high[walked], self._low[walked]
            way, counts = self._way[walked], self.counts[walked]
            for row in rows[:, walked]:
                np.maximum(at_high, row, out=at_high)
                np.minimum(at_low, row, out=at_low)
                down = (way != -1) & (at_high - row >= self._swing)
                up = (way != 1) & (row - at_low >= self._swing) & ~down
                turned = down | up
                if turned.any():
                    counts += turned & (way != 0)
                    way = np.where(down, -1, np.where(up, 1, way)).astype(np.int8)
                    at_high, at_low = np.where(turned, row, at_high), np.where(turned, row, at_low)
            high[walked], low[walked] = at_high, at_low
            self._way[walked], self.counts[walked] = way, counts
        self._high, self._low = high, low


@dataclass(slots=True)
class _Power:
    """Of all datacenters together; what was not due keeps what it had."""

    last_w: dict[str, float] = field(default_factory=dict)
    ticks: int = 0
    sum_w: float = 0.0
    max_w: float = 0.0

    def add(self, block: Block) -> None:
        total = np.zeros(len(block))
        for name, columns in block.layout.sites.items():
            power_w = block.numbers[:, columns.power_w].sum(axis=1)
            due = block.site_due[name]
            if not due.all():
                latest = np.maximum.accumulate(np.where(due, np.arange(len(block)), -1))
                held = self.last_w.get(name, 0.0)
                power_w = np.where(latest >= 0, power_w[np.maximum(latest, 0)], held)
            self.last_w[name] = float(power_w[-1])
            total += power_w
        self.ticks += len(block)
        self.sum_w += float(total.sum())
        self.max_w = max(self.max_w, float(total.max()))


class Facts:
    """Facts of all blocks added so far."""

    def __init__(self, *, n_ticks: int, tick_s: float, signals: int) -> None:
        self._power = _Power()
        self._from_tick = round(n_ticks * SETTLED_SHARE)
        self._tick_s = tick_s
        self._reversals = Reversals(signals, SWING_PU)
        self._watched_ticks = 0

    @classmethod
    def of(cls, simulation: Simulation) -> Facts:
        """Of a simulation that has started."""
        config = simulation.config
        return cls(n_ticks=config.n_ticks, tick_s=config.tick_s, signals=len(simulation.bus_phases))

    def add(self, block: Block) -> None:
        """Add the ticks of a block, at least one."""
        self._power.add(block)
        begin = max(0, self._from_tick - block.first)
        if begin < len(block):
            self._watched_ticks += len(block) - begin
            due = block.grid_due[begin:]
            self._reversals.add(block.numbers[begin:, block.layout.voltages][due])

    def told(self) -> dict[str, float]:
        """`mean_power_kw` and `max_power_kw` of all datacenters together; of the bus-phase that reversed most often after
        the first third of the run, `reversals` in all and `oscillation` a minute."""
        power = self._power
        reversals = int(self._reversals.counts.max(initial=0))
        minutes = self._watched_ticks * self._tick_s / 60.0
        return {
            "mean_power_kw": power.sum_w / max(1, power.ticks) / 1000.0,
            "max_power_kw": power.max_w / 1000.0,
            "reversals": reversals,
            "oscillation": reversals / minutes if minutes else 0.0,
        }
