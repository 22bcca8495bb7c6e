"""What a process keeps of a channel: bounded, and only what is still true."""

from __future__ import annotations

from gridcast.broadcaster import Batch, Entry
from gridcast.broadcaster.feed import BATCH_BYTES, BATCHES_SHARE, Feed
from gridcast.broadcaster.names import Epoch
from tests.broadcaster.conftest import CHANNEL

EPOCH = Epoch("e1")
ENTRY_BYTES = 1000
COST = ENTRY_BYTES + 200
"""What an entry counts in a bound."""


def entries(first: int, count: int) -> list[Entry]:
    return [Entry(offset, b"x" * ENTRY_BYTES) for offset in range(first, first + count)]


def feed(*, head: int = 1000, room: int = 100) -> Feed:
    """A feed that has room for so many entries in its window, and as many in pages."""
    return Feed(CHANNEL, epoch=EPOCH, head=head, max_bytes=room * COST)


def offsets(found: list[Entry]) -> list[int]:
    return [entry.offset for entry in found]


def test_a_page_serves_whoever_is_inside_it_and_nobody_else() -> None:
    one = feed()
    one.keep(entries(11, 10), life=one.life)
    assert offsets(one.after(10, max_bytes=1 << 20)) == list(range(11, 21))
    assert offsets(one.after(15, max_bytes=1 << 20)) == list(range(16, 21))
    assert one.after(9, max_bytes=1 << 20) == []
    assert one.after(20, max_bytes=1 << 20) == []


def test_a_reader_is_given_some_max_bytes_and_at_least_one_entry() -> None:
    one = feed()
    one.keep(entries(1, 10), life=one.life)
    assert offsets(one.after(0, max_bytes=1)) == [1]
    assert offsets(one.after(0, max_bytes=2 * ENTRY_BYTES)) == [1, 2]
    assert offsets(one.after(0, max_bytes=2 * ENTRY_BYTES + 1)) == [1, 2, 3]


def test_pages_are_bounded_and_the_oldest_goes_first() -> None:
    one = feed(room=20)
    one.keep(entries(1, 10), life=one.life)
    one.keep(entries(11, 10), life=one.life)
    assert one.pages_bytes == 20 * COST
    one.keep(entries(21, 1), life=one.life)
    assert one.after(0, max_bytes=1) == []
    assert offsets(one.after(10, max_bytes=1)) == [11]
    assert one.pages_bytes == 11 * COST


def test_a_page_that_was_read_before_the_channel_changed_is_not_kept() -> None:
    one = feed()
    life = one.life
    one.observed(epoch=EPOCH, head=5)
    one.keep(entries(1, 5), life=life)
    assert one.after(0, max_bytes=1) == []
    one.keep(entries(1, 5), life=one.life)
    assert offsets(one.after(0, max_bytes=1)) == [1]


def test_pages_that_nobody_wants_any_more_are_forgotten() -> None:
    one = feed()
    one.keep(entries(1, 5), life=one.life)
    one.age()
    assert one.after(0, max_bytes=1)
    one.age()
    assert one.pages_bytes == 5 * COST
    one.age()
    assert (one.after(0, max_bytes=1), one.pages_bytes) == ([], 0)


def test_the_window_is_asked_before_the_pages() -> None:
    one = feed(head=20)
    one.keep(entries(11, 10), life=one.life)
    [news] = entries(21, 1)
    assert one.arrived(news)
    assert one.after(20, max_bytes=1) == [news]
    assert offsets(one.after(15, max_bytes=1)) == [16]


def batch(one: Feed, offset: int, *, max_bytes: int = 1 << 20) -> Batch:
    found = one.batch(offset, max_bytes=max_bytes)
    assert found is not None
    return found


def test_all_who_come_to_a_place_are_given_the_same_batch() -> None:
    one = feed()
    one.keep(entries(1, 100), life=one.life)
    first = batch(one, 0)
    assert batch(one, 0) is first
    assert (len(first.entries), first.size) == (66, 66 * ENTRY_BYTES)
    assert batch(one, 66).entries[0].offset == 67
    assert one.batch(100, max_bytes=1 << 20) is None


def test_who_has_room_for_less_is_given_less_and_the_others_as_before() -> None:
    one = feed()
    one.keep(entries(1, 100), life=one.life)
    small = batch(one, 0, max_bytes=3 * ENTRY_BYTES)
    assert offsets(small.entries) == [1, 2, 3]
    whole = batch(one, 0)
    assert len(whole.entries) == 66
    assert offsets(batch(one, 0, max_bytes=3 * ENTRY_BYTES).entries) == [1, 2, 3]
    assert batch(one, 0) is whole


def test_a_batch_that_ends_at_the_head_grows_for_those_who_come_later() -> None:
    one = feed(head=0)
    for entry in entries(1, 2):
        one.arrived(entry)
    assert offsets(batch(one, 0).entries) == [1, 2]
    one.arrived(entries(3, 1)[0])
    assert offsets(batch(one, 0).entries) == [1, 2, 3]


def test_few_batches_are_kept_and_none_beyond_a_life_or_the_pages() -> None:
    one = feed(room=1000)
    one.keep(entries(1, 500), life=one.life)
    kept = one.max_bytes // (BATCHES_SHARE * BATCH_BYTES)
    first, *_ = [batch(one, place) for place in range(kept)]
    assert batch(one, 0) is first
    batch(one, kept)
    assert batch(one, 0) is not first
    one.observed(epoch=Epoch("e2"), head=1000)
    assert one.batch(0, max_bytes=1 << 20) is None
    one.keep(entries(1, 100), life=one.life)
    batch(one, 0)
    one.age()
    one.age()
    assert one.batch(0, max_bytes=1 << 20) is None
