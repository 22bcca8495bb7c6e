"""Two logs compared tick by tick, however their ticks were gathered into entries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gridcast.cli.difference import Difference, Recording, Value, first_difference

SCHEMA = {"type": "schema", "bus_phases": [["671", "a"], ["671", "b"]]}
PAUSE = {"tick": 2, "by": "user:ada", "command": "pause", "args": {}}
TAPS = {"tick": 2, "by": "user:ada", "command_id": "c1", "command": "set_taps", "args": {"regulators": {}}}


def ticks(first: int, count: int, **more: Any) -> dict[str, Any]:
    numbers = range(first, first + count)
    return {
        "type": "ticks",
        "ts": first,
        "first": first,
        "t_s": [n / 10 for n in numbers],
        "v": [[1.0, 0.99 - n / 1000] if n % 2 else None for n in numbers],
        "dc": {
            "dc1": {
                "p_w": [[n, 2 * n, 3 * n] for n in numbers],
                "batch": {"Llama": [128 + n for n in numbers]},
            }
        },
        "taps": {"reg1": [1.0] * count},
        "storage": {"bat": {"soc": [0.5] * count}},
        "events": [],
        "controls": [],
        **more,
    }


async def log(*entries: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    for entry in (SCHEMA, *entries):
        yield entry


async def compared(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> Difference | None:
    return await first_difference(Recording(entries=log(*left)), Recording(entries=log(*right)))


async def test_how_ticks_were_gathered_does_not_matter() -> None:
    left = [ticks(0, 7), {"type": "command", "command": "pause"}, ticks(7, 1)]
    right = [ticks(n, 1) for n in range(8)]
    assert await compared(left, right) is None


async def test_who_did_it_and_when_it_was_paused_does_not_matter() -> None:
    left = [ticks(0, 4, controls=[PAUSE, TAPS])]
    right = [ticks(0, 4, controls=[{**TAPS, "by": "user:bob", "command_id": "c9"}])]
    assert await compared(left, right) is None
    found = await compared(left, [ticks(0, 4)])
    assert found is not None
    assert (found.tick, [value.what for value in found.values]) == (2, ["controls"])


@pytest.mark.parametrize(
    ("changed", "tick", "value"),
    [
        ({"v": [None, [1.0, 0.98]]}, 3, Value(what="voltage at 671.b (pu)", recorded=0.987, replayed=0.98)),
        ({"v": [None, None]}, 3, Value(what="voltages (pu)", recorded=[1.0, 0.987], replayed=None)),
        ({"taps": {"reg1": [1.0, 1.1]}}, 3, Value(what="tap of reg1", recorded=1.0, replayed=1.1)),
        ({"taps": {}}, 2, Value(what="tap of reg1", recorded=1.0, replayed="-")),
        (
            {"storage": {"bat": {"soc": [0.4, 0.5]}}},
            2,
            Value(what="charge of bat", recorded=0.5, replayed=0.4),
        ),
        (
            {"dc": {"dc1": {"p_w": [[2, 4, 7], [3, 6, 9]], "batch": {"Llama": [130, 131]}}}},
            2,
            Value(what="power of dc1, phase c (W)", recorded=6, replayed=7),
        ),
        (
            {"dc": {"dc1": {"p_w": [[2, 4, 6], [3, 6, 9]], "batch": {"Llama": [130, 8]}}}},
            3,
            Value(what="batch size of Llama at dc1", recorded=131, replayed=8),
        ),
    ],
)
async def test_the_first_tick_that_differs_is_found_and_named(
    changed: dict[str, Any], tick: int, value: Value
) -> None:
    found = await compared([ticks(0, 8)], [ticks(0, 2), ticks(2, 2, **changed), ticks(4, 4)])
    assert found == Difference(tick=tick, t_s=tick / 10, values=[value])


async def test_ticks_that_one_log_does_not_hold_are_passed_over() -> None:
    left, right = Recording(entries=log(ticks(3, 5))), Recording(entries=log(ticks(0, 8)))
    assert await first_difference(left, right) is None
    assert (left.first_tick, right.first_tick) == (3, 0)


async def test_a_log_that_ends_earlier_differs_there() -> None:
    found = await compared([ticks(0, 5)], [ticks(0, 8)])
    assert found == Difference(
        tick=5, t_s=0.5, values=[Value(what="ticks", recorded="ended before", replayed="goes on")]
    )


async def test_an_empty_log_has_nothing_to_compare() -> None:
    empty = Recording(entries=log())
    found = await first_difference(empty, Recording(entries=log(ticks(0, 2))))
    assert found is not None
    assert (found.tick, empty.first_tick) == (0, None)
