"""Which ticks of a session are there, in its recording or its log, and how those that are gone are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from gridcast.recordings.chunks import Chunk
from gridcast.recordings.reader import ChunkUnreadable, check_chunk

from .failures import TICKS_GONE, Failure
from .past import Past
from .seek import first_tick
from .services import Services

Span: TypeAlias = tuple[int, int]
"""First and last tick."""

NAMED: Final = 8
"""Stretches that a sentence names; a program gets all of them."""


async def checked(services: Services, past: Past) -> Past:
    """The same without the chunks that cannot be opened, for who wants all of its ticks or none.

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
    if missing := holes(await available(services, past), 0, past.newest):
        path = f"/api/sessions/{past.state.id}/ticks"
        raise await gone(services, past, *missing[0], instead=f"an export is all of a run; {path} has ranges")
    return past


async def gone(
    services: Services, past: Past, first: int, last: int, *, instead: str = "ask for a range within them"
) -> Failure:
    """The failure of who asks for ticks `first` to `last`, some of which are not there: which are, and what to do."""
    there = await available(services, past)
    missing = named(holes(there, first, last) or [(first, last)])
    wanted = f"ticks {missing} of session {past.state.id} are not there any more"
    if not there:
        return Failure(TICKS_GONE, f"{wanted}, nor are any others", facts={"available": []})
    begin, end = there[-1]
    return Failure(
        TICKS_GONE,
        f"{wanted}; there are ticks {named(there)}; {instead}, such as from={begin}&to={end}",
        facts={"available": there},
    )


async def available(services: Services, past: Past) -> list[Span]:
    """The ticks that are there, in order, in as few stretches as can be."""
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


def holes(there: Sequence[Span], first: int, last: int) -> list[Span]:
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


def named(spans: Sequence[Span]) -> str:
    """Stretches in words: `0 to 34, 70 to 139`."""
    told = [f"{first} to {last}" for first, last in spans[:NAMED]]
    more = [f"{len(spans) - NAMED} stretches more"] if len(spans) > NAMED else []
    return " and ".join([", ".join(told), *more])
