"""`mode=latest` leaves out old ticks, says which, and leaves out nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import orjson

from gridcast.api.conflate import MAX_HELD, Conflation, Item
from gridcast.api.frames import Frame
from gridcast.broadcaster import Entry, Reset
from gridcast.broadcaster.names import Epoch
from tests.api.examples import stored, ticks


def status(offset: int) -> Entry:
    return stored(offset, {"type": "status", "ts": 1.0, "status": "paused", "tick": 0, "attempt": 1})


def told(items: Sequence[Item]) -> list[Any]:
    """Offsets, and holes as (from_offset, to_offset, from_tick, to_tick)."""
    found: list[Any] = []
    for item in items:
        if isinstance(item, Entry):
            found.append(item.offset)
        elif isinstance(item, Frame):
            hole = orjson.loads(item.payload)
            assert hole.pop("type") == "skipped"
            found.append(tuple(hole.values()))
        else:
            found.append("reset")
    return found


def conflated(entries: Sequence[Entry | Reset]) -> list[Any]:
    conflation = Conflation()
    out = [item for entry in entries for item in conflation.feed(entry)]
    return told(out + conflation.flush())


def test_a_viewer_that_keeps_up_gets_everything() -> None:
    conflation = Conflation()
    for offset in (1, 2, 3):
        assert told([*conflation.feed(stored(offset, ticks(offset * 5, 5))), *conflation.flush()]) == [offset]


def test_of_the_ticks_that_wait_the_newest_remain_and_the_hole_is_named() -> None:
    entries = [stored(n, ticks((n - 1) * 5, 5)) for n in (1, 2, 3, 4)]
    assert conflated(entries) == [(1, 3, 0, 14), 4]


def test_states_and_answers_are_never_left_out_and_split_the_hole() -> None:
    entries = [
        stored(1, ticks(0, 5)),
        stored(2, ticks(5, 5)),
        status(3),
        stored(4, ticks(10, 5)),
        stored(5, ticks(15, 5)),
    ]
    assert conflated(entries) == [(1, 2, 0, 9), 3, (4, 4, 10, 14), 5]


def test_the_last_ticks_before_a_last_status_are_kept() -> None:
    assert conflated([stored(1, ticks(0, 5)), stored(2, ticks(5, 5)), status(3)]) == [(1, 1, 0, 4), 2, 3]


def test_a_reset_comes_behind_what_was_before_it() -> None:
    reset = Reset(epoch=Epoch("e"), earliest_offset=1, earliest_tick=None, reason="epoch")
    assert conflated([stored(1, ticks(0, 5)), reset, stored(1, ticks(0, 5))]) == [1, "reset", 1]


def test_what_waits_behind_the_newest_ticks_is_bounded() -> None:
    conflation = Conflation()
    conflation.feed(stored(1, ticks(0, 1)))
    for offset in range(2, MAX_HELD + 1):
        assert conflation.feed(status(offset)) == []
    assert told(conflation.feed(status(MAX_HELD + 1))) == list(range(1, MAX_HELD + 2))


def test_every_offset_is_delivered_once_or_named_as_skipped_in_order() -> None:
    rng = random.Random(7)
    for _ in range(200):
        entries = [
            stored(n, ticks(n * 2, 2)) if rng.random() < 0.7 else status(n)
            for n in range(1, rng.randint(2, 30))
        ]
        conflation = Conflation()
        out: list[Item] = []
        for entry in entries:
            out += conflation.feed(entry)
            if rng.random() < 0.2:
                out += conflation.flush()
        covered: list[int] = []
        for item in told(out + conflation.flush()):
            covered += range(item[0], item[1] + 1) if isinstance(item, tuple) else [item]
        assert covered == [entry.offset for entry in entries]
