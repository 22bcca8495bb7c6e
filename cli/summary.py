"""The summary of a run as a person reads it. Names and numbers are OpenG2G's; text never acts as markup."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from gridcast.client import JSON, Entry, JSONObject

from . import terminal
from .sessions import Course

METRICS = {
    "violation_time_s": ("voltage violation time", "s", "{:,.1f}"),
    "integral_violation_pu_s": ("integral of the violation", "pu s", "{:,.4f}"),
    "worst_vmin": ("lowest voltage", "pu", "{:.4f}"),
    "worst_vmax": ("highest voltage", "pu", "{:.4f}"),
    "mean_throughput_tps": ("mean throughput (as OpenG2G counts)", "tokens/s", "{:,.0f}"),
    "integrated_throughput_tokens": ("tokens in all (as OpenG2G counts)", "", "{:,.0f}"),
    "itl_deadline_fraction": ("latency deadline missed", "of the time", "{:.2%}"),
    "ticks": ("ticks", "", "{:,}"),
    "wall_s": ("wall time", "s", "{:.2f}"),
    "ticks_per_s": ("ticks per second", "", "{:,.0f}"),
}
BY_MODEL = {
    "throughput_by_model_tps": ("tokens/s", "{:,.0f}"),
    "mean_batch_by_model": ("mean batch", "{:,.1f}"),
    "mean_replicas_by_model": ("mean replicas", "{:,.1f}"),
    "mean_itl_s_by_model": ("mean latency, s", "{:.4f}"),
    "itl_deadline_fraction_by_model": ("deadline missed", "{:.2%}"),
}
DIGEST_CHARS = 16


def print_summary(course: Course, *, as_json: bool) -> None:
    """The summary entry on stdout: as it came (`--json`), or as tables."""
    if course.summary is None:
        return
    if as_json:
        terminal.print_json(course.summary)
        return
    title = str(course.session.get("title") or course.session.get("scenario"))
    terminal.out().print(tables(course.summary, title=title))


def tables(summary: Entry, *, title: str) -> RenderableType:
    """One table for the whole run, and one line for each model of its datacenters."""
    metrics = summary.get("metrics")
    known: JSONObject = metrics if isinstance(metrics, dict) else {}
    whole = Table(title=Text(title), show_header=False)
    whole.add_column()
    whole.add_column(justify="right")
    whole.add_column()
    for name, (label, unit, form) in METRICS.items():
        if name in known or name in summary:
            whole.add_row(label, _number(known.get(name, summary.get(name)), form), unit)
    if digest := summary.get("digest"):
        whole.add_row("digest", Text(str(digest)[:DIGEST_CHARS]), "")
    return Group(whole, *_models(known))


def _models(metrics: JSONObject) -> list[RenderableType]:
    columns = {name: value for name in BY_MODEL if isinstance(value := metrics.get(name), dict)}
    labels = list(dict.fromkeys(label for column in columns.values() for label in column))
    if not labels:
        return []
    table = Table(Column("model", no_wrap=True))
    for name in columns:
        table.add_column(BY_MODEL[name][0], justify="right")
    for label in labels:
        cells = (_number(column.get(label), BY_MODEL[name][1]) for name, column in columns.items())
        table.add_row(Text(label), *cells)
    return [table]


def _number(value: JSON, form: str) -> Text:
    return Text(form.format(value) if isinstance(value, (int, float)) else "-")
