"""What a child's end means, from its wait status alone."""

from __future__ import annotations

import signal

import pytest

from gridcast.workers.exits import drained, failure
from gridcast.workers.orders import Exit, Order, Report


def exited(code: int) -> int:
    """The wait status of a process that ended with this exit code."""
    return code << 8


@pytest.mark.parametrize("code", [Exit.DONE, Exit.LOST, Exit.DRAINED])
def test_a_child_that_knew_what_it_did_is_no_failure(code: Exit) -> None:
    assert failure(exited(code), tick=5, last_words=None) is None


def test_only_a_drained_child_leaves_a_session_behind() -> None:
    assert drained(exited(Exit.DRAINED))
    assert not drained(exited(Exit.DONE))
    assert not drained(signal.SIGTERM)


@pytest.mark.parametrize(
    ("number", "hint"),
    [(signal.SIGKILL, "out of memory"), (signal.SIGSEGV, "native code"), (signal.SIGTERM, "Somebody")],
)
def test_a_signal_is_named_with_a_hint(number: signal.Signals, hint: str) -> None:
    reason = failure(int(number), tick=42, last_words=None)
    assert reason is not None
    assert number.name in reason
    assert hint in reason
    assert "tick 42" in reason


def test_last_words_are_the_reason() -> None:
    assert failure(exited(Exit.CONFLICT), tick=5, last_words="the broker lost it") == "the broker lost it"


def test_any_other_exit_code_is_told() -> None:
    reason = failure(exited(7), tick=5, last_words=None)
    assert reason is not None
    assert "exit code 7" in reason


def test_orders_and_reports_survive_the_way() -> None:
    order = Order(session_id="k3v9", attempt=2, token=7, owner="w", record={"speed": "max"})
    assert Order.decode(order.encode()) == order
    report = Report(pid=1, tick=2, lag_s=0.5, last_words="x" * 5000)
    line = report.encode()
    assert len(line) < 4096  # what POSIX writes to a pipe in one piece
    assert Report.decode(line).last_words == "x" * 1000
