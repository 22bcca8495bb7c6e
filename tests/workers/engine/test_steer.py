"""Commands change the state as they say, or are refused with a text that names what is allowed and change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.workers.engine.steer import COMMANDS, MAX_STEP_TICKS, Refused, Steering


def steering(*commands: str) -> Steering:
    found = Steering(speed="max")
    for command in commands:
        found.apply(command, {})
    return found


def state(found: Steering) -> tuple[Any, ...]:
    return found.speed, found.paused, found.stopping, found.steps_left


def test_a_new_session_runs() -> None:
    assert steering().running


def test_pause_and_resume() -> None:
    found = steering("pause")
    assert not found.running
    found.apply("resume", {})
    assert found.running


def test_step_runs_for_so_many_ticks_and_pauses_again() -> None:
    found = steering("pause")
    found.apply("step", {"ticks": 2})
    seen = []
    for _ in range(3):
        seen.append(found.running)
        found.ticked(1.0, lambda: None)
    assert seen == [True, True, False]
    assert found.paused


def test_pause_ends_a_step_and_resume_goes_on_past_it() -> None:
    found = steering("pause")
    found.apply("step", {"ticks": 5})
    found.apply("pause", {})
    assert not found.running
    found.apply("step", {"ticks": 5})
    found.apply("resume", {})
    for _ in range(9):
        found.ticked(1.0, lambda: None)
    assert found.running


@pytest.mark.parametrize("x", [0.1, 1, 1000, "max"])
def test_speed_takes_what_the_protocol_allows(x: float | str) -> None:
    found = steering()
    found.apply("speed", {"x": x})
    assert found.speed == x


@pytest.mark.parametrize("ticks", [1, MAX_STEP_TICKS])
def test_step_takes_what_the_protocol_allows(ticks: int) -> None:
    found = steering("pause")
    found.apply("step", {"ticks": ticks})
    assert found.steps_left == ticks


def test_stop_also_ends_a_paused_session() -> None:
    found = steering("pause", "stop")
    assert found.stopping
    assert not found.running


@pytest.mark.parametrize(
    ("before", "command", "args", "says"),
    [
        ((), "fly", {}, "unknown command 'fly'; allowed are pause, resume, stop, step, speed"),
        ((), "resume", {}, "running already"),
        (("pause",), "pause", {}, "paused already"),
        ((), "step", {"ticks": 1}, "pause it first"),
        (("pause",), "step", {}, "ticks is missing; allowed are whole numbers from 1 to 100000"),
        (("pause",), "step", {"ticks": 0}, "ticks is 0"),
        (("pause",), "step", {"ticks": MAX_STEP_TICKS + 1}, "ticks is 100001"),
        (("pause",), "step", {"ticks": True}, "ticks is true"),
        (("pause",), "step", {"ticks": 1.5}, "ticks is 1.5"),
        (("pause",), "step", {"tick": 1}, "unknown argument 'tick'; allowed: only ticks"),
        ((), "pause", {"now": True}, "unknown argument 'now'; allowed: none"),
        ((), "speed", {"x": 0.09}, "x is 0.09; allowed are numbers from 0.1 to 1000"),
        ((), "speed", {"x": 1001}, "x is 1001"),
        ((), "speed", {"x": "fast"}, "x is 'fast'"),
        ((), "speed", {"x": True}, "x is true"),
        ((), "speed", {}, "x is missing"),
        (("stop",), "pause", {}, "being stopped"),
        (("stop",), "stop", {}, "being stopped"),
    ],
)
def test_a_refused_command_says_why_and_changes_nothing(
    before: tuple[str, ...], command: str, args: dict[str, Any], says: str
) -> None:
    found = steering(*before)
    old = state(found)
    with pytest.raises(Refused) as refused:
        found.apply(command, args)
    assert says in str(refused.value)
    assert state(found) == old


def test_a_second_step_waits_for_the_first() -> None:
    found = steering("pause")
    found.apply("step", {"ticks": 5})
    with pytest.raises(Refused, match="5 ticks are left"):
        found.apply("step", {"ticks": 1})


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(Refused) as refused:
        steering().apply("speed", {"x": "x" * 10_000})
    assert len(str(refused.value)) < 300


ARGS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"ticks": st.integers(-1, 5)}),
    st.fixed_dictionaries({"x": st.one_of(st.just("max"), st.floats(0.05, 2000))}),
)


@given(st.lists(st.tuples(st.sampled_from([*COMMANDS, "fly"]), ARGS), max_size=30))
def test_the_applied_commands_alone_give_the_same_state(commands: list[tuple[str, dict[str, Any]]]) -> None:
    found = Steering(speed="max")
    applied = []
    for command, args in commands:
        try:
            found.apply(command, args)
        except Refused:
            continue
        applied.append((command, args))
    again = Steering(speed="max")
    for command, args in applied:
        again.apply(command, args)
    assert state(again) == state(found)
