"""`/api/compare`: what differs between runs, in what was asked for, in what came out, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridcast.recordings.columns import T_S, Column
from gridcast.recordings.rows import Selection

from .align import SHOWN, Axis, Series
from .columnar import NUMBER_BYTES
from .failures import Failure, Fault, invalid
from .fields import select
from .models import CompareQuery
from .past import Past, look
from .reading import read
from .remains import Span
from .replies import fails_with, while_connected
from .services import Services, ServicesDep
from .streamed import Streamed, in_turn
from .views import Base, show

router = APIRouter(prefix="/api/compare", tags=["sessions"])

MIN_RUNS: Final = 2
MAX_RUNS: Final = 8
MAX_FIELDS: Final = 40
"""Further series of each run."""


@router.get("", responses={200: {"content": {"application/json": {}}}, **fails_with(404, 409, 422, 503)})
async def compare(
    request: Request, services: ServicesDep, query: Annotated[CompareQuery, Query()]
) -> Response:
    """Two to eight sessions side by side; differences are to the first of them.

    Ticks that are gone leave holes in the series, which `missing` names; summaries and parameters are there all the same.
    """
    pasts = [await look(services, session_id) for session_id in _ids(query.ids)]
    wanted, left_out = await services.desk.run(_fields, pasts, query.fields)
    axis = Axis.over([(past.tick_s, past.state.tick) for past in pasts], query.max_points)
    sessions = await show(services, [past.state for past in pasts], base=Base.of(request), brief=True)
    numbers = len(pasts) * axis.points * (len(SHOWN) + len(wanted))
    async with AsyncExitStack() as stack:
        keeping = services.desk.keeping(numbers * NUMBER_BYTES)
        await while_connected(request, stack.enter_async_context(keeping))
        series, missing = await while_connected(request, _series(services, pasts, axis, wanted))
        summary, differences = _summaries(pasts)
        document = {
            "sessions": sessions,
            "parameters": _parameters(pasts),
            "summary": summary,
            "differences": differences,
            "series": {"t_s": axis.t_s, **series},
            "step_s": float(axis.step_s),
            "max_points": query.max_points,
            "left_out": left_out,
            "missing": missing,
        }
        body = await services.desk.run(orjson.dumps, document, option=orjson.OPT_SERIALIZE_NUMPY)
        headers = {"Content-Length": str(len(body)), "Cache-Control": "no-store"}
        return Streamed(
            services, in_turn([body]), media_type="application/json", headers=headers, holds=stack.pop_all()
        )


def _ids(text: str) -> list[str]:
    ids = [one.strip() for one in text.split(",")]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise invalid([Fault(("ids",), f"{twice[0]!r} is there more than once")])
    if not MIN_RUNS <= len(ids) <= MAX_RUNS:
        raise invalid([Fault(("ids",), f"{MIN_RUNS} to {MAX_RUNS} sessions can be compared, not {len(ids)}")])
    return ids


def _fields(pasts: Sequence[Past], fields: str | None) -> tuple[list[str], list[str]]:
    """Names of the further columns that all runs have, and of those that only some have.

    Raises:
        Failure: a field is none of any run's, or they are too many.
    """
    if fields is None:
        return [], []
    found: list[set[str]] = [set() for _ in pasts]
    order: dict[str, None] = {}
    for field in dict.fromkeys(name.strip() for name in fields.split(",")):
        refusals: list[Failure] = []
        for past, names in zip(pasts, found, strict=True):
            try:
                columns = select(past.columns, field).columns
            except Failure as failure:
                refusals.append(failure)
                continue
            told = [column.name for column in columns if column.path != (T_S,)]
            names.update(told)
            order |= dict.fromkeys(told)
        if len(refusals) == len(pasts):
            raise refusals[0]
    wanted = [name for name in order if all(name in names for names in found)]
    if len(wanted) > MAX_FIELDS:
        text = f"these are {len(wanted)} columns, and at most {MAX_FIELDS} can be compared at once"
        raise invalid([Fault(("fields",), text)])
    return wanted, [name for name in order if name not in wanted]


async def _series(
    services: Services, pasts: Sequence[Past], axis: Axis, wanted: Sequence[str]
) -> tuple[dict[str, Any], dict[str, list[Span]]]:
    """The series of each run, and of each that has lost some the ticks that they lack."""
    found, lost = {}, {}
    for past in pasts:
        fields = [column for name in wanted for column in past.columns if column.name == name]
        columns = tuple(column for column in past.columns if column in fields or _shown(column))
        selection = Selection(of=past.columns, columns=columns, events=False, controls=False)
        series = Series(axis=axis, tick_s=past.tick_s, columns=columns, fields=fields)
        missing: list[Span] = []
        rows = read(services, past, selection, first=0, last=past.newest, missing=missing)
        async with services.desk.reading, aclosing(rows) as pieces:  # others have a turn between two runs
            async for piece in pieces:
                await services.desk.run(series.add, piece)
        found[past.state.id] = series.told()
        if missing:
            lost[past.state.id] = missing
    return found, lost


def _shown(column: Column) -> bool:
    """What the series of every comparison are made of."""
    path = column.path
    return path == (T_S,) or path[0] == "v" or (path[0] == "dc" and path[2] == "p_w")


def _parameters(pasts: Sequence[Past]) -> list[dict[str, Any]]:
    """The dotted paths of the configurations at which not all have the same; null where one has nothing."""
    flat = {past.state.id: dict(_flat(past.state.record["config"])) for past in pasts}
    paths = dict.fromkeys(path for config in flat.values() for path in config)
    told = []
    for path in paths:
        values = {session_id: config.get(path) for session_id, config in flat.items()}
        if len({orjson.dumps(value) for value in values.values()}) > 1:
            told.append({"path": path, "values": values})
    return told


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Leaves of a document with their dotted paths; an empty list or object is a leaf too."""
    members: Mapping[Any, Any] = (
        value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    )
    if not members:
        return [(path, value)]
    return [
        leaf
        for name, inside in members.items()
        for leaf in _flat(inside, f"{path}.{name}" if path else str(name))
    ]


def _summaries(pasts: Sequence[Past]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each metric of each run that has a summary, and how it differs from the first run's; null where one is missing."""
    metrics = {past.state.id: (past.state.summary or {}).get("metrics", {}) for past in pasts}
    names = dict.fromkeys(name for told in metrics.values() for name in told)
    summary = {name: {session: told.get(name) for session, told in metrics.items()} for name in names}
    differences = {}
    for name, values in summary.items():
        base, *_ = values.values()
        differences[name] = {session: _difference(value, base) for session, value in values.items()}
    return summary, differences


def _difference(value: Any, base: Any) -> float | None:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (value, base))
    return value - base if numbers else None
