"""Two exports compared to the last bit, however their bytes arrive."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from gridcast.cli.difference import Compared, Difference, Value, first_difference
from tests.cli.watched_service import jsonl

TAPS = {"tick": 2, "by": "user:ada", "command_id": "c1", "command": "set_taps", "args": {"regulators": {}}}


def row(tick: int, **more: Any) -> dict[str, Any]:
    names = {
        "v.671.a": 1.0,
        "v.671.b": 0.99 - tick / 1000,
        "dc.dc1.p_w.c": 3.0 * tick,
        "dc.dc1.batch.Llama-3.1-8B": 128 + tick,
        "dc.dc1.itl_s.Llama-3.1-8B": None,
        "taps.reg1": 1.0,
        "storage.bat.soc": 0.5,
    }
    return {"tick": tick, "t_s": tick / 10, **names, "events": None, "controls": None, **more}


async def arriving(lines: list[bytes], size: int) -> AsyncGenerator[bytes]:
    whole = b"".join(lines)
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


async def compared(
    left: list[dict[str, Any]],
    right: list[dict[str, Any]],
    *,
    rounded_from: tuple[int | None, int | None] = (None, None),
    size: int = 50,
) -> Compared:
    ours = arriving(jsonl(left, rounded_from=rounded_from[0]), size)
    theirs = arriving(jsonl(right, rounded_from=rounded_from[1]), 70)
    return await first_difference(ours, theirs)


ROWS = [row(n) for n in range(8)]


@pytest.mark.parametrize("size", [1, 100, 10_000])
async def test_how_the_bytes_arrive_does_not_matter(size: int) -> None:
    assert await compared(ROWS, ROWS, size=size) == Compared(difference=None)


async def test_who_did_it_does_not_matter_and_what_was_done_does() -> None:
    left = [row(0), row(1), row(2, controls=[TAPS])]
    right = [*left[:2], row(2, controls=[{**TAPS, "by": "user:bob", "command_id": "c9"}])]
    assert (await compared(left, right)).difference is None
    found = (await compared(left, ROWS[:3])).difference
    assert found is not None
    assert (found.tick, [value.what for value in found.values]) == (2, ["controls"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("v.671.b", 0.9870000000000001, "voltage at 671.b (pu)"),
        ("v.671.b", None, "voltage at 671.b (pu)"),
        ("taps.reg1", 1.1, "tap of reg1"),
        ("storage.bat.soc", 0.4, "charge of bat"),
        ("dc.dc1.p_w.c", 9.000000000000002, "power of dc1, phase c (W)"),
        ("dc.dc1.batch.Llama-3.1-8B", 8, "batch size of Llama-3.1-8B at dc1"),
        ("dc.dc1.itl_s.Llama-3.1-8B", 0.1, "latency of Llama-3.1-8B at dc1 (s)"),
        ("new.column", 1, "new.column"),
    ],
)
async def test_the_first_tick_that_differs_is_found_and_named(name: str, value: Any, words: str) -> None:
    changed = [*ROWS[:3], row(3, **{name: value}), *[row(n, **{"taps.reg1": 9.0}) for n in range(4, 8)]]
    found = await compared(ROWS, changed)
    expected = Value(what=words, recorded=ROWS[3].get(name), replayed=value)
    assert found == Compared(difference=Difference(tick=3, t_s=0.3, values=[expected]))


async def test_a_run_that_ends_earlier_differs_there() -> None:
    found = await compared(ROWS[:5], ROWS)
    ends = Value(what="ticks", recorded="ended before", replayed="goes on")
    assert found == Compared(difference=Difference(tick=5, t_s=0.5, values=[ends]))


@pytest.mark.parametrize(
    ("rounded_from", "tick", "told"),
    [
        ((None, None), 2, False),
        ((0, 0), 2, False),
        ((2, None), None, True),
        ((None, 3), 2, False),
        ((2, 5), 5, True),
    ],
)
async def test_what_is_rounded_in_one_run_only_is_passed_over_and_told(
    rounded_from: tuple[int | None, int | None], tick: int | None, told: bool
) -> None:
    left = [*ROWS[:2], *[row(n, **{"v.671.a": 0.98001}) for n in range(2, 8)]]
    right = [*ROWS[:2], *[row(n, **{"v.671.a": 0.980011}) for n in range(2, 8)]]
    found = await compared(left, right, rounded_from=rounded_from)
    assert (found.difference.tick if found.difference else None) == tick
    assert (found.note is not None) == told


async def test_runs_without_ticks_do_not_differ() -> None:
    assert await compared([], []) == Compared(difference=None)
