"""Ticks go out by time, and the first one at once."""

from __future__ import annotations

from gridcast.workers.engine.batch import GATHER_S, Batcher


def test_the_first_tick_is_due_at_once() -> None:
    assert Batcher().added(100.0)


def test_later_ticks_are_due_when_the_first_of_them_is_old_enough() -> None:
    batcher = Batcher(0.02)
    batcher.added(100.0)
    batcher.sent()
    assert not batcher.added(100.001)
    assert not batcher.added(100.02)
    assert batcher.added(100.0211)
    batcher.sent()
    assert not batcher.added(100.0212)


def test_the_first_tick_after_a_pause_is_due_at_once() -> None:
    batcher = Batcher()
    batcher.added(100.0)
    batcher.sent()
    assert not batcher.added(100.0 + GATHER_S)
    batcher.sent()
    batcher.restart()
    assert batcher.added(200.0)


def test_a_restart_while_ticks_are_gathered_makes_the_next_batch_due_at_once() -> None:
    batcher = Batcher()
    batcher.restart()
    batcher.sent()
    assert not batcher.added(1.0)
