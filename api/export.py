"""`/api/sessions/{id}/export`: all ticks that are done as one file, in constant memory."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridcast.recordings.chunks import FORMAT

from .fields import everything
from .models import ExportQuery
from .past import Past, look
from .reading import read
from .remains import checked
from .replies import fails_with, while_connected
from .services import Services, ServicesDep
from .sheets import SHEETS, Sheet
from .streamed import Streamed

router = APIRouter(prefix="/api/sessions/{session_id}/export", tags=["sessions"])

PIECE_ROWS: Final = 512
"""Made of text formats in one go: some MiB."""

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@router.get(
    "",
    responses={
        200: {"content": {sheet.media_type: {} for sheet in SHEETS.values()}},
        **fails_with(404, 409, 410, 422, 429, 503),
    },
)
async def export(
    request: Request, services: ServicesDep, session_id: str, query: Annotated[ExportQuery, Query()]
) -> Response:
    """The whole run, or what is done of it now: float64 from the recording, rounded what only the log has yet."""
    async with AsyncExitStack() as stack:
        place = stack.enter_context(services.desk.exports.one())
        past = await while_connected(request, _ready(services, session_id))
        rounded_from = past.recorded if past.recorded <= past.newest else None
        about = await _about(services, past, rounded_from)
        sheet: Sheet = SHEETS[query.format](past.columns, about)
        name = _UNFIT.sub("-", f"gridcast-{past.state.record['scenario']}-{session_id}.{query.format}")
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        if rounded_from is not None:
            headers["Gridcast-Rounded-From"] = str(rounded_from)
        return Streamed(
            services,
            _pieces(services, past, sheet, PIECE_ROWS if query.format != "parquet" else None),
            media_type=SHEETS[query.format].media_type,
            headers=headers,
            holds=stack.pop_all(),
            place=place,
        )


async def _ready(services: Services, session_id: str) -> Past:
    return await checked(services, await look(services, session_id))


async def _about(services: Services, past: Past, rounded_from: int | None) -> dict[str, Any]:
    """What a chunk's metadata says, for all ticks together."""
    state = past.state
    return {
        "format": FORMAT,
        "session_id": state.id,
        "epoch": state.epoch,
        "first": 0,
        "ticks": state.tick,
        "rounded_from": rounded_from,
        "digest": state.digest,
        "schema": state.schema,
        "record": state.record,
        "versions": state.versions,
        "workload_hash": state.workload_hash,
        "commands": await services.commands.applied(past.channel),
    }


async def _pieces(
    services: Services, past: Past, sheet: Sheet, piece_rows: int | None
) -> AsyncGenerator[bytes, None]:
    run = services.desk.run
    yield await run(sheet.head)
    selection = everything(past.columns)
    async with aclosing(read(services, past, selection, first=0, last=past.newest)) as found:
        async for rows in found:
            step = piece_rows or len(rows)
            for at in range(0, len(rows), step):
                part = rows if step == len(rows) else rows.part(at, at + step)
                yield await run(sheet.rows, part)
    yield await run(sheet.tail)
