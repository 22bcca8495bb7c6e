"""People's commands are taken within their limits, or refused with what is allowed, and then they change nothing."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from gridcast.scenarios import resolve
from gridcast.workers.engine.build import build
from gridcast.workers.engine.controls import CONTROLS, apply_control
from gridcast.workers.engine.simulation import Simulation
from gridcast.workers.engine.steer import Refused
from tests.workers.engine.runs import in_process

BATCH: dict[str, Any] = {"datacenter": "z1_sw", "batch_size_by_model": {"Llama-3.1-8B": 64}}
SHIFT: dict[str, Any] = {"datacenter": "z1_sw", "model": "Llama-3.1-8B", "replica_delta": -1}
POWER: dict[str, Any] = {"storage": "battery", "power_kw": 100.0, "reactive_power_kvar": 0.0}
ONE_BATTERY: dict[str, Any] = {
    "storages": [
        {
            "name": "battery",
            "bus": "60",
            "rated_power_kw": 300.0,
            "capacity_kwh": 100.0,
            "apparent_power_kva": 500.0,
        }
    ]
}


def started(scenario: str, overrides: dict[str, Any]) -> Simulation:
    simulation = build(resolve(scenario, overrides))
    simulation.coordinator.reset()
    simulation.coordinator.start()
    return simulation


def state(simulation: Simulation) -> Any:
    """Everything that a command may change, and how many events wait to be told."""
    return (
        [dict(site.backend._batch_by_model) for site in simulation.datacenters.values()],
        [dict(site.backend._replica_offset_by_model) for site in simulation.datacenters.values()],
        simulation.grid._read_current_taps(),
        [
            (battery.resource.power_kw(0.0), battery.resource.reactive_power_kvar(0.0))
            for battery in simulation.storages.values()
        ],
        dict(simulation.coordinator.enabled),
        len(simulation.coordinator._sink._events),
    )


def answer(simulation: Simulation, command: str, args: dict[str, Any]) -> str:
    """`ok`, or the refusal, which must have changed nothing."""
    before = state(simulation)
    try:
        apply_control(simulation, command, args)
    except Refused as refused:
        assert state(simulation) == before
        return str(refused)
    return "ok"


def _answers(scenario: str, overrides: dict[str, Any], ticks: int, cases: list[Any]) -> list[str]:
    simulation = started(scenario, overrides)
    for _ in range(ticks):
        simulation.coordinator.step()
    return [answer(simulation, command, args) for command, args in cases]


def answers(
    processes: ProcessPoolExecutor,
    *cases: tuple[str, dict[str, Any]],
    scenario: str = "ieee123",
    ticks: int = 1,
    **overrides: Any,
) -> list[str]:
    """What one simulation answers to one command after another."""
    given = {"duration_s": 10, **{path.replace("__", "."): value for path, value in overrides.items()}}
    return in_process(processes, _answers, scenario, given, ticks, list(cases))


def test_names_that_the_simulation_does_not_have_are_refused_with_those_that_it_has(
    processes: ProcessPoolExecutor,
) -> None:
    known = [
        ("set_batch_size", {**BATCH, "datacenter": "z9"}, "z1_sw, z2_nw, z3_se, z4_ne"),
        ("set_batch_size", {**BATCH, "batch_size_by_model": {"GPT-1": 8}}, "Llama-3.1-8B"),
        ("set_batch_size", {**BATCH, "batch_size_by_model": {}}, "Llama-3.1-8B"),
        ("set_batch_size", {**BATCH, "batch_size_by_model": [64]}, "Llama-3.1-8B"),
        ("shift_replicas", {**SHIFT, "datacenter": 7}, "z1_sw, z2_nw, z3_se, z4_ne"),
        ("shift_replicas", {**SHIFT, "model": None}, "Llama-3.1-8B"),
        (
            "set_taps",
            {"regulators": {"a": 1.0}},
            "creg1a, creg2a, creg3a, creg3c, creg4a, creg4b, creg4c",
        ),
        ("set_taps", {"regulators": {}}, "creg1a, creg2a, creg3a, creg3c, creg4a, creg4b, creg4c"),
        ("set_storage_power", {**POWER, "storage": "bat"}, "battery"),
        ("set_controller", {"name": "ofo", "enabled": False}, "none"),
        ("set_weather", {}, ", ".join(CONTROLS)),
    ]
    told = answers(processes, *((command, args) for command, args, _ in known), **ONE_BATTERY)
    for refusal, (_, _, allowed) in zip(told, known, strict=True):
        assert refusal.endswith(f": {allowed}")


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("set_batch_size", BATCH),
        ("shift_replicas", SHIFT),
        ("set_taps", {"regulators": {"creg1a": 1.0}}),
        ("set_storage_power", POWER),
        ("set_controller", {"name": "again", "enabled": False}),
    ],
)
def test_each_argument_is_needed_and_no_other_is_taken(
    processes: ProcessPoolExecutor, command: str, args: dict[str, Any]
) -> None:
    cases = [{key: value for key, value in args.items() if key != left_out} for left_out in args]
    droop = [{"type": "storage_droop", "name": "again", "mode": "pv"}]
    *lacking, more, right = answers(
        processes,
        *((command, case) for case in [*cases, {**args, "reason": "why not"}, args]),
        controllers=droop,
        **ONE_BATTERY,
    )
    assert lacking == [f"missing argument {left_out}; needed: {', '.join(args)}" for left_out in args]
    assert more == f"unknown argument 'reason'; allowed: {', '.join(args)}"
    assert right == "ok"


def test_batch_sizes_are_the_feasible_ones_and_one_wrong_one_refuses_all(
    processes: ProcessPoolExecutor,
) -> None:
    def sizes(**by_model: Any) -> tuple[str, dict[str, Any]]:
        labels = {"small": "Llama-3.1-8B", "big": "Llama-3.1-405B"}
        args = {labels[name]: size for name, size in by_model.items()}
        return "set_batch_size", {"datacenter": "z3_se", "batch_size_by_model": args}

    models = [
        {"label": "Llama-3.1-8B", "replicas": 8, "feasible_batch_sizes": [16, 32, 128]},
        {"label": "Llama-3.1-405B", "replicas": 8, "feasible_batch_sizes": [16, 128]},
    ]
    good = [sizes(small=16), sizes(small=128), sizes(big=16, small=32), sizes(small=32)]
    bad = [
        sizes(small=s) for s in (8, 15, 17, 64, 256, 0, -16, True, 16.0, "16", None, [16], math.nan, 10**5000)
    ]
    told = answers(
        processes, *good, *bad, sizes(small=16, big=32), datacenters__2__models=models, controllers=[]
    )
    assert told[:4] == ["ok"] * 4
    assert all(refusal.endswith("allowed: 16, 32, 128") for refusal in told[4:-1])
    assert told[-1] == "the batch size of Llama-3.1-405B is 32; allowed: 16, 128"


def test_taps_have_the_range_of_the_regulators(processes: ProcessPoolExecutor) -> None:
    def taps(ratio: object, **others: object) -> tuple[str, dict[str, Any]]:
        return "set_taps", {"regulators": {"creg1a": ratio, **others}}

    good = [taps(0.9), taps(1.1), taps(1), taps(1.03125, creg4b=0.95)]
    bad = [0.8999999, 1.1000001, 0, 2, math.nan, math.inf, True, "1.0", None, {}, -(10**5000)]
    told = answers(processes, *good, *map(taps, bad), taps(1.0, creg4b=1.2))
    assert told[:4] == ["ok"] * 4
    assert all(
        refusal.startswith("the ratio of creg1a is ") and refusal.endswith("numbers from 0.9 to 1.1")
        for refusal in told[4:-1]
    )
    assert told[-1] == "the ratio of creg4b is 1.2; allowed are numbers from 0.9 to 1.1"


def test_a_battery_takes_what_it_is_rated_for(processes: ProcessPoolExecutor) -> None:
    def power(power_kw: object, kvar: object) -> tuple[str, dict[str, Any]]:
        return "set_storage_power", {**POWER, "power_kw": power_kw, "reactive_power_kvar": kvar}

    good = [power(300, 400), power(-300.0, -400.0), power(0, 500), power(0.0, -500), power(299.9, 400)]
    real = [300.001, -300.001, math.nan, -math.inf, True, "300", None]
    reactive = [500.001, -500.001, math.nan, math.inf, False, "0", None]
    told = answers(
        processes,
        *good,
        *(power(kw, 0.0) for kw in real),
        *(power(0.0, kvar) for kvar in reactive),
        power(300, 400.001),
        **ONE_BATTERY,
    )
    assert told[:5] == ["ok"] * 5
    assert all(refusal.endswith("numbers from -300 to 300 kW") for refusal in told[5:12])
    assert all(refusal.endswith("numbers from -500 to 500 kvar") for refusal in told[12:19])
    assert told[-1] == "300 kW and 400.001 kvar are 500.0008 kVA; battery is rated 500 kVA"


def test_a_controller_is_switched_by_a_word_that_changes_something(processes: ProcessPoolExecutor) -> None:
    def switch(enabled: object, name: str = "ofo-z2_nw") -> tuple[str, dict[str, Any]]:
        return "set_controller", {"name": name, "enabled": enabled}

    told = answers(
        processes,
        *(switch(value) for value in (True, False, False, True, 1, 0, None, "false")),
        switch(False, "ofo"),
        scenario="ieee123-ofo",
    )
    assert told == [
        "the controller ofo-z2_nw is enabled already",
        "ok",
        "the controller ofo-z2_nw is disabled already",
        "ok",
        "enabled is 1; allowed: true, false",
        "enabled is 0; allowed: true, false",
        "enabled is null; allowed: true, false",
        "enabled is 'false'; allowed: true, false",
        "name is 'ofo'; allowed: ofo-z1_sw, ofo-z2_nw, ofo-z3_se, ofo-z4_ne",
    ]


def shift(delta: object, model: str = "Llama-3.1-8B") -> tuple[str, dict[str, Any]]:
    return "shift_replicas", {"datacenter": "default", "model": model, "replica_delta": delta}


def site(capacity: int, *models: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "default", "bus": "671", "total_gpu_capacity": capacity, "models": list(models)}]


def test_replicas_go_down_to_none_and_up_to_the_gpus_and_shifts_add_up(
    processes: ProcessPoolExecutor,
) -> None:
    told = answers(
        processes,
        *map(shift, (-41, -40, -1, 81, 80, 1, -81, -30)),
        scenario="ieee13",
        datacenters=site(80, {"label": "Llama-3.1-8B", "replicas": 40}),
    )
    assert told == [
        "replica_delta is -41; default has 40 replicas of Llama-3.1-8B now, allowed is -40 or more",
        "ok",
        "replica_delta is -1; default has 0 replicas of Llama-3.1-8B now, allowed is 0 or more",
        (
            "replica_delta of Llama-3.1-8B is 81: the replicas need 81 GPUs at 0.1 s, but there are 80; "
            "allowed is 80 or less"
        ),
        "ok",
        (
            "replica_delta of Llama-3.1-8B is 1: the replicas need 81 GPUs at 0.1 s, but there are 80; "
            "no more of them fit"
        ),
        "replica_delta is -81; default has 80 replicas of Llama-3.1-8B now, allowed is -80 or more",
        "ok",
    ]


def test_a_server_carries_one_model_at_a_time_and_a_shift_knows_it(processes: ProcessPoolExecutor) -> None:
    told = answers(
        processes,
        *map(shift, (6, 5)),
        scenario="ieee13",
        datacenters=site(
            24, {"label": "Llama-3.1-8B", "replicas": 11}, {"label": "Llama-3.1-70B", "replicas": 1}
        ),
    )
    assert told == [
        (
            "replica_delta of Llama-3.1-8B is 6: the replicas need 4 servers at 0.1 s, but there are 3 "
            "(a server carries one model at a time); allowed is 5 or less"
        ),
        "ok",
    ]


def test_a_shift_must_fit_the_ramps_to_come_and_not_those_that_are_over(
    processes: ProcessPoolExecutor,
) -> None:
    ramps = [
        {"target": 75, "t_start_s": 0, "t_end_s": 0.2},
        {"target": 20, "t_start_s": 0.3, "t_end_s": 0.5},
        {"target": 60, "t_start_s": 30, "t_end_s": 40},
        {"target": 20, "t_start_s": 50, "t_end_s": 60},
    ]
    told = answers(
        processes,
        *map(shift, (21, 20, -41, -40)),
        scenario="ieee13",
        ticks=6,
        datacenters=site(80, {"label": "Llama-3.1-8B", "replicas": 40, "ramps": ramps}),
    )
    assert told == [
        (
            "replica_delta of Llama-3.1-8B is 21: the replicas need 81 GPUs at 40 s, but there are 80; "
            "allowed is 20 or less"
        ),
        "ok",
        "replica_delta is -41; default has 40 replicas of Llama-3.1-8B now, allowed is -40 or more",
        "ok",
    ]


def test_what_a_refused_shift_calls_allowed_is_exactly_what_fits_also_where_ramps_overlap(
    processes: ProcessPoolExecutor,
) -> None:
    def at_z3(delta: int) -> tuple[str, dict[str, Any]]:
        return "shift_replicas", {"datacenter": "z3_se", "model": "Llama-3.1-70B", "replica_delta": delta}

    huge, large, two, one, another = answers(processes, *map(at_z3, (10**9, 40, 2, 1, 1)))
    assert all(refusal.endswith("; allowed is 1 or less") for refusal in (huge, large, two))
    assert one == "ok"
    assert another.endswith("; no more of them fit")


def test_shifts_that_are_no_numbers_or_change_nothing_are_refused(processes: ProcessPoolExecutor) -> None:
    odd = [0, True, 1.0, "1", None, [], math.nan, 10**5000, -(10**5000)]
    told = answers(
        processes,
        *map(shift, odd),
        scenario="ieee13",
        datacenters=site(80, {"label": "Llama-3.1-8B", "replicas": 40}),
    )
    assert told[0] == "replica_delta is 0, which changes nothing; allowed are other whole numbers"
    assert all(refusal.endswith("allowed are whole numbers") for refusal in told[1:7])
    assert told[7].endswith("default has only 80 GPUs; allowed is 40 or less")
    assert told[8].endswith("allowed is -40 or more")


def _shifts_by_controllers() -> list[str]:
    simulation = started("ieee123-load-shift", {"duration_s": 8, "controllers.5.v_min": 1.03})
    told = []
    for _ in range(60):
        simulation.coordinator.step()
    for name, here in simulation.datacenters.items():
        for label, offset in here.backend._replica_offset_by_model.items():
            scheduled = here.backend._model_schedules[label].initial
            if offset:
                args = {"datacenter": name, "model": label, "replica_delta": -scheduled - offset - 1}
                told.append(answer(simulation, "shift_replicas", args))
    return told


def test_replicas_that_a_controller_moved_count(processes: ProcessPoolExecutor) -> None:
    told = in_process(processes, _shifts_by_controllers)
    assert told
    assert all("allowed is -" in refusal for refusal in told)


def _canonical() -> list[dict[str, Any]]:
    simulation = started("ieee123", {"duration_s": 10, **ONE_BATTERY})
    return [
        apply_control(simulation, "set_taps", {"regulators": {"creg2a": 1, "creg1a": 1.05}}),
        apply_control(simulation, "set_storage_power", {**POWER, "power_kw": 7}),
        apply_control(simulation, "shift_replicas", SHIFT),
    ]


def test_arguments_come_back_as_they_took_effect(processes: ProcessPoolExecutor) -> None:
    taps, power, shifted = in_process(processes, _canonical)
    assert repr(taps) == "{'regulators': {'creg1a': 1.05, 'creg2a': 1.0}}"
    assert repr(power["power_kw"]) == "7.0"
    assert shifted == SHIFT
