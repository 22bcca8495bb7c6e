"""Whatever JSON comes as a command that touches the simulation, it is taken or refused, and a refusal leaves no trace."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridcast.workers.engine.controls import apply_control
from gridcast.workers.engine.steer import Refused
from tests.workers.engine.runs import in_process
from tests.workers.engine.test_controls import ONE_BATTERY, started, state

NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, 1, -1, 1.0, 0.9, 1.1, 16, 64, 128, 300.0])
)
WORDS = st.sampled_from(["z1_sw", "z3_se", "Llama-3.1-8B", "creg1a", "creg4b", "battery", "again", "ofo"])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = {
    "set_batch_size": ["datacenter", "batch_size_by_model"],
    "shift_replicas": ["datacenter", "model", "replica_delta"],
    "set_taps": ["regulators"],
    "set_storage_power": ["storage", "power_kw", "reactive_power_kvar"],
    "set_controller": ["name", "enabled"],
}
LIKELY = {
    "datacenter": st.sampled_from(["z1_sw", "z3_se"]),
    "model": st.just("Llama-3.1-8B"),
    "batch_size_by_model": st.dictionaries(st.just("Llama-3.1-8B"), st.sampled_from([16, 64, 7])),
    "regulators": st.dictionaries(st.sampled_from(["creg1a", "creg4b"]), st.floats(0.85, 1.15)),
    "storage": st.just("battery"),
    "name": st.just("again"),
    "enabled": st.booleans(),
}


@st.composite
def commands(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    command = draw(st.sampled_from(sorted(NAMES)) | st.text(max_size=4))
    if not draw(st.integers(0, 3)):
        return command, draw(st.dictionaries(st.text(max_size=5), JSON, max_size=3))
    return command, {name: draw(LIKELY.get(name, NUMBERS) | JSON) for name in NAMES.get(command, [])}


def _anything_is_taken_or_refused() -> tuple[int, int]:
    simulation = started(
        "ieee123",
        {
            "duration_s": 3600,
            **ONE_BATTERY,
            "controllers": [{"type": "storage_droop", "name": "again", "mode": "pv"}],
        },
    )
    counts = [0, 0]

    @settings(
        max_examples=600,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(one=commands())
    def check(one: tuple[str, dict[str, Any]]) -> None:
        command, args = one
        before, sent = state(simulation), repr(args)
        taken, refusal = None, ""
        try:
            taken = apply_control(simulation, command, args)
        except Refused as refused:
            refusal = str(refused)
        assert repr(args) == sent
        counts[taken is None] += 1
        if taken is None:
            assert state(simulation) == before
            assert 10 < len(orjson.dumps(refusal)) < 600
        else:
            assert orjson.loads(orjson.dumps(taken)) == taken
            assert set(taken) == set(NAMES[command])

    check()
    return counts[0], counts[1]


def test_whatever_comes_is_taken_or_refused_without_a_trace(processes: ProcessPoolExecutor) -> None:
    taken, refused = in_process(processes, _anything_is_taken_or_refused)
    assert taken > 20
    assert refused > 200
