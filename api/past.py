"""The ticks of a session, from its recording and, where that ends, from its log: one run without a seam.

Meta and the list of chunks are read in one transaction, so they tell of one moment: ticks 0 to `tick` - 1 are done, those of
the listed chunks are recorded, and the log up to `head` has the rest, unless it was trimmed.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

import orjson

from gridcast.broadcaster import Channel, Entry, NoChannel
from gridcast.broadcaster.client import answering
from gridcast.broadcaster.sessions import SessionState, decode
from gridcast.recordings.chunks import Chunk, in_order
from gridcast.recordings.columns import Column, columns_of
from gridcast.recordings.entries import rows_of_entries
from gridcast.recordings.reader import ChunkUnreadable, check_chunk, read_chunk
from gridcast.recordings.rows import Rows, Selection

from .failures import NO_TICKS, NOT_READY, RETRY_S, TICKS_GONE, Failure
from .seek import since_of_tick
from .services import Services
from .views import channel_of

LOG_BYTES: Final = 1 << 20
"""Of the log in one piece of work: some tens of milliseconds."""

LOOKS: Final = 3
"""How often the list of chunks is read again without any progress before ticks count as gone."""

Span: TypeAlias = tuple[int, int]
"""First and last tick."""

_Piece: TypeAlias = Callable[[Selection], Rows]


class _LogMoved(Exception):
    """The log does not have ticks that it was thought to have; by now they may be recorded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What is there of a session at one moment. `chunks`: those whose files are there, in order, of ticks that are done."""

    state: SessionState
    columns: tuple[Column, ...]
    chunks: Sequence[Chunk]

    @property
    def channel(self) -> Channel:
        return Channel.session(self.state.id)

    @property
    def tick_s(self) -> float:
        """How long a tick is."""
        assert self.state.schema is not None
        return float(self.state.schema["tick_s"])

    @property
    def newest(self) -> int:
        """The last tick that is done."""
        return self.state.tick - 1

    @property
    def recorded(self) -> int:
        """All ticks before this one are recorded."""
        after = 0
        for chunk in self.chunks:
            if chunk.first > after:
                break
            after = max(after, chunk.after)
        return after


async def look(services: Services, session_id: str, *, without: Collection[str] = ()) -> Past:
    """What is there now.

    Args:
        without: names of chunks that turned out to be unreadable.

    Raises:
        NoChannel
        Failure: nothing was computed yet, or the store does not answer.
    """
    channel = channel_of(session_id)
    async with answering():
        pipe = services.redis.pipeline(transaction=True)
        pipe.hgetall(channel.meta)
        pipe.lrange(channel.chunks, 0, -1)
        meta, records = await pipe.execute()
    if not meta:
        raise NoChannel(str(channel))
    state = decode(session_id, {name.decode(): value for name, value in meta.items()})
    if state.schema is None or not state.tick:
        detail = f"session {session_id} is {state.status} and has done no tick"
        if not state.over:
            detail += "; ask again when it runs, or subscribe to it with since=0"
        raise Failure(NO_TICKS, detail)
    listed = [chunk for chunk in map(Chunk.decode, records) if chunk.first < state.tick]
    sizes = await _sizes(services, session_id) if listed else {}
    there = [
        chunk for chunk in listed if sizes.get(chunk.name) == chunk.size_bytes and chunk.name not in without
    ]
    return Past(state=state, columns=tuple(columns_of(state.schema)), chunks=in_order(there))


async def _sizes(services: Services, session_id: str) -> dict[str, int]:
    """Of the files of a session."""

    def sizes() -> dict[str, int]:
        store = services.desk.store()
        return {} if store is None else {file.name: file.size_bytes for file in store.files(session_id)}

    try:
        return await services.desk.run(sizes)
    except (OSError, ValueError) as error:
        raise _store_away(error) from error


def _store_away(error: Exception) -> Failure:
    return Failure(
        NOT_READY,
        f"the store of the recordings does not answer ({type(error).__name__}); try again in a moment",
        headers={"Retry-After": str(RETRY_S)},
    )


async def read(
    services: Services, past: Past, selection: Selection, *, first: int, last: int
) -> AsyncGenerator[Rows, None]:
    """Ticks `first` to `last`, which must be done, in order and without holes, a chunk or a piece of the log at a time.

    What is trimmed from the log meanwhile has been recorded, so the list of chunks is looked at again. Ticks of a chunk that
    cannot be read are taken from the log where that has them.

    Raises:
        Failure: some of the ticks are gone; which, and what there is.
    """
    at, broken, looks = first, set[str](), 0
    while at <= last:
        try:
            async with aclosing(_pieces(services, past, at, last)) as pieces:
                async for piece in pieces:
                    rows = await services.desk.run(piece, selection)
                    if not len(rows):
                        continue  # the end of a chunk that ends within an entry
                    if rows.ticks[0] != at:
                        raise _LogMoved
                    at, looks = at + len(rows), 0
                    yield rows
            if at <= last:
                raise _LogMoved  # or the log begins after `last` only
        except ChunkUnreadable as error:
            broken.add(error.chunk.name)
        except _LogMoved:
            looks += 1
        if at <= last:
            if looks == LOOKS:
                raise await gone(services, past, at, last)
            past = await look(services, past.state.id, without=broken)


async def checked(services: Services, past: Past) -> Past:
    """The same without the chunks that cannot be opened.

    Raises:
        Failure: some of its ticks are gone.
    """

    def broken() -> list[Chunk]:
        store, found = services.desk.store(), []
        for chunk in past.chunks:
            try:
                assert store is not None
                check_chunk(store, past.state.id, chunk)
            except ChunkUnreadable:
                found.append(chunk)
        return found

    bad = await services.desk.run(broken)
    past = replace(past, chunks=[chunk for chunk in past.chunks if chunk not in bad])
    for first, last in _holes(await _available(services, past), 0, past.newest):
        raise await gone(services, past, first, last)
    return past


async def _pieces(services: Services, past: Past, first: int, last: int) -> AsyncGenerator[_Piece, None]:
    """What gives ticks `first` to `last`; to be called in a thread, one after the other."""
    at, before = first, None
    for chunk in past.chunks:
        if chunk.after <= at:
            before = chunk
            continue
        if chunk.first > last:
            break
        if chunk.first > at:
            async for piece in _of_log(services, past, at, chunk.first - 1, before):
                yield piece
            at = chunk.first
        upto = min(last, chunk.after - 1)
        yield partial(_of_chunk, services, past.state.id, chunk, at, upto)
        at, before = upto + 1, chunk
    if at <= last:
        async for piece in _of_log(services, past, at, last, before):
            yield piece


def _of_chunk(
    services: Services, session_id: str, chunk: Chunk, first: int, last: int, selection: Selection
) -> Rows:
    store = services.desk.store()
    assert store is not None
    return read_chunk(store, session_id, chunk, selection, first=first, last=last)


async def _of_log(
    services: Services, past: Past, first: int, last: int, before: Chunk | None
) -> AsyncGenerator[_Piece, None]:
    """Pieces of the log that hold ticks `first` to `last`. Raises `_LogMoved` where it does not have the first of them."""
    channels, channel = services.channels, past.channel
    # The entry that ends the chunk may hold more ticks than the chunk.
    after = before.head - 1 if before is not None and before.after == first else None
    if after is None:
        after = await since_of_tick(channels, channel, first - 1)
    begun = False
    while after < past.state.head:
        page = await channels.page(channel, after=after, max_bytes=LOG_BYTES)
        if not page or (begun and page[0].offset != after + 1):
            raise _LogMoved
        after = page[-1].offset
        entries = [entry for entry in page if entry.type == "ticks"]
        beyond = bool(entries) and first_tick(entries[-1]) > last
        entries = [entry for entry in entries if first_tick(entry) <= last]
        if entries:
            if not begun and first_tick(entries[0]) > first:
                raise _LogMoved
            begun = True
            yield partial(_of_entries, [entry.data for entry in entries], first, last)
        if beyond:
            return
    if not begun:
        raise _LogMoved


def _of_entries(entries: Sequence[bytes], first: int, last: int, selection: Selection) -> Rows:
    return rows_of_entries(entries, selection, first=first, last=last)


_FIRST = re.compile(rb'"first":(\d+)')


def first_tick(entry: Entry) -> int:
    """Of a `ticks` entry, read from its head: writers put `first` before the numbers."""
    found = _FIRST.search(entry.data, 0, 200)
    return int(found[1]) if found else int(orjson.loads(entry.data)["first"])


async def gone(services: Services, past: Past, first: int, last: int) -> Failure:
    """The failure of who asks for ticks `first` to `last`, some of which are not there: which are, and what to do."""
    there = await _available(services, past)
    missing = _named(_holes(there, first, last) or [(first, last)])
    wanted = f"ticks {missing} of session {past.state.id} are not there any more"
    if not there:
        return Failure(TICKS_GONE, f"{wanted}, nor are any others", facts={"available": []})
    begin, end = there[-1]
    return Failure(
        TICKS_GONE,
        f"{wanted}; there are ticks {_named(there)}; ask for a range within them, such as from={begin}&to={end}",
        facts={"available": there},
    )


async def _available(services: Services, past: Past) -> list[Span]:
    spans = [(chunk.first, min(chunk.after - 1, past.newest)) for chunk in past.chunks]
    earliest = await _earliest_in_log(services, past)
    if earliest is not None:
        spans.append((earliest, past.newest))
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


async def _earliest_in_log(services: Services, past: Past) -> int | None:
    after = 0
    while page := await services.channels.page(past.channel, after=after, max_bytes=1):
        for entry in page:
            if entry.type == "ticks":
                tick = first_tick(entry)
                return tick if tick <= past.newest else None
        after = page[-1].offset
    return None


def _holes(there: Sequence[Span], first: int, last: int) -> list[Span]:
    """What of `first` to `last` is in none of the spans, which are in order."""
    found = []
    for begin, end in there:
        if begin > first:
            found.append((first, min(begin - 1, last)))
        first = max(first, end + 1)
        if first > last:
            break
    if first <= last:
        found.append((first, last))
    return [span for span in found if span[0] <= span[1]]


def _named(spans: Sequence[Span]) -> str:
    named = [f"{first} to {last}" for first, last in spans[:8]]
    more = [f"{len(spans) - 8} stretches more"] if len(spans) > 8 else []
    return " and ".join([", ".join(named), *more])
