"""`fields=`: which columns of a run an answer is to hold."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import Final

from gridcast.recordings.columns import CONTROLS, EVENTS, T_S, TICK, Column
from gridcast.recordings.rows import Selection

from .failures import Fault, invalid

ALWAYS: Final = frozenset({TICK, T_S})
MAX_NAMED: Final = 12
"""Names that a refusal tells; a feeder has hundreds."""
MAX_UNKNOWN: Final = 3
"""Wrong names that a refusal tells: to look for names like one takes a millisecond, and a request may hold thousands."""


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
    names = dict.fromkeys(name.strip() for name in fields.split(","))
    texts = {EVENTS, CONTROLS}
    known = _by_beginning(columns)
    unknown = [name for name in names if name not in known and name not in texts | ALWAYS]
    if unknown:
        raise invalid([Fault(("fields",), _unknown(name, columns, known)) for name in unknown[:MAX_UNKNOWN]])
    wanted = ALWAYS.union(*(known.get(name, ()) for name in names))
    powers = {column.path[:3] for column in columns if column.name in wanted and _is_power(column)}
    return Selection(
        of=tuple(columns),
        columns=tuple(column for column in columns if column.name in wanted or column.path[:3] in powers),
        events=EVENTS in names,
        controls=CONTROLS in names,
    )


def _by_beginning(columns: Sequence[Column]) -> dict[str, list[str]]:
    """Names by their beginnings, `v`, `v.671`, `v.671.a`: a part may hold dots of its own, and is not cut there."""
    found: dict[str, list[str]] = {}
    for column in columns:
        for depth in range(1, len(column.path) + 1):
            found.setdefault(".".join(column.path[:depth]), []).append(column.name)
    return found


def _is_power(column: Column) -> bool:
    return column.path[0] == "dc" and column.path[2] == "p_w"


def _unknown(name: str, columns: Sequence[Column], known: Collection[str]) -> str:
    """What is allowed instead: names like it, else the beginnings of all names."""
    like = difflib.get_close_matches(name[:100], known, n=MAX_NAMED, cutoff=0.6)
    if not like:
        like = sorted(
            {".".join(column.path[:2]) if column.path[0] == "dc" else column.path[0] for column in columns}
        )
        like = [*like[:MAX_NAMED], EVENTS, CONTROLS]
    return (
        f"this run has no {name[:100]!r}; allowed are its columns and their beginnings at a dot, such as "
        f"{', '.join(like)}"
    )
