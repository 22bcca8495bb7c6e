"""What can be asked of an operation: both sides of every bound, and which simulations it makes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.scenarios import ScenarioConfig, ScenarioError, catalogue, load_feeder, resolve
from gridcast.scenarios.capacity import first_overload
from gridcast.scenarios.operations import (
    CharacterizeConfig,
    HeatmapConfig,
    ScanConfig,
    numeric_parameters,
    parse_operation,
    points_of,
    steps_of,
    title_of,
)
from gridcast.scenarios.operations.parameters import lower_and_higher, sensitive_parameters
from gridcast.scenarios.operations.scaling import scaled

STEP = "controllers.0.voltage_dual_step_size"
BASE = "datacenters.0.base_kw_per_phase"
REPLICAS = "datacenters.0.models.0.replicas"
HEATMAP = {
    "name": "ieee13-ofo",
    "param_x": STEP,
    "x_min": 0.1,
    "x_max": 10,
    "x_steps": 3,
    "param_y": BASE,
    "y_min": 0,
    "y_max": 1000,
    "y_steps": 5,
}
CHARACTERIZE = {"name": "ieee13-ofo"}


def refusals(op: Any, config: Any) -> dict[str, str]:
    with pytest.raises(ScenarioError) as refused:
        parse_operation(op, config)
    return {".".join(map(str, error.loc)): error.msg for error in refused.value.errors}


def heatmap(**changed: Any) -> HeatmapConfig:
    asked = parse_operation("heatmap", {**HEATMAP, **changed})
    assert isinstance(asked, HeatmapConfig)
    return asked


# operation, config, field, allowed, refused, words of the refusal
BOUNDS: list[tuple[str, dict[str, Any], str, Any, Any, str]] = [
    (
        "characterize",
        CHARACTERIZE,
        "name",
        "ieee34",
        "ieee9",
        "there is no scenario 'ieee9'; scenarios: ieee13",
    ),
    ("characterize", CHARACTERIZE, "name", "ieee34", 13, "must be a text"),
    ("characterize", CHARACTERIZE, "seed", 0, -1, "must be at least 0"),
    ("characterize", CHARACTERIZE, "seed", 10**9, 10**9 + 1, "must be at most 1000000000"),
    ("characterize", CHARACTERIZE, "duration_s", 1, 0, "must be at least 1"),
    ("characterize", CHARACTERIZE, "duration_s", 60, 60.5, "must be a whole number"),
    ("characterize", CHARACTERIZE, "duration_s", 60, True, "must be a whole number"),
    ("characterize", CHARACTERIZE, "duration_s", 200_000, 200_001, "2000010 ticks; at most 2000000"),
    ("characterize", CHARACTERIZE, "pv_points", 2, 1, "must be at least 2"),
    ("characterize", CHARACTERIZE, "pv_points", 50, 51, "must be at most 50"),
    ("characterize", CHARACTERIZE, "pv_points", 20, 10**9, "must be at most 50"),
    ("characterize", CHARACTERIZE, "pv_max_scale", 0.1, 0.09, "must be at least 0.1"),
    ("characterize", CHARACTERIZE, "pv_max_scale", 20, 20.1, "must be at most 20"),
    ("characterize", CHARACTERIZE, "pv_max_scale", 2.0, float("inf"), "must be a finite number"),
    ("characterize", CHARACTERIZE, "sensitivity", False, 0, "must be true or false"),
    ("characterize", CHARACTERIZE, "step", 0.001, 0.0, "must be at least 0.001"),
    ("characterize", CHARACTERIZE, "step", 0.9, 1, "must be at most 0.9"),
    (
        "heatmap",
        HEATMAP,
        "param_x",
        "source_pu",
        "v_mid",
        "has no parameter 'v_mid'; there are for example: v_min",
    ),
    ("heatmap", HEATMAP, "param_x", "source_pu", "datacenters.0.bus", "is '671', and no number"),
    ("heatmap", HEATMAP, "param_x", "source_pu", "controllers.0.enabled", "is true, and no number"),
    ("heatmap", HEATMAP, "param_x", "source_pu", "datacenters.9.seed", "has no parameter"),
    ("heatmap", HEATMAP, "param_x", "source_pu", "x" * 201, "must have at most 200 characters"),
    ("heatmap", HEATMAP, "param_y", "datacenters.0.training.0.t_start_s", STEP, "is param_x too"),
    ("heatmap", HEATMAP, "x_min", 9.9, 10, "must be less than x_max, got 10 and 10"),
    ("heatmap", HEATMAP, "x_min", 0, -1, "must be at least 0, got -1"),
    ("heatmap", HEATMAP, "x_min", 0, float("nan"), "must be a finite number"),
    ("heatmap", HEATMAP, "x_min", 0, "0", "must be a number"),
    ("heatmap", HEATMAP, "y_max", 1e6, 1e6 + 1, "must be at most 1e+06"),
    ("heatmap", HEATMAP, "x_steps", 2, 1, "must be at least 2"),
    ("heatmap", HEATMAP, "x_steps", 50, 51, "must be at most 50"),
    ("heatmap", HEATMAP, "x_steps", 3, 0, "must be at least 2"),
    ("heatmap", HEATMAP, "x_steps", 3, 10**9, "must be at most 50"),
    ("heatmap", HEATMAP, "x_steps", 3, 3.5, "must be a whole number"),
    ("heatmap", {**HEATMAP, "y_steps": 25}, "x_steps", 40, 41, "41 x 25 are 1025 cells; at most 1000"),
    ("heatmap", HEATMAP, "metric", "worst_vmin", "score", "must be one of 'integral_violation_pu_s'"),
    ("scan", {}, "feeders", ["ieee34"], [], "must have at least 1 item(s)"),
    ("scan", {}, "feeders", ["ieee34", "ieee13"], ["ieee13", "ieee13"], "names one twice"),
    ("scan", {}, "scenarios", False, None, "must be true or false"),
    ("scan", {}, "duration_s", 1, 0, "must be at least 1"),
]


@pytest.mark.parametrize(("op", "config", "field", "allowed", "refused", "words"), BOUNDS)
def test_both_sides_of_each_bound(
    op: str, config: dict[str, Any], field: str, allowed: Any, refused: Any, words: str
) -> None:
    fitting = {**config, "x_min": 0.9, "x_max": 1.1} if allowed == "source_pu" else config
    parse_operation(op, {**fitting, field: allowed})
    found = refusals(op, {**config, field: refused})
    assert field in found
    assert words in found[field]


@pytest.mark.parametrize("op", ["verify me", "", None, 3, ["scan"]])
def test_an_operation_that_does_not_exist_is_refused_with_those_that_do(op: Any) -> None:
    assert "operations: characterize, heatmap, scan" in refusals(op, {})["op"]


@pytest.mark.parametrize("op", ["characterize", "heatmap", "scan"])
@pytest.mark.parametrize("config", [None, [], "x", 1])
def test_a_config_is_an_object(op: str, config: Any) -> None:
    assert "must be an object" in refusals(op, config)[""]


def test_a_missing_range_is_named_field_by_field() -> None:
    found = refusals("heatmap", {"name": "ieee13", "param_x": STEP, "param_y": BASE})
    assert set(found) == {"x_min", "x_max", "x_steps", "y_min", "y_max", "y_steps"}


def test_an_unknown_field_is_refused_with_those_there_are() -> None:
    assert "fields: " in refusals("scan", {"feeder": "ieee13"})["feeder"]


@pytest.mark.parametrize(
    ("params", "loc"),
    [
        ({"datacenters.0.bus": "611"}, "params.datacenters.0.bus"),
        ({"nothing.0.bus": "671"}, "params.nothing.0.bus"),
        ({"": 1}, "params"),
        ({"duration_s": "long"}, "duration_s"),
    ],
)
def test_overrides_that_do_not_fit_are_named_where_they_were_written(
    params: dict[str, Any], loc: str
) -> None:
    assert set(refusals("characterize", {"name": "ieee13", "params": params})) == {loc}


def test_a_duration_may_stand_among_the_overrides_and_not_differ_from_the_field() -> None:
    assert parse_operation("scan", {"params": {"duration_s": 30}}).duration_s == 30
    assert parse_operation("scan", {"params": {"duration_s": 30}, "duration_s": 30}).duration_s == 30
    found = refusals("scan", {"params": {"duration_s": 30}, "duration_s": 31})
    assert found["duration_s"] == "is given twice, as 31 and in params as 30"


def test_what_is_parsed_stands_for_itself() -> None:
    for op, config in (("characterize", CHARACTERIZE), ("heatmap", HEATMAP), ("scan", {})):
        asked = parse_operation(op, config)
        assert type(asked).model_validate(asked.model_dump(mode="json")) == asked
        assert title_of(asked)


def test_a_scan_does_not_let_its_own_parameter_be_given() -> None:
    assert set(refusals("scan", {"params": {"datacenters.0.bus": "671"}})) == {"params.datacenters.0.bus"}


def test_an_axis_of_whole_numbers_is_rounded_and_has_each_once() -> None:
    asked = heatmap(param_x=REPLICAS, x_min=10.4, x_max=12.6, x_steps=4)
    cells = [point.configured() for point in points_of(asked)[:4]]
    assert [cell["datacenters"][0]["models"][0]["replicas"] for cell in cells] == [10, 11, 12, 13]
    found = refusals("heatmap", {**HEATMAP, "param_x": REPLICAS, "x_min": 10, "x_max": 12, "x_steps": 4})
    assert "takes whole numbers; 3 of 4 are left" in found["x_steps"]


def test_values_of_an_axis_include_both_ends_and_look_as_people_write_them() -> None:
    asked = heatmap(x_min=0.1, x_max=0.7, x_steps=7)
    steps = [point.configured()["controllers"][0]["voltage_dual_step_size"] for point in points_of(asked)[:7]]
    assert steps == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def test_a_value_that_is_refused_for_another_fields_sake_is_a_point_and_no_refusal() -> None:
    capacity = "datacenters.0.total_gpu_capacity"
    asked = heatmap(
        param_x=REPLICAS, x_min=700, x_max=9000, x_steps=2, param_y=capacity, y_min=7200, y_max=9600
    )
    refused = []
    for point in points_of(asked):
        try:
            ScenarioConfig.model_validate(point.configured())
        except ScenarioError:
            refused.append(dict(point.place))
    assert refused == [
        {"x": 1, "y": 0},
        {"x": 1, "y": 1},
        {"x": 1, "y": 2},
        {"x": 1, "y": 3},
        {"x": 1, "y": 4},
    ]


def test_points_of_a_heatmap_are_its_rows_one_after_another() -> None:
    places = [point.place for point in points_of(heatmap())]
    assert places == [{"x": x, "y": y} for y in range(5) for x in range(3)]


def test_characterize_is_about_fifty_simulations() -> None:
    asked = parse_operation("characterize", CHARACTERIZE)
    parts = [point.part for point in points_of(asked)]
    assert (parts.count("default"), parts.count("pv"), parts.count("sensitivity")) == (1, 20, 30)
    assert steps_of(parse_operation("characterize", {**CHARACTERIZE, "sensitivity": False})) == 21


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_scenario_of_the_catalogue_can_be_characterized(name: str) -> None:
    asked = CharacterizeConfig(name=name, pv_points=9)
    for point in points_of(asked):
        if point.place.get("value", 0) is not None:
            ScenarioConfig.model_validate(point.configured())


@pytest.mark.parametrize("name", list(catalogue()))
@given(scale=st.floats(0.0, 13.0))
def test_scaled_datacenters_always_fit_their_own_gpus(name: str, scale: float) -> None:
    config = ScenarioConfig.model_validate(scaled(resolve(name), scale))
    assert [first_overload(site) for site in config.datacenters] == [None] * len(config.datacenters)


def test_scaled_datacenters_grow_in_all_that_draws_power() -> None:
    (site,) = ScenarioConfig.model_validate(scaled(resolve("ieee13"), 0.5)).datacenters
    assert [model.replicas for model in site.models] == [360, 90, 45, 240, 105]
    assert [model.ramps[0].target for model in site.models] == [180, 45, 22, 120, 52]
    assert (site.base_kw_per_phase, site.total_gpu_capacity, site.training[0].n_gpus) == (250.0, 3600, 1200)


def test_a_scale_of_one_is_the_scenario_itself_and_of_zero_almost_nothing() -> None:
    config = resolve("ieee123-ofo")
    assert scaled(config, 1.0) == config.model_dump(mode="json")
    for site in ScenarioConfig.model_validate(scaled(resolve("ieee13"), 0.0)).datacenters:
        assert {model.replicas for model in site.models} == {1}
        assert (site.base_kw_per_phase, site.training) == (0.0, ())


def test_a_scan_tries_every_site_and_every_scenario() -> None:
    asked = ScanConfig()
    points = points_of(asked)
    sites = [(p.place["feeder"], p.place["bus"]) for p in points if p.part == "site"]
    by_feeder = [sum(feeder == name for feeder, _ in sites) for name in ("ieee13", "ieee34", "ieee123")]
    assert by_feeder == [7, 20, 64]
    assert sites == [(f, bus) for f in asked.feeders for bus in load_feeder(f).candidate_sites]
    assert [p.place["scenario"] for p in points if p.part == "scenario"] == list(catalogue())


def test_a_site_is_the_plain_scenario_with_its_first_datacenter_moved_there() -> None:
    point = points_of(ScanConfig(feeders=("ieee123",), scenarios=False))[3]
    session = point.place["session"]
    assert session == {"scenario": "ieee123", "overrides": {"duration_s": 120, "datacenters.0.bus": "13"}}
    plain, moved = resolve("ieee123", {"duration_s": 120}).model_dump(mode="json"), point.configured()
    assert [site["bus"] for site in moved["datacenters"]] == ["13", "23", "60", "105"]
    moved["datacenters"][0]["bus"] = plain["datacenters"][0]["bus"]
    assert moved == plain


def test_a_scan_of_one_feeder_tries_only_its_scenarios() -> None:
    points = points_of(ScanConfig(feeders=("ieee34",)))
    assert {p.place["feeder"] for p in points} == {"ieee34"}
    assert len(points) == 20 + 5


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_number_of_a_scenario_is_a_parameter_that_takes_its_own_value(name: str) -> None:
    config = resolve(name)
    numbers = numeric_parameters(config)
    own = {p.path: p.value for p in numbers if p.value is not None}
    assert resolve(name, own) == config
    assert len({p.path for p in numbers}) == len(numbers)
    assert all(p.low is None or p.value is None or p.low <= p.value for p in numbers)


def test_sensitive_parameters_are_fifteen_of_every_kind_of_part() -> None:
    config = resolve("ieee123-storage-qv")
    chosen = sensitive_parameters(config)
    assert len(chosen) == len({p.path for p in chosen}) == 15
    parts = {p.path.partition(".")[0] for p in chosen}
    assert parts == {"source_pu", "datacenters", "controllers", "generators", "storages", "initial_taps"}


def test_a_disabled_controllers_parameters_do_not_matter() -> None:
    config = resolve("ieee13-ofo", {"controllers.0.enabled": False})
    assert not [p.path for p in sensitive_parameters(config) if p.path.startswith("controllers")]


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        (BASE, (400.0, 600.0)),
        (REPLICAS, (576, 864)),
        ("datacenters.0.models.4.replicas", (168, 252)),
        ("datacenters.0.power_factor", (0.76, 1.0)),
        ("source_pu", (0.98, 1.02)),
        ("initial_taps.creg1a", (1.06575, 1.1)),
        ("datacenters.0.models.0.initial_batch_size", (64, 256)),
        ("generators.0.site_idx", (None, 1)),
        ("generators.0.power_factor", (0.8, None)),
    ],
)
def test_a_little_less_and_more_of_a_parameter(path: str, ends: tuple[float | None, float | None]) -> None:
    config = resolve("ieee13")
    (parameter,) = [p for p in numeric_parameters(config) if p.path == path]
    assert lower_and_higher(config, parameter, 0.2) == ends


def test_replicas_grow_only_as_far_as_there_are_gpus() -> None:
    for capacity, most in ((7200, 252), (5000, 235), (4800, None)):
        config = resolve("ieee13", {"datacenters.0.total_gpu_capacity": capacity})
        (parameter,) = [p for p in numeric_parameters(config) if p.path == "datacenters.0.models.4.replicas"]
        assert lower_and_higher(config, parameter, 0.2)[1] == most


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(sorted({*HEATMAP, "params", "seed", "duration_s", "metric"})),
)
def test_any_json_is_either_an_operation_or_refused(value: Any, field: str) -> None:
    said: list[str] = []
    try:
        parse_operation("heatmap", {**HEATMAP, field: value})
    except ScenarioError as refused:
        said = [str(error) for error in refused.errors] or ["nothing"]
    assert all(0 < len(words) < 2000 for words in said)
    assert said != ["nothing"]
