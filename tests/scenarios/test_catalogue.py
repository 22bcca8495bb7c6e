"""The catalogue: names that scripts rely on, and what each of them is."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from gridcast.scenarios import ScenarioConfig, catalogue, config_schema, resolve

SITES = {
    "ieee13": [("default", "671", 0)],
    "ieee34": [("upstream", "850", 0), ("downstream", "834", 42)],
    "ieee123": [("z1_sw", "8", 0), ("z2_nw", "23", 17), ("z3_se", "60", 34), ("z4_ne", "105", 51)],
}
LOAD_SHIFT_SITES = [("z1_sw", "7", 0), ("z2_nw", "23", 0), ("z3_se", "60", 0), ("z4_ne", "108", 0)]
CONTROLLERS = {
    "": [],
    "-taps": ["tap_schedule"],
    "-rule-based": ["rule_based"],
    "-ofo": ["ofo"],
    "-ofo-taps": ["tap_schedule", "ofo"],
    "-storage-qv": ["ofo", "storage_droop"],
    "-storage-pv": ["ofo", "storage_droop"],
    "-load-shift": ["tap_schedule", "ofo", "load_shift"],
}
NAMES = [f"{feeder}{variant}" for feeder in SITES for variant in list(CONTROLLERS)[:5]] + [
    "ieee123-storage-qv",
    "ieee123-storage-pv",
    "ieee123-load-shift",
]


def test_the_names_are_these_in_this_order() -> None:
    assert list(catalogue()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_scenario_is_the_documented_experiment(name: str) -> None:
    scenario = catalogue()[name]
    config, feeder = scenario.config, name.split("-")[0]
    assert (scenario.name, scenario.feeder, config.feeder) == (name, feeder, feeder)
    assert scenario.title
    assert scenario.description.endswith(".")
    assert (config.duration_s, config.tick, config.n_ticks) == (3600, Fraction(1, 10), 36_000)
    assert (config.v_min, config.v_max) == (0.95, 1.05)
    sites = LOAD_SHIFT_SITES if name.endswith("load-shift") else SITES[feeder]
    assert [(d.name, d.bus, d.seed) for d in config.datacenters] == sites
    per_site = {"ofo": len(sites), "rule_based": len(sites)}
    expected = [kind for kind in CONTROLLERS[name.removeprefix(feeder)] for _ in range(per_site.get(kind, 1))]
    assert [controller.type for controller in config.controllers] == expected
    assert all(controller.dt_s == 1.0 for controller in config.controllers)


def test_the_ieee13_fleet_is_the_documented_one() -> None:
    config = catalogue()["ieee13"].config
    (datacenter,) = config.datacenters
    assert [(m.label, m.replicas, m.ramps[0].target) for m in datacenter.models] == [
        ("Llama-3.1-8B", 720, 360),
        ("Llama-3.1-70B", 180, 90),
        ("Llama-3.1-405B", 90, 45),
        ("Qwen3-30B-A3B", 480, 240),
        ("Qwen3-235B-A22B", 210, 105),
    ]
    assert {model.initial_batch_size for model in datacenter.models} == {128}
    (training,) = datacenter.training
    assert (training.n_gpus, training.t_start_s, training.t_end_s) == (2400, 1000.0, 2000.0)
    assert (config.generators[0].bus, config.loads[0].bus) == ("675", "680")
    assert config.initial_taps == {"creg1a": 1.0875, "creg1b": 1.0375, "creg1c": 1.09375}


def test_variants_of_a_feeder_differ_by_their_controllers_alone() -> None:
    for feeder in SITES:
        plain = catalogue()[feeder].config
        for variant in ("-taps", "-rule-based", "-ofo", "-ofo-taps"):
            config = catalogue()[feeder + variant].config
            assert config.model_copy(update={"controllers": ()}) == plain


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_survives_json(name: str) -> None:
    config = resolve(name, seed=3)
    text = json.dumps(config.model_dump(mode="json"), allow_nan=False)
    assert ScenarioConfig.model_validate(json.loads(text)) == config


def test_the_schema_tells_a_title_and_a_meaning_for_every_field() -> None:
    schema = config_schema()
    objects: list[dict[str, Any]] = [schema, *schema["$defs"].values()]
    for each in objects:
        assert each["additionalProperties"] is False
        for name, field in each["properties"].items():
            if name != "type":
                assert field.get("title"), (each["title"], name)
                assert field.get("description"), (each["title"], name)


def test_the_schema_asks_only_for_what_has_no_default() -> None:
    assert config_schema()["required"] == ["feeder", "datacenters"]
