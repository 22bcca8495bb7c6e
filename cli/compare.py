"""`gridcast compare`: what differs between runs, in what was asked for and in what came out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from gridcast.client import JSON, JSONObject

from . import terminal
from .choose import service_at, session
from .exits import CliError, Exit
from .summary import BY_MODEL, METRICS
from .trace import sparkline

ALLOWED = (2, 8)
"""Sessions that a service compares at once."""
SPARK_WIDTH = 24
NAMED = 4
"""Stretches of lost ticks that a line names."""
BETTER_WHEN = {
    "violation_time_s": "lower",
    "integral_violation_pu_s": "lower",
    "itl_deadline_fraction": "lower",
    "itl_deadline_fraction_by_model": "lower",
    "mean_throughput_tps": "higher",
    "integrated_throughput_tokens": "higher",
    "throughput_by_model_tps": "higher",
}
"""Metrics of which more or less is plainly good; of a voltage, say, that depends."""
MARKS = {"better": "green", "worse": "red"}


@dataclass(frozen=True, kw_only=True, slots=True)
class CompareOptions:
    """The command line of `gridcast compare`."""

    names: Sequence[str]
    url: str | None
    json: bool


async def compare(options: CompareOptions) -> Exit:
    """Print how the sessions differ from the first of them.

    Raises:
        CliError: a name means no one session, or they are too few, too many, or one of them twice.
        ClientError: the service refused, or does not answer.
    """
    low, high = ALLOWED
    if not low <= len(options.names) <= high:
        raise CliError(Exit.BAD_INPUT, f"{low} to {high} sessions can be compared, not {len(options.names)}")
    async with service_at(options.url) as service:
        meant = await asyncio.gather(*(session(service, name) for name in options.names))
        ids = [str(found["id"]) for found in meant]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise CliError(Exit.BAD_INPUT, f"{twice[0]} is meant more than once; a run equals itself")
        points = None if options.json else SPARK_WIDTH
        document = await service.compare(ids, max_points=points)
    if options.json:
        terminal.print_json(document)
    else:
        console = terminal.out()
        console.print(tables(document, ids, ascii_only=not console.encoding.startswith("utf")))
    return Exit.OK


def tables(document: JSONObject, ids: Sequence[str], *, ascii_only: bool) -> RenderableType:
    """The runs, the parameters that differ, and the metrics of all with their differences to the first."""
    return Group(
        _runs(document, ids, ascii_only),
        *_missing(document, ids),
        Text(""),
        _parameters(document, ids),
        Text(""),
        _metrics(document, ids),
    )


def _runs(document: JSONObject, ids: Sequence[str], ascii_only: bool) -> Table:
    table = Table(
        Column("id", no_wrap=True),
        "title",
        "scenario",
        "status",
        Column("ticks", justify="right"),
        Column(f"lowest voltage, {_range(document, ids)}", no_wrap=True),
        box=None,
        pad_edge=False,
    )
    listed = document.get("sessions")
    found = (
        {str(one.get("id")): one for one in listed if isinstance(one, dict)}
        if isinstance(listed, list)
        else {}
    )
    lows = [_lows(document, session_id) for session_id in ids]
    everyone = [low for series in lows for low in series]
    line = sparkline(everyone, ascii_only=ascii_only)  # one scale for all, so that they can be compared
    at = 0
    for session_id, series in zip(ids, lows, strict=True):
        one = found.get(session_id, {})
        table.add_row(
            Text(session_id),
            Text(str(one.get("title") or "")),
            Text(str(one.get("scenario") or "")),
            terminal.status_text(one.get("status", "")),
            f"{one.get('tick', 0)}/{one.get('n_ticks', 0)}",
            Text(line[at : at + len(series)]),
        )
        at += len(series)
    return table


def _missing(document: JSONObject, ids: Sequence[str]) -> Iterator[Text]:
    """A line for each run whose series have holes: what was lost must not look like what was."""
    lost = document.get("missing")
    for session_id in ids:
        spans = lost.get(session_id) if isinstance(lost, dict) else None
        if isinstance(spans, list) and spans:
            named = ", ".join(f"{s[0]} to {s[-1]}" for s in spans[:NAMED] if isinstance(s, list) and s)
            more = f" and {len(spans) - NAMED} stretches more" if len(spans) > NAMED else ""
            text = (
                f"{session_id}: ticks {named}{more} are gone; its voltages here lack them, its metrics do not"
            )
            yield Text(text, "yellow")


def _lows(document: JSONObject, session_id: str) -> list[float | None]:
    series = document.get("series")
    own = series.get(session_id) if isinstance(series, dict) else None
    lows = own.get("v_min") if isinstance(own, dict) else None
    return (
        [float(low) if isinstance(low, (int, float)) else None for low in lows]
        if isinstance(lows, list)
        else []
    )


def _range(document: JSONObject, ids: Sequence[str]) -> str:
    known = [low for session_id in ids for low in _lows(document, session_id) if low is not None]
    return f"{min(known):.4f} to {max(known):.4f} pu" if known else "not known"


def _parameters(document: JSONObject, ids: Sequence[str]) -> RenderableType:
    listed = document.get("parameters")
    differing = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if not differing:
        return Text("no parameter differs")
    columns = (Column(Text(session_id), justify="right") for session_id in ids)
    table = Table(Column("parameter", overflow="fold"), *columns, box=None, pad_edge=False)
    for one in differing:
        values = one.get("values")
        cells = values if isinstance(values, dict) else {}
        table.add_row(
            Text(str(one.get("path"))), *(Text(_value(cells.get(session_id))) for session_id in ids)
        )
    return table


def _metrics(document: JSONObject, ids: Sequence[str]) -> RenderableType:
    rows = list(_rows(document.get("summary")))
    if not rows:
        return Text("no summaries to compare yet: they come at the end of a run")
    table = Table(
        Column("metric", overflow="fold"), Column(Text(ids[0]), justify="right"), box=None, pad_edge=False
    )
    for session_id in ids[1:]:
        table.add_column(Text(session_id), justify="right")
        table.add_column("difference", no_wrap=True)
    for name, label, form, values in rows:
        base = values.get(ids[0])
        cells = [_told(base, form)]
        for session_id in ids[1:]:
            value = values.get(session_id)
            cells += [_told(value, form), _difference(name, value, base, form)]
        table.add_row(Text(label), *cells)
    return table


def _rows(summary: JSON) -> Iterator[tuple[str, str, str, JSONObject]]:
    """Each number of the summaries: its metric, its label with the unit, how it is written, its value by session."""
    metrics = summary if isinstance(summary, dict) else {}
    for name, (label, unit, form) in METRICS.items():
        if isinstance(values := metrics.get(name), dict):
            yield name, f"{label} ({unit})" if unit else label, form, values
    for name, (label, form) in BY_MODEL.items():
        if isinstance(by_session := metrics.get(name), dict):
            told = {session_id: one for session_id, one in by_session.items() if isinstance(one, dict)}
            for model in dict.fromkeys(model for one in told.values() for model in one):
                yield name, f"{label}: {model}", form, {key: one.get(model) for key, one in told.items()}


def _difference(name: str, value: JSON, base: JSON, form: str) -> Text:
    """How far a value is from the first run's, and in a word what that means where it means something."""
    if not isinstance(value, (int, float)) or not isinstance(base, (int, float)):
        return Text("-")
    if form.format(value) == form.format(base):
        return Text("same")
    change = value - base
    text = Text(f"{'+' if change > 0 else '-'}{form.format(abs(change))}")
    if wanted := BETTER_WHEN.get(name):
        verdict = "better" if (change > 0) == (wanted == "higher") else "worse"
        text.append(f" {verdict}", MARKS[verdict])
    return text


def _told(value: JSON, form: str) -> Text:
    return Text(form.format(value) if isinstance(value, (int, float)) else "-")


def _value(value: JSON) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
