"""From a block of ticks to the one `ticks` entry of the stream.

Rounded for people's eyes (recordings keep float64): 1e-5 pu, 1 W, 1e-5 s. A number that does not exist is `null`; NaN and
infinity never appear. All arrays are as long as the block; `taps` and `storage` are empty objects where there are none.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from openg2g.events import SimEvent
from openg2g.grid.config import TapPosition

from gridcast.recordings.rounding import (
    LATENCY_DIGITS,
    POWER_DIGITS,
    SOC_DIGITS,
    VOLTAGE_DIGITS,
    columns,
    elements,
    rows,
    whole,
)

from .columns import Block, Control, SiteColumns

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_DATACLASS


def ticks_entry(block: Block, *, now_s: float | None = None) -> bytes:
    """The entry, without `offset`. `now_s` is the entry's `ts`; default is now."""
    layout, numbers = block.layout, block.numbers
    return orjson.dumps(
        {
            "type": "ticks",
            "ts": time.time() if now_s is None else now_s,
            "first": block.first,
            "t_s": np.ascontiguousarray(numbers[:, 0]),
            "v": rows(np.round(numbers[:, layout.voltages], VOLTAGE_DIGITS), block.grid_due),
            "dc": {name: _site(numbers, site, block.site_due[name]) for name, site in layout.sites.items()},
            "taps": dict(zip(layout.regulators, columns(numbers[:, layout.taps]), strict=True)),
            "storage": {name: _storage(numbers[:, where]) for name, where in layout.storages.items()},
            "events": [event_entry(event) for event in block.events],
            "controls": [control_entry(control) for control in block.controls],
        },
        default=plain,
        option=_OPTIONS,
    )


def plain(value: object) -> Any:
    """What the payload of an OpenG2G event holds beside plain JSON, made plain."""
    if isinstance(value, TapPosition):
        return value.regulators
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _site(numbers: NDArray[np.float64], site: SiteColumns, due: NDArray[np.bool_]) -> dict[str, Any]:
    def by_label(values: NDArray[Any]) -> dict[str, Any]:
        return dict(zip(site.labels, columns(values), strict=True))

    def whole_by_label(where: slice) -> dict[str, Any]:
        found = by_label(whole(numbers[:, where], due))
        return {label: elements(column, due) for label, column in found.items()}

    return {
        "p_w": rows(whole(numbers[:, site.power_w], due), due),
        "batch": whole_by_label(site.batch),
        "replicas": whole_by_label(site.replicas),
        "itl_s": by_label(np.round(numbers[:, site.itl_s], LATENCY_DIGITS)),
        "power_w": whole_by_label(site.model_power_w),
    }


def _storage(values: NDArray[np.float64]) -> dict[str, Any]:
    power = columns(np.round(values[:, :2], POWER_DIGITS))
    soc = columns(np.round(values[:, 2:], SOC_DIGITS))
    return {"p_kw": power[0], "q_kvar": power[1], "soc": soc[0]}


def event_entry(event: SimEvent) -> dict[str, Any]:
    """An event as it stands in a `ticks` entry."""
    return {
        "tick": event.tick,
        "t_s": event.t_s,
        "source": event.source,
        "topic": event.topic,
        "data": event.data,
    }


def control_entry(control: Control) -> dict[str, Any]:
    """A control as it stands in a `ticks` entry."""
    told: dict[str, Any] = {"tick": control.tick, "by": control.by}
    if control.command_id is not None:
        told["command_id"] = control.command_id
    return {**told, "command": control.command, "args": control.args}
