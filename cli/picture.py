"""How `gridcast monitor` draws what it saw: as tables, as lines, or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from gridcast.client import JSONObject

from .ls import done, status_with_place
from .observer import Picture, Seen
from .task_look import task_line, task_table
from .terminal import hms, speed
from .trace import sparkline

GAP = 2
LABELS_WIDTH = len("lowest voltage")
SPARK_WIDTHS = (12, 80)
WIDE_SPARK_MARGIN = 20


def tables(picture: Picture, console: Console, *, note: str = "") -> RenderableType:
    """All sessions in one table, or the one session with what happened in it; below, who works."""
    ascii_only = not console.encoding.startswith("utf")
    parts: list[RenderableType] = []
    if len(picture.seen) == 1:
        parts.append(_one(picture.seen[0], console.width, ascii_only))
    elif picture.seen:
        parts.append(_all(picture.seen, console, ascii_only))
    else:
        parts.append(Text("no session yet; `gridcast run SCENARIO` starts one"))
    if picture.tasks:
        parts += [Text(""), task_table(picture.tasks, ascii_only=ascii_only)]
    if picture.hidden:
        parts.append(Text(f"and {picture.hidden} more; `gridcast ls` lists them", "dim"))
    parts.append(Text(""))
    parts.append(_workers(picture))
    if note:
        parts.append(Text(note, "bold red"))
    return Group(*parts)


def lines(picture: Picture, clock: str) -> Iterator[str]:
    """One line for each session that is not over (or the only one), and one for the workers."""
    for seen in picture.seen:
        if not seen.over or len(picture.seen) == 1:
            facts = [f"{seen.session.get('status')} {done(seen.session)}", _time(seen), _pace(seen)]
            facts += [f"lag {_lag(seen)}", _voltage(seen).plain, f"{seen.n_happened} events"]
            yield f"{clock} {seen.session.get('id')} {', '.join(fact for fact in facts if fact)}"
    for task in picture.tasks:
        yield f"{clock} {task_line(task)}"
    yield f"{clock} {_work(picture)}"


def document(picture: Picture) -> JSONObject:
    """The picture as JSON: the session objects with what the monitor adds to them."""
    sessions = []
    for seen in picture.seen:
        now, lowest = seen.trace.now, seen.trace.lowest
        sessions.append(
            {
                **seen.session,
                "schema": None,
                "lag_s": seen.lag_s,
                "ticks_per_s": seen.ticks_per_s,
                "vmin_now_pu": now[0] if now else None,
                "vmin_now_at": seen.label(now[1]) if now else None,
                "vmin_pu": lowest[0] if lowest else None,
                "vmin_at": seen.label(lowest[1]) if lowest else None,
                "violation_time_s": _metric(seen, "violation_time_s"),
                "happened": list(seen.happened),
            }
        )
    found: JSONObject = orjson.loads(
        orjson.dumps(
            {
                "sessions": sessions,
                "tasks": [{**task.task, "eta_s": task.eta_s} for task in picture.tasks],
                "workers": picture.workers,
                "queue_depth": picture.queue_depth,
            }
        )
    )
    return found


def _all(seen: list[Seen], console: Console, ascii_only: bool) -> Table:
    """As many columns as fit; the sparkline takes the room that is left."""
    shown = dict(_COLUMNS)
    cells = {name: [cell(one) for one in seen] for name, cell in _COLUMNS.items()}
    widths = {
        name: max(cell_len(name), *(cell.cell_len for cell in column)) + GAP for name, column in cells.items()
    }
    for name in _DISPENSABLE:
        if sum(widths[kept] for kept in shown) + SPARK_WIDTHS[0] > console.width:
            del shown[name]
    room = console.width - sum(widths[kept] for kept in shown)
    spark = max(SPARK_WIDTHS[0], min(room, SPARK_WIDTHS[1]))
    table = Table(
        *(Column(name, no_wrap=True, justify="right" if name in _NUMBERS else "left") for name in shown),
        Column("over the run", no_wrap=True, width=spark),
        box=None,
        pad_edge=False,
    )
    for n, one in enumerate(seen):
        line = Text(sparkline(one.trace.stretches(spark), ascii_only=ascii_only))
        table.add_row(*(cells[name][n] for name in shown), line)
    return table


def _one(seen: Seen, width: int, ascii_only: bool) -> RenderableType:
    session = seen.session
    wide = max(SPARK_WIDTHS[0], min(width - WIDE_SPARK_MARGIN, SPARK_WIDTHS[1]))
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="dim", no_wrap=True, min_width=LABELS_WIDTH)
    facts.add_column(no_wrap=True, overflow="ellipsis")
    facts.add_row("session", Text(f"{session.get('id')}  {session.get('title') or session.get('scenario')}"))
    facts.add_row("status", status_with_place(session))
    if session.get("reason"):
        facts.add_row("reason", Text(str(session["reason"])))
    facts.add_row("done", _bar(seen, wide))
    facts.add_row("", f"{done(session)}, tick {seen.tick} of {session.get('n_ticks')}, {_time(seen)}")
    facts.add_row("speed", _pace(seen))
    facts.add_row("lag", _lag(seen))
    facts.add_row("lowest voltage", _voltage(seen))
    if seen.over:
        facts.add_row("violations", _violations(seen))
    facts.add_row("over the run", Text(sparkline(seen.trace.stretches(wide), ascii_only=ascii_only)))
    facts.add_row("viewers", str(session.get("viewers", 0)))
    facts.add_row("events", str(seen.n_happened))
    for item in seen.happened:
        more = f" {orjson.dumps(item['more']).decode()}" if item.get("more") else ""
        facts.add_row("", Text(f"tick {item['tick']}: {item['what']}{more}"))
    return facts


def _workers(picture: Picture) -> RenderableType:
    table = Table("worker", "host", "pid", "sessions", "slots", box=None, pad_edge=False)
    for worker in picture.workers:
        sessions = worker.get("sessions")
        n_sessions = len(sessions) if isinstance(sessions, list) else 0
        table.add_row(
            Text(str(worker.get("id"))),
            Text(str(worker.get("host"))),
            str(worker.get("pid")),
            str(n_sessions),
            str(worker.get("slots")),
        )
    return Group(table, Text(_work(picture), "dim")) if picture.workers else Text(_work(picture), "bold red")


def _work(picture: Picture) -> str:
    if not picture.workers:
        return f"no worker is alive; `gridcast worker` starts one; {picture.queue_depth} queued"
    busy = sum(len(s) for w in picture.workers if isinstance(s := w.get("sessions"), list))
    slots = sum(n for w in picture.workers if isinstance(n := w.get("slots"), int))
    number = len(picture.workers)
    return f"{number} worker{'s' * (number > 1)}, {busy} of {slots} slots taken, {picture.queue_depth} queued"


def _bar(seen: Seen, width: int) -> ProgressBar:
    n_ticks = seen.session.get("n_ticks")
    return ProgressBar(total=n_ticks if isinstance(n_ticks, int) else None, completed=seen.tick, width=width)


def _clock(seen: Seen) -> str:
    return "-" if seen.tick_s is None else hms(seen.tick * seen.tick_s)


def _time(seen: Seen) -> str:
    n_ticks = seen.session.get("n_ticks")
    if seen.tick_s is None or not isinstance(n_ticks, int):
        return ""
    return f"{hms(seen.tick * seen.tick_s)} of {hms(n_ticks * seen.tick_s)} simulated"


def _rate(seen: Seen) -> str:
    return "-" if seen.ticks_per_s is None else f"{seen.ticks_per_s:,.0f}"


def _pace(seen: Seen) -> str:
    asked = speed(seen.session.get("speed"))
    return asked if seen.ticks_per_s is None else f"{asked}, {_rate(seen)} ticks/s"


def _lag(seen: Seen) -> str:
    return "-" if seen.lag_s is None else f"{seen.lag_s:.1f} s"


def _now(seen: Seen) -> Text:
    if seen.trace.now is None:
        return Text("-")
    low, place = seen.trace.now
    return _judged(Text(f"{low:.4f} at {seen.label(place)}"), low, seen.v_min)


def _so_far(seen: Seen) -> Text:
    """The lowest voltage of all looks; of a run whose past is gone, what its summary says."""
    if seen.trace.lowest is not None:
        low, place = seen.trace.lowest
        return _judged(Text(f"{low:.4f} at {seen.label(place)}"), low, seen.v_min)
    worst = _metric(seen, "worst_vmin")
    return Text("-") if worst is None else _judged(Text(f"{worst:.4f}"), worst, seen.v_min)


def _violations(seen: Seen) -> str:
    """Told by the summary, so only once a run is over."""
    time_s = _metric(seen, "violation_time_s")
    return "-" if time_s is None else f"{time_s:,.1f} s"


def _metric(seen: Seen, name: str) -> float | None:
    summary = seen.session.get("summary")
    metrics = summary.get("metrics") if isinstance(summary, dict) else None
    value = metrics.get(name) if isinstance(metrics, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


def _voltage(seen: Seen) -> Text:
    if seen.trace.now is None or seen.trace.lowest is None:
        return Text("")
    low, place = seen.trace.lowest
    so_far = _judged(Text(f"{low:.4f} at {seen.label(place)} so far"), low, seen.v_min)
    return _now(seen).append(" now, ").append(so_far).append(" (pu)")


def _judged(text: Text, v_pu: float, v_min: float | None) -> Text:
    """A voltage below the limit is marked in words, and in colour."""
    if v_min is None or v_pu >= v_min:
        return text
    text.append(f" (below {v_min:g})")
    text.stylize("bold red")
    return text


_COLUMNS: dict[str, Callable[[Seen], Text]] = {
    "id": lambda seen: Text(str(seen.session.get("id"))),
    "scenario": lambda seen: Text(str(seen.session.get("scenario") or "")),
    "status": lambda seen: status_with_place(seen.session),
    "done": lambda seen: Text(done(seen.session)),
    "simulated": lambda seen: Text(_clock(seen)),
    "speed": lambda seen: Text(speed(seen.session.get("speed"))),
    "ticks/s": lambda seen: Text(_rate(seen)),
    "lag": lambda seen: Text(_lag(seen)),
    "events": lambda seen: Text(str(seen.n_happened)),
    "violations": lambda seen: Text(_violations(seen)),
    "lowest (pu)": _so_far,
    "now (pu)": _now,
}
_NUMBERS = frozenset({"done", "simulated", "speed", "ticks/s", "lag", "events", "violations"})
_DISPENSABLE = ("scenario", "events", "speed", "lag", "violations", "ticks/s", "lowest (pu)")
"""Left out in this order where a terminal is too narrow."""
