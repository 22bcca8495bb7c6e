"""Both sides of every limit: the last value that is allowed, and the first that is refused, with its message."""

from __future__ import annotations

from typing import Any

import pytest

from gridcast.scenarios import load_feeder, resolve

from .refusals import refusals

DC = "datacenters.0"
MODEL = "datacenters.0.models.0"
TRACE = "datacenters.0.training.0.trace"
RAMP = {"target": 1, "t_start_s": 0, "t_end_s": 10}
BATTERY = {"name": "bat", "bus": "671", "rated_power_kw": 10, "capacity_kwh": 20}
DROOP = {"type": "storage_droop"}

# scenario, path, allowed, refused, words of the refusal
LIMITS: list[tuple[str, str, Any, Any, str]] = [
    ("ieee13", "feeder", "ieee13", "ieee9", "must be one of 'ieee13', 'ieee34' or 'ieee123', got 'ieee9'"),
    ("ieee13", "duration_s", 1, 0, "must be at least 1, got 0"),
    ("ieee13", "duration_s", 1, -5, "must be at least 1, got -5"),
    ("ieee13", "duration_s", 60, 60.5, "must be a whole number, got 60.5"),
    ("ieee13", "duration_s", 60, "60", "must be a whole number, got '60'"),
    ("ieee13", "duration_s", 60, True, "must be a whole number, got true"),
    ("ieee13", "duration_s", 60, None, "must be a whole number, got null"),
    ("ieee13", "duration_s", 200_000, 604_801, "must be at most 604800, got 604801"),
    ("ieee13", "duration_s", 200_000, 200_001, "2000010 ticks; at most 2000000 are allowed"),
    ("ieee13", "seed", 0, -1, "must be at least 0"),
    ("ieee13", "seed", 10**9, 10**9 + 1, "must be at most 1000000000"),
    ("ieee13", "grid_dt_s", 0.01, 0.009, "must be at least 0.01, got 0.009"),
    ("ieee13", "grid_dt_s", 3600, 3601, "must be at most 3600"),
    ("ieee13", "grid_dt_s", 0.125, 0.1255, "must be a whole number of milliseconds"),
    ("ieee13", "grid_dt_s", 1, float("nan"), "must be a finite number, got nan"),
    ("ieee13", "grid_dt_s", 1, float("inf"), "got inf"),
    ("ieee13", "v_min", 0.5, 0.499, "must be at least 0.5"),
    ("ieee13", "v_min", 1.04, 1.05, "1.05 pu must be below v_max (1.05 pu)"),
    ("ieee13", "v_max", 1.5, 1.501, "must be at most 1.5"),
    ("ieee13", "source_pu", 1.05, 1.6, "must be at most 1.5"),
    ("ieee13", "source_pu", 1, float("-inf"), "must be"),
    ("ieee13", "initial_taps.creg1a", 0.9, 0.899, "must be at least 0.9, got 0.899"),
    ("ieee13", "initial_taps.creg1a", 1.1, 1.10625, "must be at most 1.1, got 1.10625"),
    ("ieee13", "exclude_buses.0", "sourcebus", "999", "ieee13 has no bus '999'"),
    ("ieee13", f"{DC}.name", "a-B_9", "a b", "may hold only letters, digits, _ and -"),
    ("ieee13", f"{DC}.name", "a" * 48, "a" * 49, "must have at most 48 characters"),
    ("ieee13", f"{DC}.name", "a", "", "must have at least 1 character(s)"),
    ("ieee13", f"{DC}.name", "a", "a\n", "may hold only letters"),
    (
        "ieee13",
        f"{DC}.bus",
        "680",
        "681",
        "ieee13 has no bus '681'; allowed: 632, 670, 671, 680, 692, 675, 633",
    ),
    ("ieee13", f"{DC}.bus", "680", "684", "bus '684' of ieee13 has only phase a, c, all three are needed"),
    ("ieee13", f"{DC}.bus", "633", "634", "is at 0.48 kV, not at 4.16 kV; datacenters may stand at: 632"),
    ("ieee13", f"{DC}.bus", "632", "650", "is on the source side, at low voltage, or an open end"),
    ("ieee13", f"{DC}.connection", "delta", "star", "must be one of 'wye' or 'delta'"),
    ("ieee13", f"{DC}.power_factor", 1, 1.01, "must be at most 1"),
    ("ieee13", f"{DC}.power_factor", 0.01, 0, "must be more than 0"),
    ("ieee13", f"{DC}.gpus_per_server", 1, 0, "must be at least 1"),
    ("ieee13", f"{DC}.base_kw_per_phase", 0, -1, "must be at least 0"),
    (
        "ieee13",
        f"{DC}.total_gpu_capacity",
        4800,
        4799,
        "default: the replicas need 4800 GPUs at 0 s, but there are 4799",
    ),
    ("ieee13", f"{DC}.total_gpu_capacity", 100_000, 100_001, "must be at most 100000"),
    ("ieee13", f"{DC}.dt_s", 0.05, 0.005, "must be at least 0.01"),
    ("ieee13", f"{DC}.seed", 7, 7.5, "must be a whole number"),
    (
        "ieee13",
        f"{DC}.power_augmentation.amplitude_scale_range",
        [1, 1],
        [1.1, 1],
        "needed are 0.01 <= low <= high",
    ),
    ("ieee13", f"{DC}.power_augmentation.noise_fraction", 1, 1.1, "must be at most 1"),
    (
        "ieee13",
        f"{MODEL}.label",
        "Llama-3.1-8B",
        "Llama-9",
        "no measured data for model 'Llama-9'; known models: Llama",
    ),
    ("ieee13", f"{MODEL}.label", "Llama-3.1-8B", 8, "must be a text"),
    ("ieee13", f"{MODEL}.replicas", 1, 0, "must be at least 1"),
    (
        "ieee13",
        f"{MODEL}.initial_batch_size",
        256,
        96,
        "96 is not feasible; feasible_batch_sizes: 8, 16, 32, 64",
    ),
    (
        "ieee13",
        f"{MODEL}.initial_batch_size",
        8,
        100,
        "no measured data for Llama-3.1-8B at batch size 100; with data: 8",
    ),
    ("ieee13", f"{MODEL}.feasible_batch_sizes", [128, 1024], [128, 100], ""),
    ("ieee13", f"{MODEL}.feasible_batch_sizes", [128], [], "must have at least 1 item(s)"),
    ("ieee13", f"{MODEL}.itl_deadline_s", 60, 0, "must be more than 0"),
    ("ieee13", f"{MODEL}.ramps", [RAMP] * 1, [RAMP] * 65, "must have at most 64 items"),
    ("ieee13", f"{MODEL}.ramps.0.target", 0, -1, "must be at least 0"),
    ("ieee13", f"{MODEL}.ramps.0.t_end_s", 2500, 2499, ""),
    ("ieee13", "datacenters.0.training.0.n_gpus", 1, 0, "must be at least 1"),
    ("ieee13", "datacenters.0.training.0.t_end_s", 1000, 999, "is 999 s, before t_start_s (1000 s)"),
    ("ieee13", "datacenters.0.training.0.target_peak_w_per_gpu", 1, 0, "must be more than 0"),
    ("ieee13", f"{TRACE}.dt_s", 0.01, 0.001, "must be at least 0.01"),
    ("ieee13", f"{TRACE}.duration_s", 1000, 0.5, "must be at least 1"),
    ("ieee13", f"{TRACE}.seg_lo_s", [0.1, 0.1], [0, 10], "is [0, 10]; needed are 0.1 <= low <= high"),
    ("ieee13", f"{TRACE}.seg_hi_s", [1, 2], [2, 1], "needed are 0.1 <= low <= high"),
    ("ieee13", f"{TRACE}.smooth_window_s", 1000, 1001, "longer than the trace (1000 s)"),
    ("ieee13", "generators.0.bus", "634", "611", "bus '611' of ieee13 has only phase c"),
    ("ieee13", "generators.0.profile", "constant", "csv", "must be one of 'synthetic_pv' or 'constant'"),
    ("ieee13", "generators.0.peak_kw", 0.1, 0, "must be more than 0"),
    ("ieee13", "generators.0.site_idx", 2, 3, "must be at most 2"),
    ("ieee13", "loads.0.site_idx", 4, 5, "must be at most 4"),
    ("ieee13", "loads.0.bus", "675", "sourcebus", "is on the source side"),
    (
        "ieee123-storage-qv",
        "storages.0.bus",
        "13",
        "610",
        "is on the source side, at low voltage, or an open end",
    ),
    ("ieee123-storage-qv", "storages.0.reserve_soc", 0.5, 0.6, "0.6 must not exceed initial_soc (0.5)"),
    (
        "ieee123-storage-qv",
        "storages.0.apparent_power_kva",
        250,
        249,
        "249 kVA must not be less than rated_power_kw",
    ),
    ("ieee123-storage-qv", "storages.0.charge_efficiency", 0.1, 0, "must be more than 0"),
    ("ieee123-storage-qv", "controllers.4.mode", "pv", "vv", "must be one of 'qv' or 'pv'"),
    ("ieee123-storage-qv", "controllers.4.storages", ["bat_z1"], [], "must have at least 1 item(s)"),
    ("ieee123-storage-qv", "controllers.4.deadband_pu", 0.049, 0.51, "must be at most 0.5"),
    (
        "ieee123-storage-qv",
        "controllers.4.full_output_voltage_error_pu",
        0.006,
        0.005,
        "must be more than deadband_pu",
    ),
    (
        "ieee13-ofo",
        "controllers.0.datacenter",
        "default",
        "main",
        "there is no datacenter 'main'; datacenters: default",
    ),
    ("ieee13-ofo", "controllers.0.dt_s", 0.01, 0, "must be at least 0.01"),
    ("ieee13-ofo", "controllers.0.primal_step_size", 0, -1e-9, "must be at least 0"),
    ("ieee13-ofo", "controllers.0.sensitivity_perturbation_kw", 0.1, 0, "must be more than 0"),
    ("ieee13-ofo", "controllers.0.sensitivity_update_interval", 0, 0.5, "must be a whole number"),
    ("ieee13-ofo", "controllers.0.v_min", 1.04, 1.05, "1.05 pu must be below v_max (1.05 pu)"),
    ("ieee13-ofo", "controllers.0.enabled", False, 0, "must be true or false, got 0"),
    ("ieee13-rule-based", "controllers.0.zone_buses", ["671"], [], "must have at least 1 item(s)"),
    ("ieee13-taps", "controllers.0.schedule.0.taps", {"creg1a": 1.10625}, {}, "must have at least 1 item(s)"),
    ("ieee13-taps", "controllers.0.schedule.0.t_s", 0, -1, "must be at least 0"),
    ("ieee123-load-shift", "controllers.5.gpus_per_shift", 1, 0, "must be at least 1"),
    (
        "ieee123-load-shift",
        "controllers.5.datacenters",
        ["z1_sw", "z2_nw"],
        ["z1_sw"],
        "must have at least 2 item(s)",
    ),
]


