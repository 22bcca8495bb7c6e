"""Ticks as arrays, frames and tables: what does not exist is NaN or null, every column has its recording's name and unit."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from gridcast.client import MissingLibrary
from gridcast.client.ticks import Ticks, joined, ticks_of
from tests.client.scripted import numbers
from tests.goldens import golden

PHASES = [("671", "a"), ("671", "b")]


def of_golden() -> Ticks:
    return ticks_of(golden("ticks"), PHASES)


def test_a_row_that_was_not_due_is_nan() -> None:
    found = of_golden()
    assert (found.first, found.last, len(found)) == (5, 7, 3)
    assert found.t_s.tolist() == [0.5, 0.6, 0.7]
    np.testing.assert_array_equal(found.v_pu, [[0.95312, 1.0], [np.nan, np.nan], [0.95312, 1.0]])
    site = found.datacenters["dc"]
    np.testing.assert_array_equal(site.p_w, [[1005, 2000, 3000], [1006, 2000, 3000], [np.nan] * 3])
    assert np.isnan(site.itl_s["large"]).all()
    np.testing.assert_array_equal(found.taps["creg1a"], [1.0375, np.nan, 1.0375])
    np.testing.assert_array_equal(found.storages["battery"].q_kvar, [0.5, np.nan, 0.5])


def test_columns_are_named_and_ordered_as_in_a_recording() -> None:
    assert [(column.name, column.unit) for column in of_golden().columns()] == [
        ("v.671.a", "pu"),
        ("v.671.b", "pu"),
        ("dc.dc.p_w.a", "W"),
        ("dc.dc.p_w.b", "W"),
        ("dc.dc.p_w.c", "W"),
        ("dc.dc.batch.small", "requests"),
        ("dc.dc.batch.large", "requests"),
        ("dc.dc.replicas.small", "replicas"),
        ("dc.dc.replicas.large", "replicas"),
        ("dc.dc.itl_s.small", "s"),
        ("dc.dc.itl_s.large", "s"),
        ("dc.dc.power_w.small", "W"),
        ("dc.dc.power_w.large", "W"),
        ("taps.creg1a", "ratio"),
        ("storage.battery.p_kw", "kW"),
        ("storage.battery.q_kvar", "kvar"),
        ("storage.battery.soc", "1"),
    ]


def test_parts_that_were_not_asked_for_have_no_columns() -> None:
    document: dict[str, Any] = {"tick": [3, 9], "t_s": [0.3, 0.9]}
    assert list(ticks_of(document, PHASES).columns()) == []
    document |= {"dc": {"dc": {"batch": {"small": [1, None]}}}, "storage": {"battery": {"soc": [0.5, 0.6]}}}
    found = ticks_of(document, PHASES)
    assert [column.name for column in found.columns()] == ["dc.dc.batch.small", "storage.battery.soc"]
    assert found.to_pandas().index.tolist() == [3, 9]


def test_stretches_are_cut_and_joined_in_all_their_columns() -> None:
    found = of_golden()
    assert found.since(5).tick.tolist() == [5, 6, 7]
    late = found.since(7)
    assert late.tick.tolist() == [7]
    assert next(column.values.tolist() for column in late.columns()) == [0.95312]
    both = joined([found, late])
    assert both.tick.tolist() == [5, 6, 7, 7]
    assert {len(column.values) for column in both.columns()} == {4}


def test_a_frame_has_the_tick_as_its_index_and_knows_units() -> None:
    frame = of_golden().to_pandas()
    assert frame.index.name == "tick"
    assert frame.index.tolist() == [5, 6, 7]
    assert frame["t_s"].tolist() == [0.5, 0.6, 0.7]
    assert frame["v.671.a"].isna().tolist() == [False, True, False]
    assert frame.attrs["units"]["dc.dc.p_w.a"] == "W"


def test_a_table_has_nulls_and_units() -> None:
    table = ticks_of({"first": 0, **numbers(0, 1)}, [("671", "a"), ("671", "b"), ("684", "c")]).to_arrow()
    assert table.column_names == ["tick", "t_s", "v.671.a", "v.671.b", "v.684.c", "taps.reg1"]
    assert table["v.671.b"].null_count == 2
    assert table.schema.field("v.671.a").metadata == {b"unit": b"pu"}
    assert table["tick"].to_pylist() == [0, 1]


def test_without_pandas_a_frame_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingLibrary, match=r"pip install 'gridcast\[data\]'"):
        of_golden().to_pandas()
