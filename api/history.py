"""`/api/sessions/{id}/ticks`: the past of a run, whole or down-sampled, and where to go on live."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridcast.recordings.rows import Rows, Selection, Texts

from .columnar import Columnar, size_bytes
from .downsample import ROWS_PER_POINT, Sieve
from .failures import Fault, invalid
from .fields import select
from .models import TicksQuery
from .past import Past, look
from .reading import read
from .replies import fails_with, while_connected
from .seek import since_of_tick
from .services import Services, ServicesDep
from .streamed import Streamed, in_turn

router = APIRouter(prefix="/api/sessions/{session_id}/ticks", tags=["sessions"])

MAX_BYTES: Final = 64 << 20
"""Of one answer. Longer ones are of no use to a page, and an export needs no memory."""

MAX_TEXT_BYTES: Final = 1 << 20
"""Of the events, and of the controls, of a down-sampled answer; the oldest are left out."""

TEXT_BYTES: Final = 128
"""What the events, or the controls, of a tick take, about, where controllers are at work."""


@router.get("", responses={200: {"content": {"application/json": {}}}, **fails_with(404, 409, 410, 422, 503)})
async def ticks(
    request: Request, services: ServicesDep, session_id: str, query: Annotated[TicksQuery, Query()]
) -> Response:
    """Ticks `from` to `to` of the recording and the log, in columns as in a `ticks` entry with `tick` beside them."""
    past = await look(services, session_id)
    wanted = _wanted(past, query)
    async with AsyncExitStack() as stack:
        keeping = services.desk.keeping(wanted.size_bytes + wanted.text_bytes)
        await while_connected(request, stack.enter_async_context(keeping))
        answer = await while_connected(request, _made(services, past, wanted))
        pieces = list(answer)
        headers = {"Content-Length": str(sum(map(len, pieces))), "Cache-Control": "no-store"}
        return Streamed(
            services, in_turn(pieces), media_type="application/json", headers=headers, holds=stack.pop_all()
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """A request that can be answered."""

    first: int
    last: int
    max_points: int | None
    selection: Selection

    @property
    def n_ticks(self) -> int:
        return self.last - self.first + 1

    @property
    def sifted(self) -> bool:
        """Whether not every tick will be in the answer."""
        return self.max_points is not None and self.n_ticks > ROWS_PER_POINT * self.max_points

    @property
    def text_bytes(self) -> int:
        """What the events and controls may take, about."""
        each = TEXT_BYTES * self.n_ticks
        if self.max_points is not None:
            each = min(each, MAX_TEXT_BYTES)
        return each * (self.selection.events + self.selection.controls)

    @property
    def size_bytes(self) -> int:
        """About what the numbers take."""
        rows = min(self.n_ticks, ROWS_PER_POINT * (self.max_points or self.n_ticks))
        return size_bytes(self.selection, rows)


def _wanted(past: Past, query: TicksQuery) -> _Wanted:
    """Raises `Failure` with what is allowed."""
    last = past.newest if query.to is None else query.to
    done = f"session {past.state.id} has done ticks 0 to {past.newest}"
    more = "" if past.state.over else " so far"
    faults = [
        Fault((name,), f"{done}{more}, so tick {tick} is not there")
        for name, tick in (("from", query.from_), ("to", last))
        if tick > past.newest
    ]
    if not faults and query.from_ > last:
        faults.append(Fault(("from",), f"{query.from_} comes after to={last}; both ends are in the answer"))
    if faults:
        raise invalid(faults)
    wanted = _Wanted(
        first=query.from_,
        last=last,
        max_points=query.max_points,
        selection=select(past.columns, query.fields),
    )
    if wanted.size_bytes > MAX_BYTES:
        raise invalid([Fault(("max_points",), _too_much(wanted))])
    return wanted


def _too_much(wanted: _Wanted) -> str:
    return (
        f"{wanted.n_ticks} ticks of {len(wanted.selection.columns)} columns would be about "
        f"{wanted.size_bytes >> 20} MiB, and an answer may have {MAX_BYTES >> 20}; down-sample with max_points (600 suit a "
        "screen), ask for fewer ticks or fields, or take the export"
    )


def _too_much_happened() -> str:
    return (
        f"the events or controls of these ticks have more than the {MAX_BYTES >> 20} MiB that an answer may have; give "
        "max_points, which leaves out the oldest, ask for fewer ticks, or take the export"
    )


async def _made(services: Services, past: Past, wanted: _Wanted) -> Iterator[bytes]:
    async with services.desk.reading:
        gathered = _Gathered(wanted)
        rows = read(services, past, wanted.selection, first=wanted.first, last=wanted.last)
        async with aclosing(rows):
            async for found in rows:
                await services.desk.run(gathered.add, found)
        told = await services.desk.run(gathered.finish)
        head = {
            "session_id": past.state.id,
            "epoch": past.state.epoch,
            "from": wanted.first,
            "to": wanted.last,
            "n_ticks_in_range": wanted.n_ticks,
            "next_offset": await _next_offset(services, past, wanted.last),
        }
        voltages = [column.path[1:] for column in wanted.selection.columns if column.path[0] == "v"]
        if voltages:
            head["bus_phases"] = voltages
        return iter([orjson.dumps({**head, **told})[:-1], b",", *gathered.pieces(), b"}"])


async def _next_offset(services: Services, past: Past, last: int) -> int | None:
    """The offset after which every tick after `last` comes; `None` where the log does not have them all any more.

    All entries up to `head` hold ticks that are done, and all later ones others: both were read in one transaction. Further
    back the first entry after the offset may begin with ticks up to `last`.
    """
    if last == past.newest:
        return past.state.head
    offset = await since_of_tick(services.channels, past.channel, last)
    found = await services.channels.page(past.channel, after=offset, max_bytes=1)
    return offset if found and found[0].offset == offset + 1 else None


class _Gathered:
    """What the answer is made of, piece by piece. Not for two threads at once."""

    def __init__(self, wanted: _Wanted) -> None:
        self._columns = Columnar(wanted.selection)
        self._sieve: Sieve | None = None
        if wanted.sifted and wanted.max_points is not None:
            self._sieve = Sieve(
                wanted.selection.columns, first=wanted.first, last=wanted.last, max_points=wanted.max_points
            )
        bound = MAX_TEXT_BYTES if wanted.max_points is not None else None
        self._texts = {
            name: _Texts(bound)
            for name, asked in (("events", wanted.selection.events), ("controls", wanted.selection.controls))
            if asked
        }

    def add(self, rows: Rows) -> None:
        if self._sieve is None:
            self._columns.add(rows)
        else:
            self._sieve.add(rows)
        for name, texts in self._texts.items():
            texts.add(rows.events if name == "events" else rows.controls)

    def finish(self) -> dict[str, Any]:
        """Everything was added; answers with what is to be said of what is not there."""
        if self._sieve is not None:
            self._columns.add(self._sieve.rows())
        return {f"{name}_left_out": texts.left_out for name, texts in self._texts.items() if texts.left_out}

    def pieces(self) -> Iterator[bytes]:
        yield from self._columns.pieces()
        for name, texts in self._texts.items():
            yield b',"%b":[' % name.encode()
            yield from texts.pieces()
            yield b"]"


@dataclass(slots=True)
class _Texts:
    """JSON lists one after the other, as the inside of one list; beyond the bound the oldest go."""

    max_bytes: int | None
    left_out: int = 0
    _lists: deque[bytes] = field(default_factory=deque)
    _size: int = 0

    def add(self, texts: Texts) -> None:
        for _, text in texts:
            self._lists.append(text[1:-1])
            self._size += len(text)
        if self.max_bytes is None:
            if self._size > MAX_BYTES:
                raise invalid([Fault(("fields",), _too_much_happened())])
            return
        while self._size > self.max_bytes:
            oldest = self._lists.popleft()
            self._size -= len(oldest) + 2
            self.left_out += len(orjson.loads(b"[%b]" % oldest))

    def pieces(self) -> Iterator[bytes]:
        for n, inside in enumerate(self._lists):
            yield b"," + inside if n else inside