@pytest.mark.parametrize(("name", "path", "allowed", "refused", "words"), LIMITS)
def test_a_field_is_allowed_up_to_its_limit_and_refused_beyond(
    name: str, path: str, allowed: Any, refused: Any, words: str
) -> None:
    resolve(name, {path: allowed})
    complaints = refusals(name, {path: refused})
    places = [place for place in complaints if place.startswith(path) or path.startswith(place)]
    assert places, complaints
    assert words in complaints[places[0]]


# what is refused, where, and in which words
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("ieee13", {"datacenters": []}, "datacenters", "must have at least 1 item(s), got []"),
    ("ieee13", {"datacenters": 1}, "datacenters", "must be a list, got 1"),
    ("ieee13", {"datacenters": [{}]}, "datacenters.0.name", "is required"),
    ("ieee13", {"datacenters.0": None}, "datacenters.0", "must be an object"),
    (
        "ieee13",
        {f"{MODEL}.feasible_batch_sizes": [128, 100]},
        f"{MODEL}.feasible_batch_sizes.1",
        "no measured data for",
    ),
    (
        "ieee13",
        {f"{MODEL}.feasible_batch_sizes": [128, 128]},
        f"{MODEL}.feasible_batch_sizes.1",
        "is listed twice",
    ),
    ("ieee13", {f"{MODEL}.label": "Llama-3.1-70B"}, "datacenters.0.models.1.label", "is listed twice"),
    (
        "ieee13",
        {f"{MODEL}.ramps.0.t_end_s": 1},
        f"{MODEL}.ramps.0",
        "ends at 1.0 s, before it starts at 2500.0 s",
    ),
    (
        "ieee13",
        {f"{MODEL}.ramps": [RAMP, {**RAMP, "t_start_s": 9, "t_end_s": 20}]},
        f"{MODEL}.ramps.1",
        "overlaps ramp 0",
    ),
    ("ieee13", {f"{MODEL}.ramps": [RAMP, RAMP]}, f"{MODEL}.ramps.1", "0 to 10 s overlaps ramp 0 (0 to 10 s)"),
    (
        "ieee13",
        {f"{MODEL}.replicas": 3121},
        f"{DC}.total_gpu_capacity",
        "need 7201 GPUs at 0 s, but there are 7200",
    ),
    (
        "ieee13",
        {f"{MODEL}.ramps.0.target": 99_999},
        f"{DC}.total_gpu_capacity",
        "but there are 900",
    ),
    (
        "ieee13",
        {"initial_taps.creg9": 1.0},
        "initial_taps.creg9",
        "no regulator 'creg9'; its regulators: creg1a, creg1b",
    ),
    ("ieee13", {"exclude_buses": ["671"]}, f"{DC}.bus", "bus '671' is one of exclude_buses"),
    (
        "ieee34",
        {"datacenters.1.name": "UPSTREAM"},
        "datacenters.1.name",
        "'UPSTREAM' is taken by datacenters.0",
    ),
    (
        "ieee13",
        {"storages": [BATTERY, BATTERY]},
        "storages.1.name",
        "'bat' is taken by storages.0; names must be unique",
    ),
    ("ieee13", {"controllers": [DROOP]}, "controllers.0.storages", "needs at least one battery"),
    (
        "ieee13",
        {"storages": [BATTERY], "controllers": [{**DROOP, "storages": ["x"]}]},
        "controllers.0.storages.0",
        "there is no storage 'x'; storages: bat",
    ),
    (
        "ieee123-storage-qv",
        {"storages.0.name": "Bat_Z2"},
        "storages.1.name",
        "'bat_z2' is taken by storages.0",
    ),
    ("ieee34-ofo", {"controllers.1.name": "ofo-upstream"}, "controllers.1.name", "is taken by controllers.0"),
    (
        "ieee13",
        {"controllers": [{"type": "ofo", "datacenter": "x"}]},
        "controllers.0.datacenter",
        "no datacenter 'x'",
    ),
    ("ieee13", {"controllers": [{"type": "ofo"}]}, "controllers.0.datacenter", "is required"),
    (
        "ieee13",
        {"controllers": [{"type": "magic"}]},
        "controllers.0",
        "has an unknown type; types: 'tap_schedule', ",
    ),
    ("ieee13", {"controllers": [{}]}, "controllers.0", "needs a type"),
    (
        "ieee13",
        {"controllers": [{"type": "load_shift"}]},
        "controllers.0.datacenters",
        "at least two datacenters",
    ),
    (
        "ieee123",
        {"controllers": [{"type": "load_shift", "datacenters": ["z1_sw", "z9"]}]},
        "controllers.0.datacenters.1",
        "there is no datacenter 'z9'; datacenters: z1_sw, z2_nw, z3_se, z4_ne",
    ),
    (
        "ieee123",
        {"controllers": [{"type": "load_shift", "datacenters": ["z1_sw", "z1_sw"]}]},
        "controllers.0.datacenters.1",
        "'z1_sw' is listed twice",
    ),
    (
        "ieee13-rule-based",
        {"controllers.0.zone_buses": ["671", "9"]},
        "controllers.0.zone_buses.1",
        "ieee13 has no bus '9'",
    ),
    (
        "ieee13-ofo",
        {f"{MODEL}.feasible_batch_sizes": [128, 1024]},
        "controllers.0.datacenter",
        "Llama-3.1-405B has no data at 1024",
    ),
    (
        "ieee13-taps",
        {"controllers.0.schedule.1.t_s": 1500},
        "controllers.0.schedule.1.t_s",
        "1500 s is listed twice",
    ),
    (
        "ieee13-taps",
        {"controllers.0.schedule.0.taps": {"creg1z": 1}},
        "controllers.0.schedule.0.taps.creg1z",
        "ieee13 has no regulator 'creg1z'",
    ),
    (
        "ieee13-taps",
        {"controllers.0.schedule.0.taps.creg1a": 1.107},
        "controllers.0.schedule.0.taps.creg1a",
        "must be at most 1.10625, got 1.107",
    ),
]


