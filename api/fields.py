"""`fields=`: which columns of a run an answer is to hold."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from gridcast.recordings.columns import CONTROLS, EVENTS, T_S, TICK, Column
from gridcast.recordings.rows import Selection

from .failures import Fault, invalid

ALWAYS: Final = frozenset({TICK, T_S})
MAX_NAMED: Final = 12
"""Names that a refusal tells; a feeder has hundreds."""


def everything(columns: Sequence[Column]) -> Selection:
    """All of a run."""
    return Selection(of=tuple(columns), columns=tuple(columns), events=True, controls=True)


def select(columns: Sequence[Column], fields: str | None) -> Selection:
    """The columns that are named, or whose names begin with the parts that are named; all where `fields` is `None`.

    The three phases of a datacenter's power come together: a row of `p_w` always has all of them.

    Raises:
        Failure: a name is none of this run's; it says what is.
    """
    if fields is None:
        return everything(columns)
    names = [name.strip() for name in fields.split(",")]
    texts = {EVENTS, CONTROLS}
    faults, wanted = [], set(ALWAYS)
    for name in names:
        found = {column.name for column in columns if name in _beginnings(column)}
        if not found and name not in texts | ALWAYS:
            faults.append(Fault(("fields",), _unknown(name, columns)))
        wanted |= found
    if faults:
        raise invalid(faults)
    powers = {column.path[:3] for column in columns if column.name in wanted and _is_power(column)}
    return Selection(
        of=tuple(columns),
        columns=tuple(column for column in columns if column.name in wanted or column.path[:3] in powers),
        events=EVENTS in names,
        controls=CONTROLS in names,
    )


def _beginnings(column: Column) -> list[str]:
    """`v`, `v.671`, `v.671.a`: a part may hold dots of its own, and is not cut there."""
    return [".".join(column.path[:depth]) for depth in range(1, len(column.path) + 1)]


def _is_power(column: Column) -> bool:
    return column.path[0] == "dc" and column.path[2] == "p_w"


def _unknown(name: str, columns: Sequence[Column]) -> str:
    """What is allowed instead: names like it, else the beginnings of all names."""
    beginnings = {beginning for column in columns for beginning in _beginnings(column)}
    like = difflib.get_close_matches(name[:100], beginnings, n=MAX_NAMED, cutoff=0.6)
    if not like:
        like = sorted(
            {".".join(column.path[:2]) if column.path[0] == "dc" else column.path[0] for column in columns}
        )
        like = [*like[:MAX_NAMED], EVENTS, CONTROLS]
    return (
        f"this run has no {name[:100]!r}; allowed are its columns and their beginnings at a dot, such as "
        f"{', '.join(like)}"
    )
