"""How much power a feeder hosts, read off curves of which the answer is known."""

from __future__ import annotations

from typing import Any

import pytest

from gridcast.workers.operations.hosting import hosting_limit


def point(scale: float, low: float = 1.0, high: float = 1.0) -> dict[str, Any]:
    return {
        "status": "done",
        "scale": scale,
        "mean_power_kw": 1000 * scale,
        "worst_vmin": low,
        "worst_vmax": high,
    }


def limit(*curve: dict[str, Any]) -> dict[str, Any] | None:
    return hosting_limit(curve, v_min=0.95, v_max=1.05)


def test_the_limit_is_where_the_worst_voltage_crosses_the_band() -> None:
    found = limit(point(0.0, 0.99), point(1.0, 0.96), point(2.0, 0.92), point(3.0, 0.99))
    assert found is not None
    assert (found["scale"], found["mean_power_kw"]) == (pytest.approx(1.25), pytest.approx(1250))
    assert found["limited_by"] == "undervoltage"


def test_a_voltage_that_is_just_in_the_band_violates_nothing_and_just_beside_it_does() -> None:
    assert limit(point(0.0), point(1.0, 0.95, 1.05)) is None
    found = limit(point(0.0, 0.95), point(1.0, 0.95 - 1e-9))
    assert found == {"scale": 0.0, "mean_power_kw": 0.0, "limited_by": "undervoltage"}


def test_both_sides_limit_where_the_first_of_them_does() -> None:
    found = limit(point(1.0, 0.96, 1.03), point(2.0, 0.94, 1.13))
    assert found == {
        "scale": pytest.approx(1.2),
        "mean_power_kw": pytest.approx(1200),
        "limited_by": "both",
    }


def test_a_point_that_diverged_has_no_voltage_so_the_last_good_one_is_the_limit() -> None:
    found = limit(point(0.5), point(1.0, 0.96), {"status": "diverged", "scale": 2.0, "worst_vmin": None})
    assert found == {"scale": 1.0, "mean_power_kw": 1000.0, "limited_by": "diverged"}


def test_points_that_say_nothing_of_the_feeder_are_passed_over() -> None:
    refused = {"status": "refused", "scale": 1.5, "worst_vmin": None, "worst_vmax": None}
    assert limit(point(1.0, 0.96), refused, point(2.0, 0.96)) is None
    found = limit(point(1.0, 0.97), refused, point(2.0, 0.93))
    assert found is not None
    assert found["scale"] == pytest.approx(1.5)


def test_a_feeder_that_is_too_high_without_load_is_measured_from_its_first_good_point() -> None:
    found = limit(point(0.0, 1.0, 1.06), point(1.0, 0.98), point(2.0, 0.93))
    assert found is not None
    assert found["scale"] == pytest.approx(1.6)


def test_without_any_good_point_nothing_is_hosted_and_without_a_bad_one_there_is_no_limit() -> None:
    found = limit(point(0.0, 0.94), point(1.0, 0.90))
    assert found == {"scale": 0.0, "mean_power_kw": 0.0, "limited_by": "undervoltage"}
    assert limit(point(0.0), point(1.0)) is None
    assert limit({"status": "failed"}) is None
