"""Where two recorded runs part: their logs compared tick by tick, however the ticks were gathered into entries.

A log holds rounded numbers (1e-5 pu, 1 W, 1e-5 s), so runs whose logs agree may still differ by less than that.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from gridcast.client import JSON, Entry, JSONObject

COLUMNS: Final = ("t_s", "v", "dc", "taps", "storage")
"""Parts of a `ticks` entry that hold one value a tick, at any depth."""
PACING: Final = frozenset({"pause", "resume", "step", "run_until", "speed", "stop"})
"""Commands that do not touch what is computed."""
ABSENT: Final = "-"
PHASES: Final = "abc"

Path = tuple[str, ...]

_SITE_WORDS: Final = {
    "batch": "batch size of {label} at {site}",
    "replicas": "replicas of {label} at {site}",
    "itl_s": "latency of {label} at {site} (s)",
    "power_w": "power of {label} at {site} (W)",
}
_STORAGE_WORDS: Final = {
    "p_kw": "power of {name} (kW)",
    "q_kvar": "reactive power of {name} (kvar)",
    "soc": "charge of {name}",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One tick of a log: its values by their path in the entry, and what touched the simulation in it."""

    tick: int
    values: dict[Path, JSON]
    controls: list[tuple[JSON, JSON]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One thing that differs, in words, with both values."""

    what: str
    recorded: JSON
    replayed: JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The first tick that differs, and all that differs in it."""

    tick: int
    t_s: float | None
    values: list[Value]


@dataclass(kw_only=True)
class Recording:
    """A session's log while it is read. `rows` may be read once."""

    entries: AsyncIterator[Entry]
    bus_phases: list[str] = field(default_factory=list)
    """Labels of the voltages, known once the schema was read."""
    first_tick: int | None = None
    """First tick that the log still holds, known once a row was read; None: none was."""

    async def rows(self) -> AsyncGenerator[Row]:
        """The ticks that the log holds, in order; where it was trimmed they begin later than 0."""
        async for entry in self.entries:
            if entry.get("type") == "schema":
                pairs = entry.get("bus_phases")
                self.bus_phases = (
                    [".".join(map(str, pair)) for pair in pairs if isinstance(pair, list)]
                    if isinstance(pairs, list)
                    else []
                )
            elif entry.get("type") == "ticks":
                for row in rows_of(entry):
                    if self.first_tick is None:
                        self.first_tick = row.tick
                    yield row


def rows_of(entry: Entry) -> Iterator[Row]:
    """The ticks of one `ticks` entry."""
    columns = dict(_columns({name: entry.get(name) for name in COLUMNS}, ()))
    times = columns.get(("t_s",), [])
    first = entry.get("first")
    start = first if isinstance(first, int) else 0
    controls: dict[int, list[tuple[JSON, JSON]]] = {}
    listed = entry.get("controls")
    for control in listed if isinstance(listed, list) else []:
        if isinstance(control, dict) and control.get("command") not in PACING:
            tick = control.get("tick")
            if isinstance(tick, int):
                controls.setdefault(tick, []).append((control.get("command"), control.get("args")))
    for n in range(len(times)):
        yield Row(
            tick=start + n,
            values={path: column[n] for path, column in columns.items()},
            controls=controls.get(start + n, []),
        )


def _columns(part: JSONObject, path: Path) -> Iterator[tuple[Path, list[JSON]]]:
    for name, value in part.items():
        if isinstance(value, dict):
            yield from _columns(value, (*path, name))
        elif isinstance(value, list):
            yield (*path, name), value


async def first_difference(recorded: Recording, replayed: Recording) -> Difference | None:
    """The first tick in which two logs differ, among those that both hold; None where they agree as far as they go."""
    ours, theirs = recorded.rows(), replayed.rows()
    try:
        left, right = await anext(ours, None), await anext(theirs, None)
        while left is not None and right is not None:
            if left.tick < right.tick:
                left = await anext(ours, None)
            elif right.tick < left.tick:
                right = await anext(theirs, None)
            elif (left.values, left.controls) != (right.values, right.controls):
                return _between(left, right, recorded.bus_phases or replayed.bus_phases)
            else:
                left, right = await anext(ours, None), await anext(theirs, None)
        if left is None and right is None:
            return None
        longer = left or right
        assert longer is not None
        ends = Value(
            what="ticks",
            recorded="goes on" if left else "ended before",
            replayed="goes on" if right else "ended before",
        )
        return Difference(tick=longer.tick, t_s=_time(longer), values=[ends])
    finally:
        await ours.aclose()
        await theirs.aclose()


def _between(left: Row, right: Row, bus_phases: list[str]) -> Difference:
    found: list[Value] = []
    if left.controls != right.controls:
        found.append(Value(what="controls", recorded=_told(left), replayed=_told(right)))
    for path in dict.fromkeys([*left.values, *right.values]):
        ours, theirs = left.values.get(path, ABSENT), right.values.get(path, ABSENT)
        if ours == theirs:
            continue
        if isinstance(ours, list) and isinstance(theirs, list):
            for n, (one, other) in enumerate(zip_longest(ours, theirs, fillvalue=ABSENT)):
                if one != other:
                    found.append(Value(what=_words(path, n, bus_phases), recorded=one, replayed=other))
        else:
            found.append(Value(what=_words(path, None, bus_phases), recorded=ours, replayed=theirs))
    return Difference(tick=left.tick, t_s=_time(left), values=found)


def _told(row: Row) -> JSON:
    return [{"command": command, "args": args} for command, args in row.controls]


def _time(row: Row) -> float | None:
    t_s = row.values.get(("t_s",))
    return float(t_s) if isinstance(t_s, (int, float)) else None


def _words(path: Path, n: int | None, bus_phases: list[str]) -> str:
    match path:
        case ("v",):
            return "voltages (pu)" if n is None else f"voltage at {_label(bus_phases, n)} (pu)"
        case ("dc", site, "p_w"):
            return f"power of {site} (W)" if n is None else f"power of {site}, phase {_label(PHASES, n)} (W)"
        case ("dc", site, kind, label) if kind in _SITE_WORDS:
            return _SITE_WORDS[kind].format(site=site, label=label)
        case ("taps", regulator):
            return f"tap of {regulator}"
        case ("storage", name, kind) if kind in _STORAGE_WORDS:
            return _STORAGE_WORDS[kind].format(name=name)
        case _:
            return ".".join(path) + ("" if n is None else f"[{n}]")


def _label(labels: Sequence[str], n: int) -> str:
    return labels[n] if n < len(labels) else str(n)
