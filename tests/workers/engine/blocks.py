"""Blocks of ticks made by hand: two bus-phases, a datacenter with two models, a regulator, a battery."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from openg2g.events import SimEvent

from gridcast.workers.engine.columns import Block, Control, Layout, SiteColumns

LAYOUT = Layout(
    width=20,
    voltages=slice(1, 3),
    sites={
        "dc": SiteColumns(
            labels=("small", "large"),
            power_w=slice(3, 6),
            batch=slice(6, 8),
            replicas=slice(8, 10),
            itl_s=slice(10, 12),
            model_power_w=slice(12, 14),
        )
    },
    regulators=("creg1a",),
    taps=slice(14, 15),
    storages={"battery": slice(15, 18)},
)
"""Columns 18 and 19 belong to nothing; no code may care."""


def row(tick: int, *, site: bool = True, grid: bool = True) -> list[float]:
    """Numbers that are recognisable in the stream; `large` is idle, so it has no latency."""
    nan = float("nan")
    voltages = [0.953124999, 1.000001] if grid else [nan, nan]
    dc = [1000.4 + tick, 2000.5, 2999.6, 128, 8, 10, 0, 0.0123449, nan, 5999.5, 0.0]
    storage = [-12.34567, 0.5, 0.123456789] if grid else [nan] * 3
    taps = [1.0375] if grid else [nan]
    return [tick / 10, *voltages, *(dc if site else [nan] * 11), *taps, *storage, 0.0, 0.0]


def block(
    first: int,
    rows: Sequence[list[float]],
    *,
    events: Sequence[SimEvent] = (),
    controls: Sequence[Control] = (),
) -> Block:
    numbers = np.array(rows)
    return Block(
        first=first,
        layout=LAYOUT,
        numbers=numbers,
        grid_due=~np.isnan(numbers[:, 1]),
        site_due={"dc": ~np.isnan(numbers[:, 3])},
        events=events,
        controls=controls,
    )
