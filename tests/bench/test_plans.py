"""The model of what things cost, and the plans that docs/scaling.md draws from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.model import Load, Model, fit
from bench.simulate import BUSY, MEASURED, PLANS, Plan, broker_wait_ms, costs_in, plan

TRUE = Model(
    us={
        "api": {"one": 2000, "watched": 30, "woken_by_watched": 180, "deliveries": 10},
        "broker": {"one": 5000, "entries": 60, "woken_by_entries": 190, "fanned": 20},
        "workers": {"one": 30000, "sessions": 500, "entries": 1000},
    }
)
LOADS = [
    Load(),
    Load(sessions=10, entries=100),
    Load(sessions=2, entries=300, watched=300, deliveries=300),
    Load(sessions=1, entries=50, watched=50, deliveries=5000),
    Load(sessions=40, entries=400, watched=200, deliveries=900),
    Load(sessions=40, entries=3000, watched=2000, deliveries=3000),
]
SCALING = Path(__file__).parents[2] / "docs" / "scaling.md"


def cores(load: Load) -> dict[str, float]:
    return {part: TRUE.cores(part, load) for part in TRUE.us}


def test_a_fit_finds_the_costs_that_are_there() -> None:
    found = fit([(load, cores(load)) for load in LOADS])
    for part, costs in TRUE.us.items():
        assert found.us[part] == pytest.approx(costs)


def test_no_cost_is_below_zero() -> None:
    """Of a load that costs less than nothing at all, a line would say that more of it makes a service cheaper."""
    found = fit([(load, dict.fromkeys(TRUE.us, 0.5 - load.sessions / 1000)) for load in LOADS])
    assert all(cost >= 0 for costs in found.us.values() for cost in costs.values())


@pytest.mark.parametrize("wanted", PLANS, ids=lambda wanted: wanted.name)
def test_no_process_of_a_plan_is_busier_than_planned(wanted: Plan) -> None:
    fleet = plan(TRUE, wanted)
    assert fleet.broker_share <= BUSY
    assert fleet.apis >= fleet.brokers
    a_second = wanted.viewers * 10
    assert fleet.apis * BUSY * 1e6 >= a_second * TRUE.us["api"]["deliveries"]


def test_more_viewers_never_need_less() -> None:
    fleets = [plan(TRUE, Plan(name="", sessions=100, viewers=viewers)) for viewers in (0, 1_000, 100_000)]
    assert [fleet.apis for fleet in fleets] == sorted(fleet.apis for fleet in fleets)
    assert [fleet.brokers for fleet in fleets] == sorted(fleet.brokers for fleet in fleets)


def test_calls_wait_for_each_other_only_where_there_are_many() -> None:
    alone = broker_wait_ms(TRUE, Load(sessions=1, entries=10))
    many = broker_wait_ms(TRUE, Load(sessions=900, entries=9000))
    assert alone == pytest.approx((0.06 + 0.19 / 1.03, 0.06 + 0.19 / 1.03))
    assert many[1] > 2 * many[0], "nobody waits though the broker is busy"


@pytest.mark.parametrize("wanted", PLANS, ids=lambda wanted: wanted.name)
def test_the_page_has_the_plans_that_the_costs_lead_to(wanted: Plan) -> None:
    fleet = plan(costs_in(MEASURED), wanted)
    (row,) = [line for line in SCALING.read_text().splitlines() if line.startswith(f"| {wanted.name} |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert int(cells[1].split()[0]) == fleet.brokers
    assert int(cells[3]) == fleet.apis
    assert float(cells[4]) == pytest.approx(fleet.worker_cores, rel=0.05, abs=0.05)
