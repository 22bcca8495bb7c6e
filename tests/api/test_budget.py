"""What slow viewers may cost together, on both sides of each bound."""

from __future__ import annotations

import contextlib

import pytest

from gridcast.api.budget import LEAST_SHARE_BYTES, Budget, TooSlow

TOTAL = 16 * LEAST_SHARE_BYTES


class Sharer:
    def __init__(self) -> None:
        self.soft_bytes = 0

    def limit(self, soft_bytes: int) -> None:
        self.soft_bytes = soft_bytes


def test_all_have_the_same_share_also_those_that_came_first() -> None:
    budget, sharers = Budget(TOTAL), [Sharer() for _ in range(17)]
    with contextlib.ExitStack() as stack:
        for i, sharer in enumerate(sharers, start=1):
            stack.enter_context(budget.shared_by(sharer))
            assert len({one.soft_bytes for one in sharers[:i]}) == 1
            if i <= 16:
                assert TOTAL // 2 < i * sharer.soft_bytes <= TOTAL
        assert sharers[0].soft_bytes == LEAST_SHARE_BYTES
    last = Sharer()
    with budget.shared_by(last):
        assert last.soft_bytes == TOTAL


def test_shares_grow_again_when_viewers_leave() -> None:
    budget, one = Budget(TOTAL), Sharer()
    with budget.shared_by(one):
        with budget.shared_by(Sharer()), budget.shared_by(Sharer()):
            assert one.soft_bytes == TOTAL // 4
        assert one.soft_bytes == TOTAL


def test_who_waits_is_counted_and_the_one_that_is_too_much_is_let_go() -> None:
    budget = Budget(TOTAL)
    with budget.waiting(TOTAL - 10), budget.waiting(10):
        assert budget.waiting_bytes == TOTAL
        with pytest.raises(TooSlow), budget.waiting(1):
            pass
    assert budget.waiting_bytes == 0
    with budget.waiting(TOTAL):
        pass


def test_who_is_let_go_while_it_waits_gives_back_what_it_had() -> None:
    budget = Budget(TOTAL)
    with pytest.raises(ConnectionError), budget.waiting(10):
        raise ConnectionError
    assert budget.waiting_bytes == 0
