"""Where two runs part: their exports compared line by line, to the last bit, in constant memory."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import orjson

from gridcast.client import JSON, JSONObject

EVENTS: Final = "events"
"""Follow from what was computed, so they are not compared."""
CONTROLS: Final = "controls"
TICK: Final = "tick"
NEVER: Final = sys.maxsize

_WORDS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"v\.(?P<at>.+)", "voltage at {at} (pu)"),
        (r"dc\.(?P<site>.+?)\.p_w\.(?P<phase>.)", "power of {site}, phase {phase} (W)"),
        (r"dc\.(?P<site>.+?)\.batch\.(?P<label>.+)", "batch size of {label} at {site}"),
        (r"dc\.(?P<site>.+?)\.replicas\.(?P<label>.+)", "replicas of {label} at {site}"),
        (r"dc\.(?P<site>.+?)\.itl_s\.(?P<label>.+)", "latency of {label} at {site} (s)"),
        (r"dc\.(?P<site>.+?)\.power_w\.(?P<label>.+)", "power of {label} at {site} (W)"),
        (r"taps\.(?P<name>.+)", "tap of {name}"),
        (r"storage\.(?P<name>.+)\.p_kw", "power of {name} (kW)"),
        (r"storage\.(?P<name>.+)\.q_kvar", "reactive power of {name} (kvar)"),
        (r"storage\.(?P<name>.+)\.soc", "charge of {name}"),
    )
)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What became of a comparison. `note` says what could not be compared."""

    difference: Difference | None
    note: str | None = None


async def first_difference(recorded: AsyncGenerator[bytes], replayed: AsyncGenerator[bytes]) -> Compared:
    """The first tick in which two runs differ; both are exports as JSONL: a line about the run, then one for each tick.

    Who sent a command does not matter. An export is float64 where the run was recorded and rounded behind that; ticks
    that are rounded in one of them only are passed over.

    Raises:
        ClientError: an export cannot be had, or broke off.
    """
    async with aclosing(_lines(recorded)) as ours, aclosing(_lines(replayed)) as theirs:
        begins = [_rounded_from(await anext(lines, b"{}")) for lines in (ours, theirs)]
        vague = range(min(begins), max(begins))
        passed_over: list[int] = []
        found: Difference | None = None
        while found is None:
            left, right = await anext(ours, None), await anext(theirs, None)
            if left is None and right is None:
                break
            if left is None or right is None:
                found = _ended(left, right)
            elif left != right:
                row = orjson.loads(left)
                if row[TICK] in vague:
                    passed_over = [*passed_over[:1], row[TICK]]
                elif values := _values(row, orjson.loads(right)):
                    found = Difference(tick=row[TICK], t_s=row.get("t_s"), values=values)
    note = None
    if passed_over:
        first, last = passed_over[0], passed_over[-1]
        note = f"ticks {first} to {last} are recorded of one run only, so they could not be compared"
    return Compared(difference=found, note=note)


def _rounded_from(about: bytes) -> int:
    first = orjson.loads(about).get("rounded_from")
    return first if isinstance(first, int) else NEVER


def _ended(left: bytes | None, right: bytes | None) -> Difference:
    row: JSONObject = orjson.loads(left or right or b"{}")
    ends = Value(
        what="ticks",
        recorded="goes on" if left else "ended before",
        replayed="goes on" if right else "ended before",
    )
    tick, t_s = row.get(TICK), row.get("t_s")
    return Difference(
        tick=tick if isinstance(tick, int) else 0,
        t_s=float(t_s) if isinstance(t_s, (int, float)) else None,
        values=[ends],
    )


def _values(ours: JSONObject, theirs: JSONObject) -> list[Value]:
    found = []
    for name in dict.fromkeys([CONTROLS, *ours, *theirs]):
        one, other = ours.get(name), theirs.get(name)
        if name == CONTROLS:
            one, other = _deeds(one), _deeds(other)
        if one != other and name != EVENTS:
            found.append(Value(what=_words(name), recorded=one, replayed=other))
    return found


def _deeds(controls: JSON) -> JSON:
    """What was done, without who did it."""
    listed = controls if isinstance(controls, list) else []
    return [
        {"command": control.get("command"), "args": control.get("args")}
        for control in listed
        if isinstance(control, dict)
    ]


def _words(column: str) -> str:
    for pattern, words in _WORDS:
        if match := pattern.fullmatch(column):
            return words.format(**match.groupdict())
    return column


async def _lines(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    rest = b""
    async with aclosing(chunks):
        async for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line
    if rest:
        yield rest