@pytest.mark.parametrize(("name", "overrides", "place", "words"), REFUSED)
def test_what_does_not_fit_together_is_refused_at_its_place(
    name: str, overrides: dict[str, Any], place: str, words: str
) -> None:
    assert words in refusals(name, overrides)[place]


def scheduled(*changes: tuple[float, str, int]) -> dict[str, Any]:
    schedule = [{"t_s": t_s, "model": model, "batch_size": size} for t_s, model, size in changes]
    return {"controllers": [{"type": "batch_size_schedule", "datacenter": "default", "schedule": schedule}]}


def test_a_batch_size_schedule_may_use_feasible_sizes_of_models_that_are_served() -> None:
    both = ((0.0, "Llama-3.1-8B", 8), (0.0, "Llama-3.1-70B", 512), (10.0, "Llama-3.1-8B", 16))
    (controller,) = resolve("ieee13", scheduled(*both)).controllers
    assert (controller.type, controller.name) == ("batch_size_schedule", "batch_size_schedule")
    at = "controllers.0.schedule"
    assert "serve 'x'; it serves" in refusals("ieee13", scheduled((0.0, "x", 8)))[f"{at}.0.model"]
    assert (
        "96 is not feasible for"
        in refusals("ieee13", scheduled((0.0, "Llama-3.1-8B", 96)))[f"{at}.0.batch_size"]
    )
    assert "changes twice at 0 s" in refusals("ieee13", scheduled(both[0], both[0]))[f"{at}.1.t_s"]


