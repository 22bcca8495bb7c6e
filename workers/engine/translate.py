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

from .columns import Block, Control, SiteColumns

VOLTAGE_DIGITS = 5
LATENCY_DIGITS = 5
STORAGE_DIGITS = 3
"""Of kW and kvar, so that watts are whole here too."""
SOC_DIGITS = 6

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
            "v": _rows(np.round(numbers[:, layout.voltages], VOLTAGE_DIGITS), block.grid_due),
            "dc": {
                name: _site(numbers, columns, block.site_due[name]) for name, columns in layout.sites.items()
            },
            "taps": dict(zip(layout.regulators, _columns(numbers[:, layout.taps]), strict=True)),
            "storage": {name: _storage(numbers[:, where]) for name, where in layout.storages.items()},
            "events": [_event(event) for event in block.events],
            "controls": [_control(control) for control in block.controls],
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


def _site(numbers: NDArray[np.float64], columns: SiteColumns, due: NDArray[np.bool_]) -> dict[str, Any]:
    def by_label(values: NDArray[Any]) -> dict[str, Any]:
        return dict(zip(columns.labels, _columns(values), strict=True))

    def whole(where: slice) -> dict[str, Any]:
        return {
            label: _missing(column, due) for label, column in by_label(_whole(numbers[:, where], due)).items()
        }

    return {
        "p_w": _rows(_whole(numbers[:, columns.power_w], due), due),
        "batch": whole(columns.batch),
        "replicas": whole(columns.replicas),
        "itl_s": by_label(np.round(numbers[:, columns.itl_s], LATENCY_DIGITS)),
        "power_w": whole(columns.model_power_w),
    }


def _storage(values: NDArray[np.float64]) -> dict[str, Any]:
    power = _columns(np.round(values[:, :2], STORAGE_DIGITS))
    soc = _columns(np.round(values[:, 2:], SOC_DIGITS))
    return {"p_kw": power[0], "q_kvar": power[1], "soc": soc[0]}


def _whole(values: NDArray[np.float64], due: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Nearest whole numbers; rows that are not due hold 0, to be replaced by null."""
    if not due.all():
        values = np.where(due[:, None], values, 0.0)
    return np.rint(values).astype(np.int64)


def _columns(values: NDArray[Any]) -> list[NDArray[Any]]:
    """Each column as an array that orjson can write (it wants them contiguous)."""
    return list(np.ascontiguousarray(values.T))


def _rows(values: NDArray[Any], due: NDArray[np.bool_]) -> Any:
    """A row for each tick, null where nothing was due."""
    if due.all():
        return np.ascontiguousarray(values)
    return [row if there else None for row, there in zip(np.ascontiguousarray(values), due, strict=True)]


def _missing(column: NDArray[Any], due: NDArray[np.bool_]) -> Any:
    if due.all():
        return column
    return [value if there else None for value, there in zip(column.tolist(), due, strict=True)]


def _event(event: SimEvent) -> dict[str, Any]:
    return {
        "tick": event.tick,
        "t_s": event.t_s,
        "source": event.source,
        "topic": event.topic,
        "data": event.data,
    }


def _control(control: Control) -> dict[str, Any]:
    told: dict[str, Any] = {"tick": control.tick, "by": control.by}
    if control.command_id is not None:
        told["command_id"] = control.command_id
    return {**told, "command": control.command, "args": control.args}
