"""What a child's end means, from its wait status alone."""

from __future__ import annotations

import signal

import pytest

from gridcast.workers.exits import Ending, ending
from gridcast.workers.orders import Exit, Order, Report


def exited(code: int) -> int:
    """The wait status of a process that ended with this exit code."""
    return code << 8


@pytest.mark.parametrize("code", [Exit.DONE, Exit.LOST])
def test_a_child_that_knew_what_it_did_leaves_nothing_to_do(code: Exit) -> None:
    assert ending(exited(code), tick=5, last_words=None) == Ending(settled=True)


@pytest.mark.parametrize("code", [Exit.DRAINED, Exit.CONFLICT])
def test_a_child_that_had_to_leave_its_session_is_not_to_blame(code: Exit) -> None:
    end = ending(exited(code), tick=5, last_words=None)
    assert not end.settled
    assert not end.own_fault


@pytest.mark.parametrize(
    ("number", "hint", "own_fault"),
    [
        (signal.SIGKILL, "out of memory", False),
        (signal.SIGSEGV, "native code", True),
        (signal.SIGTERM, "Somebody", False),
    ],
)
def test_a_signal_is_named_with_a_hint(number: signal.Signals, hint: str, own_fault: bool) -> None:
    end = ending(int(number), tick=42, last_words=None)
    assert end.own_fault is own_fault
    assert end.reason is not None
    for part in (number.name, hint, "tick 42"):
        assert part in end.reason


def test_last_words_are_the_reason() -> None:
    assert (
        ending(exited(Exit.CONFLICT), tick=5, last_words="the broker lost it").reason == "the broker lost it"
    )


def test_any_other_exit_code_is_a_crash_and_told() -> None:
    end = ending(exited(7), tick=5, last_words=None)
    assert end.own_fault
    assert end.reason is not None
    assert "exit code 7" in end.reason


def test_orders_and_reports_survive_the_way() -> None:
    order = Order(kind="session", id="k3v9", attempt=2, token=7, owner="w", record={"speed": "max"})
    assert Order.decode(order.encode()) == order
    report = Report(pid=1, tick=2, lag_s=0.5, last_words="x" * 5000)
    line = report.encode()
    assert len(line) < 4096  # what POSIX writes to a pipe in one piece
    assert Report.decode(line).last_words == "x" * 1000