def test_ramps_may_touch() -> None:
    resolve("ieee13", {f"{MODEL}.ramps": [RAMP, {**RAMP, "t_start_s": 10, "t_end_s": 20}]})


def test_the_duration_must_be_a_whole_number_of_ticks() -> None:
    slow = {f"{DC}.dt_s": 0.7, "grid_dt_s": 0.7, "duration_s": 700}
    assert resolve("ieee13", slow).n_ticks == 1000
    complaint = refusals("ieee13", {**slow, "duration_s": 701})["duration_s"]
    assert complaint == "701 s is not a whole number of ticks of 0.7 s"


def test_the_tick_is_the_largest_common_part_of_all_periods() -> None:
    config = resolve("ieee13-ofo", {f"{DC}.dt_s": 0.2, "grid_dt_s": 0.3, "controllers.0.dt_s": 0.5})
    assert (config.tick_s, config.n_ticks) == (0.1, 36_000)


def test_some_bus_must_be_monitored() -> None:
    everything = [bus.name for bus in load_feeder("ieee13").buses]
    assert "leaves no bus of ieee13" in refusals("ieee13", {"exclude_buses": everything})["exclude_buses"]
    assert "exclude_buses" not in refusals("ieee13", {"exclude_buses": everything[:-1]})


def test_a_shown_value_stays_short() -> None:
    deep: Any = "x" * 10_000
    for _ in range(5000):
        deep = [deep]
    assert len(refusals("ieee13", {"duration_s": deep})["duration_s"]) < 200
    assert len(refusals("ieee13", {"duration_s": 10**5000})["duration_s"]) < 200
