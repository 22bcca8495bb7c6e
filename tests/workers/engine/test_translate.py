"""The `ticks` entry: columnar, rounded, with null for what does not exist."""

from __future__ import annotations

from typing import Any

import orjson
from openg2g.events import SimEvent
from openg2g.grid.config import TapPosition

from gridcast.workers.engine.columns import Control
from gridcast.workers.engine.translate import ticks_entry
from tests.goldens import golden, on_the_wire
from tests.workers.engine.blocks import block, row

EVENT = SimEvent(
    tick=6,
    t_s=0.6,
    source="controller",
    topic="controller.tap_schedule.fired",
    data={"tap_position": TapPosition(regulators={"creg1a": 1.0375})},
)
CONTROL = Control(tick=6, by="controller:taps", command="set_taps", args={"regulators": {"creg1a": 1.0375}})
PERSONS = Control(
    tick=5, by="user:ada", command="set_taps", args={"regulators": {"creg1a": 1.0}}, command_id="c1"
)


def entry(*rows: list[float], first: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(ticks_entry(block(first, rows)))
    return found


def test_the_entry_is_the_golden_one() -> None:
    rows = [row(5), row(6, grid=False), row(7, site=False)]
    found = ticks_entry(block(5, rows, events=[EVENT], controls=[PERSONS, CONTROL]))
    assert on_the_wire(found, offset=4) == golden("ticks")


def test_every_column_is_as_long_as_the_block() -> None:
    found = entry(*(row(n) for n in range(7)))
    dc = found["dc"]["dc"]
    columns = [found["t_s"], found["v"], dc["p_w"], found["taps"]["creg1a"]]
    columns += [values for name in ("batch", "replicas", "itl_s", "power_w") for values in dc[name].values()]
    columns += found["storage"]["battery"].values()
    assert {len(column) for column in columns} == {7}


def test_numbers_are_rounded_for_the_stream() -> None:
    found = entry(row(0))
    assert found["v"] == [[0.95312, 1.0]]
    assert found["dc"]["dc"]["p_w"] == [[1000, 2000, 3000]]
    assert found["dc"]["dc"]["itl_s"]["small"] == [0.01234]
    assert found["storage"]["battery"] == {"p_kw": [-12.346], "q_kvar": [0.5], "soc": [0.123457]}


def test_whole_numbers_are_written_as_such() -> None:
    raw = ticks_entry(block(0, [row(0)]))
    assert b'"batch":{"small":[128],"large":[8]}' in raw
    assert b'"p_w":[[1000,2000,3000]]' in raw


def test_an_idle_model_has_no_latency() -> None:
    assert entry(row(0))["dc"]["dc"]["itl_s"]["large"] == [None]


def test_a_component_that_was_not_due_is_null() -> None:
    found = entry(row(0), row(1, grid=False), row(2, site=False))
    dc = found["dc"]["dc"]
    assert [v is None for v in found["v"]] == [False, True, False]
    assert [p is None for p in dc["p_w"]] == [False, False, True]
    assert dc["batch"]["small"] == [128, 128, None]
    assert dc["itl_s"]["small"] == [0.01234, 0.01234, None]
    assert found["taps"]["creg1a"] == [1.0375, None, 1.0375]


def test_a_missing_phase_is_null() -> None:
    without = row(0)
    without[1] = 1.0
    without[2] = float("nan")
    assert entry(without)["v"] == [[1.0, None]]


def test_neither_nan_nor_infinity_appears() -> None:
    rows = [row(0), row(1, grid=False, site=False)]
    raw = ticks_entry(block(0, rows, events=[SimEvent(0, 0.0, "grid", "x", {"v": float("inf")})]))
    assert b"NaN" not in raw
    assert b"Infinity" not in raw
