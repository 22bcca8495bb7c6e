"""One tick as bytes: equal bytes mean equal outputs, to the last bit of every float.

Objects that commands point at are told by name, so that ticks of different processes compare.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from openg2g.coordinator import TickOutput
from openg2g.datacenter.base import DatacenterBackend
from openg2g.grid.base import BusVoltages
from openg2g.grid.config import TapPosition
from openg2g.grid.storage import EnergyStorage


def fingerprint(output: TickOutput[Any, Any]) -> bytes:
    """Every field of a tick, in order; TypeError for anything but plain values, so that nothing is compared loosely."""
    return b"".join(_encoded(output))


def _encoded(value: Any) -> Iterator[bytes]:
    kind = type(value)
    if kind is float:
        yield b"f" + struct.pack("<d", value)
    elif value is None or kind in (bool, int, str):
        yield repr(value).encode() + b";"
    elif isinstance(value, DatacenterBackend | EnergyStorage):
        yield f"@{value.name};".encode()
    elif isinstance(value, BusVoltages):
        yield b"V"
        for bus in value.buses():
            phases = value[bus]
            yield bus.encode() + struct.pack("<3d", phases.a, phases.b, phases.c)
    elif isinstance(value, TapPosition):
        yield from _encoded(value.regulators)
    elif kind is dict:
        yield b"{%d" % len(value)
        for key, item in value.items():
            yield from _encoded(key)
            yield from _encoded(item)
    elif kind in (list, tuple):
        yield b"[%d" % len(value)
        for item in value:
            yield from _encoded(item)
    elif is_dataclass(value):
        yield kind.__name__.encode()
        for field in fields(value):
            yield from _encoded(getattr(value, field.name))
    else:
        raise TypeError(f"cannot compare a {kind.__name__}")
