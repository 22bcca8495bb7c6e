"""The columns of a recording: what each is called, its unit, and the Arrow schema of a chunk.

One source of truth for writer and readers: all of it follows from a session's `schema` entry. The numbers stand in the
order of the matrix in which the session computed them, so a row of it is a row of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pyarrow as pa

TICK: Final = "tick"
T_S: Final = "t_s"
EVENTS: Final = "events"
CONTROLS: Final = "controls"

UNIT: Final = b"unit"
"""Key of a column's unit in its Arrow field's metadata; a number without one is dimensionless."""

_PHASES = "abc"
_BY_LABEL = (("batch", "requests"), ("replicas", "replicas"), ("itl_s", "s"), ("power_w", "W"))
_STORAGE = (("p_kw", "kW"), ("q_kvar", "kvar"), ("soc", "1"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of numbers. `path` says where it stands in a `ticks` entry: `("v", bus, phase)`,
    `("dc", site, "p_w", phase)`, `("dc", site, "batch", label)`, `("taps", regulator)`, `("storage", name, "soc")`;
    `name` is its parts with dots between them (a label may hold dots of its own)."""

    path: tuple[str, ...]
    unit: str

    @property
    def name(self) -> str:
        return ".".join(self.path)


def columns_of(schema: Mapping[str, Any]) -> list[Column]:
    """The columns of float64 numbers that a `schema` entry implies, in the order of the matrix; `t_s` is the first."""
    found = [Column(path=(T_S,), unit="s")]
    found += [Column(path=("v", bus, phase), unit="pu") for bus, phase in schema["bus_phases"]]
    for site in schema["datacenters"]:
        name, labels = site["name"], [model["label"] for model in site["models"]]
        found += [Column(path=("dc", name, "p_w", phase), unit="W") for phase in _PHASES]
        for part, unit in _BY_LABEL:
            found += [Column(path=("dc", name, part, label), unit=unit) for label in labels]
    found += [Column(path=("taps", regulator), unit="ratio") for regulator in schema["regulators"]]
    for storage in schema["storages"]:
        found += [Column(path=("storage", storage["name"], part), unit=unit) for part, unit in _STORAGE]
    return found


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """`tick`, the numbers, `events`, `controls`; numbers and texts may be null, `tick` and `t_s` never are."""
    return _arrow_schema(tuple(columns))


@cache
def _arrow_schema(columns: tuple[Column, ...]) -> pa.Schema:
    numbers = [
        pa.field(
            column.name, pa.float64(), nullable=column.name != T_S, metadata={UNIT: column.unit.encode()}
        )
        for column in columns
    ]
    return pa.schema(
        [
            pa.field(TICK, pa.int64(), nullable=False),
            *numbers,
            pa.field(EVENTS, pa.string()),
            pa.field(CONTROLS, pa.string()),
        ]
    )
