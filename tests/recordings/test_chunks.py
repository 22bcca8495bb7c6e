"""The record of a chunk, and its file's name."""

from __future__ import annotations

from gridcast.recordings.chunks import Chunk, file_name, in_order, is_ours


def chunk(first: int, ticks: int = 10, token: int = 7) -> Chunk:
    return Chunk(
        name=file_name(first, token),
        first=first,
        ticks=ticks,
        size_bytes=123,
        digest="ab" * 32,
        head=4,
        token=token,
    )


def test_a_record_is_read_back_as_it_was() -> None:
    assert Chunk.decode(chunk(3600).encode()) == chunk(3600)


def test_names_sort_by_tick_and_tell_attempts_apart() -> None:
    assert file_name(3600, 2) == "0000003600-2.parquet"
    assert sorted([file_name(1_999_999, 1), file_name(36, 10), file_name(0, 1)])[1] == file_name(36, 10)
    assert file_name(36, 1) != file_name(36, 2)


def test_our_files_are_known_by_their_names() -> None:
    assert is_ours(file_name(0, 1))
    assert is_ours(file_name(0, 1) + ".4711.part")
    assert not is_ours("notes.txt")


def test_chunks_that_filled_a_hole_later_stand_at_their_place() -> None:
    assert [c.first for c in in_order([chunk(0), chunk(20), chunk(10)])] == [0, 10, 20]
    assert chunk(20).after == 30
