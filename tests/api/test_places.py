"""Places for exports: who keeps one, and who has to give it up."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from gridcast.api.failures import Failure
from gridcast.api.places import PATIENCE_S, SLOW_BYTES_PER_S, Place, Places

BOUND = int(PATIENCE_S) * SLOW_BYTES_PER_S


@pytest.fixture
def places() -> Places:
    return Places(2)


def test_while_there_is_room_nobody_has_to_give_way(places: Places) -> None:
    with places.one() as first, places.one() as second:
        first.took(1, 3600.0)
        assert places.taken == {first, second}
    with places.one(), places.one():
        assert not first.lost.is_set()


@pytest.mark.parametrize(
    ("taken_bytes", "waited_s", "slow"),
    [
        (0, PATIENCE_S, True),
        (0, PATIENCE_S - 0.1, False),
        (BOUND - 1, PATIENCE_S, True),
        (BOUND, PATIENCE_S, False),
        (10 * BOUND, 10 * PATIENCE_S + 1, True),
        (1 << 40, 0.0, False),
    ],
)
def test_slow_is_who_took_little_and_kept_us_waiting_long(
    taken_bytes: int, waited_s: float, slow: bool
) -> None:
    place = Place()
    for _ in range(4):
        place.took(taken_bytes // 4, waited_s / 4)
    place.took(taken_bytes % 4, 0.0)
    assert place.slow == slow


def test_the_slowest_gives_way_and_the_next_one_has_its_place(places: Places) -> None:
    with ExitStack() as held:
        slow, slower = (held.enter_context(places.one()) for _ in range(2))
        slow.took(SLOW_BYTES_PER_S, PATIENCE_S)
        slower.took(100, PATIENCE_S)
        third = held.enter_context(places.one())
        assert (slow.lost.is_set(), slower.lost.is_set()) == (False, True)
        assert places.taken == {slow, third}
        held.enter_context(places.one())
        assert slow.lost.is_set()
        with pytest.raises(Failure, match="2 exports are under way"):
            held.enter_context(places.one())
    assert places.taken == frozenset()


def test_where_nobody_is_slow_the_next_one_is_told_to_come_back(places: Places) -> None:
    with places.one(), places.one():
        with pytest.raises(Failure, match="try again in a moment") as refused, places.one():
            pass
        assert refused.value.headers == {"Retry-After": "2"}
    with places.one():
        pass
