"""Runs side by side, as the service tells them and as tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridcast.client.comparison import comparison_of
from tests.client.scripted import Scripted


def answer(*titles: str) -> dict[str, Any]:
    """Runs r0, r1, ...: the n-th had 10 n seconds of violations, and ended after n + 1 points."""
    runs = [f"r{n}" for n in range(len(titles))]
    session = Scripted().document()
    return {
        "sessions": [{**session, "id": run, "title": title} for run, title in zip(runs, titles, strict=True)],
        "parameters": [{"path": "seed", "values": {run: n or None for n, run in enumerate(runs)}}],
        "summary": {
            "violation_time_s": {run: 10 * n for n, run in enumerate(runs)},
            "by_model": {run: {"Llama": 1.0} for run in runs},
        },
        "differences": {
            "violation_time_s": {run: 10 * n for n, run in enumerate(runs)},
            "by_model": dict.fromkeys(runs),
        },
        "series": {
            "t_s": [0.0, 60.0],
            **{run: {"v_min": [0.95, 0.96 if n else None]} for n, run in enumerate(runs)},
        },
        "step_s": 60.0,
        "max_points": 2,
        "left_out": ["taps.creg1a"],
        "missing": {"r0": [[0, 4], [9, 9]]} if titles[0] == "no control" else {},
    }


def test_metrics_that_are_numbers_make_a_table_with_differences_to_the_first_run() -> None:
    table = comparison_of(answer("no control", "OFO", "taps")).summary_table()
    assert table.columns.tolist() == ["no control", "OFO", "taps", "OFO, difference", "taps, difference"]
    assert table.index.tolist() == ["violation_time_s"]
    assert table.loc["violation_time_s"].tolist() == [0, 10, 20, 10, 20]


def test_runs_of_one_title_are_told_apart_by_their_ids() -> None:
    compared = comparison_of(answer("OFO", "OFO"))
    assert compared.parameter_table().columns.tolist() == ["r0", "r1"]
    assert compared.parameters == {"seed": {"r0": None, "r1": 1}}


def test_series_stand_side_by_side_and_end_with_their_runs() -> None:
    compared = comparison_of(answer("no control", "OFO"))
    table = compared.series_table("v_min")
    assert table.index.tolist() == [0.0, 60.0]
    np.testing.assert_array_equal(table, [[0.95, 0.95], [np.nan, 0.96]])
    assert compared.left_out == ("taps.creg1a",)
    assert compared.missing == {"r0": ((0, 4), (9, 9))}
    with pytest.raises(KeyError):
        compared.series_table("v_mean")
