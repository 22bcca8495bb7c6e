"""`gridcast analyses` and `gridcast analysis`: the operations of a service, and one of them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.table import Column, Table
from rich.text import Text

from gridcast.client import JSONObject

from . import terminal
from .choose import service_at
from .exits import Exit
from .ls import newest, since
from .operation import OVER, Outputs, outcome, show_outcome, words


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalysesOptions:
    """The command line of `gridcast analyses`."""

    op: str | None
    status: str | None
    limit: int
    url: str | None
    json: bool


async def analyses(options: AnalysesOptions) -> Exit:
    """Print the newest operations that pass the filters.

    Raises:
        CliError: nothing names a service.
        ClientError: it refused, or does not answer.
    """
    async with service_at(options.url) as service:
        listed = service.operations.list(op=options.op, status=options.status)
        found, more = await newest(listed, options.limit)
    if options.json:
        terminal.print_json(found)
        return Exit.OK
    if found:
        terminal.out().print(table(found, now=time.time()))
    if more:
        terminal.say(f"and older ones; --limit shows more than {options.limit}")
    elif not found:
        filtered = options.op or options.status
        terminal.say(
            "no operation passes these filters"
            if filtered
            else "no operation yet; `gridcast characterize`, `heatmap` or `scan` starts one"
        )
    return Exit.OK


def table(operations: list[JSONObject], *, now: float) -> Table:
    """One line for each."""
    lines = Table(
        Column("id", no_wrap=True),
        Column("title", no_wrap=True, overflow="ellipsis"),
        Column("status", no_wrap=True),
        Column("simulations", no_wrap=True, justify="right"),
        Column("progress", no_wrap=True, overflow="ellipsis"),
        Column("age", no_wrap=True, justify="right"),
        box=None,
        pad_edge=False,
    )
    for operation in operations:
        lines.add_row(
            Text(str(operation.get("id"))),
            Text(str(operation.get("title") or operation.get("op"))),
            terminal.status_text(operation.get("status")),
            str(operation.get("simulations", "-")),
            Text(_progress(operation)),
            since(operation.get("created"), now),
        )
    return lines


def _progress(operation: JSONObject) -> str:
    progress = operation.get("progress")
    return words(progress) if isinstance(progress, dict) else "-"


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalysisOptions:
    """The command line of `gridcast analysis`."""

    operation_id: str
    cancel: bool
    delete: bool
    outputs: Outputs
    url: str | None


async def analysis(options: AnalysisOptions) -> Exit:
    """Print an operation and what it found, or end it.

    Raises:
        CliError: nothing names a service, or a file that is wanted cannot be written.
        ClientError: there is no such operation, it is over, or nobody answers.
    """
    outputs = options.outputs
    outputs.check()
    async with service_at(options.url) as service:
        if options.delete:
            await service.operations.delete(options.operation_id)
            return Exit.OK
        if options.cancel:
            operation = await service.operations.cancel(options.operation_id)
            _print(operation, f"the operation {operation.get('id')} is being cancelled", outputs)
            return Exit.OK
        operation = await service.operations.get(options.operation_id)
        if operation.get("status") in OVER:
            await show_outcome(service, operation, outputs)
        else:
            _print(operation, f"{outcome(operation)}; {_progress(operation)}", outputs)
    return Exit.OK


def _print(operation: JSONObject, told: str, outputs: Outputs) -> None:
    if outputs.json:
        terminal.print_json(operation)
    else:
        terminal.out().print(Text(told), soft_wrap=True)
