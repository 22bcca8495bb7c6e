"""The feeder tables are complete, connected, and count what their sources count."""

from __future__ import annotations

import json

import pytest

from gridcast.scenarios import FEEDERS, load_feeder


@pytest.mark.parametrize(
    ("name", "buses", "bus_phases", "monitored", "three_phase", "sites", "loads", "regulators"),
    [
        ("ieee13", 16, 41, 32, 11, 7, 14, 3),
        ("ieee34", 37, 95, 67, 29, 20, 68, 6),
        ("ieee123", 132, 278, 253, 71, 64, 91, 7),
    ],
)
def test_the_tables_count_what_their_sources_count(
    name: str,
    buses: int,
    bus_phases: int,
    monitored: int,
    three_phase: int,
    sites: int,
    loads: int,
    regulators: int,
) -> None:
    feeder = load_feeder(name)
    assert len(feeder.buses) == len(feeder.bus_by_name) == buses
    assert sum(len(bus.phases) for bus in feeder.buses) == bus_phases
    assert len(feeder.bus_phases) == monitored
    assert sum(bus.phases == "abc" for bus in feeder.buses) == three_phase
    assert len(feeder.candidate_sites) == sites
    assert len(feeder.loads) == loads
    assert len(feeder.regulators) == regulators


@pytest.mark.parametrize(
    ("name", "kw", "kvar", "capacitor_kvar"),
    [("ieee13", 1561, 955, 0), ("ieee34", 1769, 1044, 750), ("ieee123", 3490, 1920, 750)],
)
def test_the_nominal_load_is_the_documented_one(
    name: str, kw: float, kvar: float, capacitor_kvar: float
) -> None:
    feeder = load_feeder(name)
    assert sum(load.kw for load in feeder.loads) == pytest.approx(kw, abs=0.5)
    assert sum(load.kvar for load in feeder.loads) == pytest.approx(kvar, abs=0.5)
    assert sum(capacitor.kvar for capacitor in feeder.capacitors) == capacitor_kvar


@pytest.mark.parametrize("name", FEEDERS)
def test_every_bus_can_be_reached_from_the_source(name: str) -> None:
    feeder = load_feeder(name)
    edges = [
        (e.bus_from, e.bus_to)
        for part in (feeder.lines, feeder.transformers, feeder.regulators)
        for e in part
    ]
    reached, frontier = {feeder.source.bus}, [feeder.source.bus]
    while frontier:
        here = frontier.pop()
        beyond = {b for a, b in edges if a == here} | {a for a, b in edges if b == here}
        frontier += beyond - reached
        reached |= beyond
    assert reached == set(feeder.bus_by_name)


@pytest.mark.parametrize("name", FEEDERS)
def test_every_line_has_its_code_or_is_a_switch(name: str) -> None:
    feeder = load_feeder(name)
    codes = {code.name: code for code in feeder.line_codes}
    for line in feeder.lines:
        if line.is_switch:
            assert line.switch_r_ohm is not None
            assert line.line_code is None
        else:
            assert line.line_code is not None
            assert line.length is not None
            code = codes[line.line_code]
            assert code.phases == len(line.phases)
            assert [len(row) for row in code.r_ohm_per_unit] == list(range(1, code.phases + 1))


@pytest.mark.parametrize("name", FEEDERS)
def test_the_default_taps_belong_to_the_regulators(name: str) -> None:
    feeder = load_feeder(name)
    assert set(feeder.default_tap_ratios) == {regulator.name for regulator in feeder.regulators}
    assert all(0.9 <= ratio <= 1.1 for ratio in feeder.default_tap_ratios.values())


@pytest.mark.parametrize("name", FEEDERS)
def test_datacenters_of_the_experiments_stand_at_candidate_sites(name: str) -> None:
    feeder = load_feeder(name)
    assert set(feeder.datacenter_buses) <= set(feeder.candidate_sites) <= set(feeder.three_phase_sites)


@pytest.mark.parametrize("name", FEEDERS)
def test_the_page_gets_json_that_places_every_bus(name: str) -> None:
    drawn = json.loads(json.dumps(load_feeder(name).as_dict(), allow_nan=False))
    assert drawn["name"] == name
    places = {bus["name"]: (bus["x"], bus["y"]) for bus in drawn["buses"]}
    assert all(line["bus_from"] in places and line["bus_to"] in places for line in drawn["lines"])
    assert set(drawn["candidate_sites"]) <= set(places)


def test_names_that_look_like_numbers_stay_names() -> None:
    assert load_feeder("ieee123").bus_by_name["1"].name == "1"
    assert load_feeder("ieee13").line_codes[0].name == "601"


def test_the_order_of_phases_is_kept() -> None:
    phases = {line.name: line.phases for line in load_feeder("ieee13").lines}
    assert phases["632_645"] == "cb"


def test_another_name_is_no_feeder() -> None:
    with pytest.raises(KeyError):
        load_feeder("../ieee13")
