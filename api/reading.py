"""The ticks of a session, from its recording and, where that ends, from its log: one run without a seam."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final, TypeAlias

from gridcast.recordings.chunks import Chunk
from gridcast.recordings.entries import rows_of_entries
from gridcast.recordings.reader import ChunkUnreadable, read_chunk
from gridcast.recordings.rows import Rows, Selection

from .past import Past, look
from .remains import Span, available, gone, holes
from .seek import first_tick, since_of_tick
from .services import Services

LOG_BYTES: Final = 1 << 20
"""Of the log in one piece of work: some tens of milliseconds."""

LOOKS: Final = 3
"""How often the list of chunks is read again without any progress before ticks count as gone."""

_Piece: TypeAlias = Callable[[Selection], Rows]


class _LogMoved(Exception):
    """The log does not have ticks that it was thought to have; by now they may be recorded."""


async def read(
    services: Services,
    past: Past,
    selection: Selection,
    *,
    first: int,
    last: int,
    missing: list[Span] | None = None,
) -> AsyncGenerator[Rows, None]:
    """Ticks `first` to `last`, which must be done, in order and without holes, a chunk or a piece of the log at a time.

    What is trimmed from the log meanwhile has been recorded, so the list of chunks is looked at again. Ticks of a chunk that
    cannot be read are taken from the log where that has them.

    Args:
        missing: given, takes the ticks that are gone, in order, and the others are read.

    Raises:
        Failure: some of the ticks are gone, and there is no `missing`; which, and what there is.
    """
    at, broken, looks = first, set[str](), 0
    while at <= last:
        try:
            pieces = _pieces(services, past, at, last)
            async with aclosing(pieces), aclosing(_ahead(services, pieces, selection)) as found:
                async for rows in found:
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
                begin, end = (holes(await available(services, past), at, last) or [(at, last)])[0]
                if missing is None or begin != at:
                    raise await gone(services, past, at, last)
                missing.append((begin, end))
                at, looks = end + 1, 0
            past = await look(services, past.state.id, without=broken)


async def _ahead(
    services: Services, pieces: AsyncGenerator[_Piece, None], selection: Selection
) -> AsyncGenerator[Rows, None]:
    """What the pieces give, in order; while the caller is busy with one, the next is read."""
    held: Rows | None = None
    moved: _LogMoved | None = None
    while True:
        try:
            piece = await anext(pieces, None)
        except _LogMoved as error:
            piece, moved = None, error  # later: what was read before it is good
        ahead = asyncio.ensure_future(services.desk.run(piece, selection)) if piece is not None else None
        try:
            if held is not None:
                yield held
            if ahead is None:
                break
            held = await ahead
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)
    if moved is not None:
        raise moved


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
