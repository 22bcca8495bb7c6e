"""Overrides by dotted path, seeds, and the errors that they bring."""

from __future__ import annotations

import pytest

from gridcast.scenarios import catalogue, resolve

from .refusals import refusals


def test_without_overrides_it_is_the_scenario_of_the_catalogue() -> None:
    assert resolve("ieee34-ofo") == catalogue()["ieee34-ofo"].config


def test_an_unknown_scenario_is_refused_with_the_names_of_all() -> None:
    complaint = refusals("ieee14", {})["scenario"]
    assert "'ieee14'" in complaint
    assert "ieee123-load-shift" in complaint


def test_a_dotted_path_reaches_into_lists() -> None:
    config = resolve("ieee13", {"datacenters.0.bus": "632", "duration_s": 600})
    assert (config.datacenters[0].bus, config.duration_s, config.n_ticks) == ("632", 600, 6000)


def test_a_bus_may_be_written_as_a_number_or_in_capitals() -> None:
    assert resolve("ieee13", {"datacenters.0.bus": 632}).datacenters[0].bus == "632"
    assert resolve("ieee34", {"loads.0.bus": "814R"}).loads[0].bus == "814r"


def test_a_whole_list_can_be_replaced_and_then_changed_inside() -> None:
    pv = [{"bus": "675", "peak_kw": 5.0}]
    config = resolve("ieee13", {"generators.0.peak_kw": 7, "generators": pv})
    assert config.generators[0].peak_kw == 7.0
    assert pv == [{"bus": "675", "peak_kw": 5.0}]


def test_a_default_can_be_changed_inside() -> None:
    config = resolve("ieee13", {"initial_taps.creg1a": 1.0, "datacenters.0.training.0.trace.seed": 9})
    assert config.initial_taps == {"creg1a": 1.0, "creg1b": 1.0375, "creg1c": 1.09375}
    assert config.datacenters[0].training[0].trace.seed == 9


def test_defaults_follow_the_model_that_was_chosen() -> None:
    label = "Qwen3-14B@B200x1-gpqa"
    model = resolve("ieee13", {"datacenters.0.models.0.label": label}).datacenters[0].models[0]
    assert model.feasible_batch_sizes == (8, 16, 32, 64, 128)
    assert (model.gpus_per_replica, model.itl_deadline_s) == (1, 0.1)


def test_another_feeder_brings_its_own_taps_and_asks_for_its_own_buses() -> None:
    complaints = refusals("ieee13", {"feeder": "ieee34"})
    assert set(complaints) == {"datacenters.0.bus", "generators.0.bus", "loads.0.bus"}
    moved = {"datacenters.0.bus": "850", "generators": [], "loads": []}
    config = resolve("ieee13", {"feeder": "ieee34", **moved})
    assert (config.source_pu, config.initial_taps["creg2a"]) == (1.09, 1.05)


def test_the_seed_shifts_every_datacenter_by_a_thousand() -> None:
    config = resolve("ieee123", seed=2)
    assert config.seed == 2
    assert [config.datacenter_seed(d) for d in config.datacenters] == [2000, 2017, 2034, 2051]
    assert resolve("ieee123", {"seed": 2}) == config == resolve("ieee123", {"seed": 2}, seed=2)


def test_two_different_seeds_are_refused() -> None:
    assert refusals("ieee13", {"seed": 1}, seed=2) == {"seed": "is given twice, as 2 and as 1"}


def test_controllers_without_bounds_act_on_those_of_the_scenario() -> None:
    config = resolve("ieee34-ofo", {"v_min": 0.96, "controllers.1.v_min": 0.97})
    first, second = config.controllers
    assert first.type == "ofo"
    assert second.type == "ofo"
    assert config.voltage_bounds(first) == (0.96, 1.05)
    assert config.voltage_bounds(second) == (0.97, 1.05)


@pytest.mark.parametrize(
    ("path", "loc", "fragment"),
    [
        ("nonsense", "nonsense", "unknown field; fields: feeder, duration_s"),
        ("nonsense.deep", "nonsense.deep", "nonsense does not exist"),
        ("datacenters.1.bus", "datacenters.1.bus", "has items 0 to 0, not 1"),
        ("datacenters.x.bus", "datacenters.x.bus", "has items 0 to 0, not 'x'"),
        ("datacenters.-1.bus", "datacenters.-1.bus", "has items 0 to 0"),
        (f"datacenters.{'9' * 150}.bus", f"datacenters.{'9' * 150}.bus", "has items 0 to 0"),
        ("datacenters.0.bus.x", "datacenters.0.bus.x", "datacenters.0.bus is '671', it has no parts"),
        ("datacenters.0.colour", "datacenters.0.colour", "unknown field; fields: name, bus"),
        ("controllers.0.colour", "controllers.0.colour", "unknown field; fields: type, name"),
        ("", "overrides", "'' is not a path"),
        ("x" * 201, "overrides", "is not a path"),
    ],
)
def test_a_path_that_leads_nowhere_is_named(path: str, loc: str, fragment: str) -> None:
    assert fragment in refusals("ieee13-ofo", {path: 1})[loc]


def test_every_wrong_override_is_told_at_once() -> None:
    complaints = refusals("ieee13-ofo", {"duration_s": 0, "v_min": "low", "controllers.0.w_switch": -1})
    assert set(complaints) == {"duration_s", "v_min", "controllers.0.w_switch"}


def test_the_number_of_overrides_is_bounded() -> None:
    assert "501 overrides are too many" in refusals("ieee13", {f"a{i}": 1 for i in range(501)})["overrides"]


def test_a_thousand_faults_are_told_as_a_hundred() -> None:
    assert len(refusals("ieee13", {"exclude_buses": [False] * 500})) == 100


def test_ofo_can_steer_models_beyond_those_of_the_experiments() -> None:
    label = "gpt-oss-20b@H100x1-gpqa"
    sizes = {
        "datacenters.0.models.0.label": label,
        "datacenters.0.models.0.feasible_batch_sizes": [64, 128, 256],
    }
    assert resolve("ieee13-ofo", sizes).datacenters[0].models[0].label == label
