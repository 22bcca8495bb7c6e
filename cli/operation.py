"""Running an operation from the command line: start it, follow it, show and store what it found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gridcast.client import JSON, Entry, JSONObject, Problem, Service, follow
from gridcast.client.operations import Analysis

from . import terminal
from .bar import StepBar, step_bar
from .choose import service_at
from .exits import CliError, Exit
from .files import check_folder, check_free
from .find import service_or_temporary
from .found import option_names, print_found, store_csv, store_png
from .interrupted import taken_back
from .terminal import hms

NOT_VALID = 422
OVER = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """Where what an operation found goes to. Files that are there are replaced with `force` only."""

    json: bool
    csv: Path | None
    png: Path | None
    force: bool

    def check(self) -> None:
        """Before anything is computed.

        Raises:
            CliError: a file may not or cannot be written.
        """
        for file in (self.csv, self.png):
            if file is not None:
                check_folder(file)
                check_free(file, force=self.force)


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationOptions:
    """The command line of an operation; what is None in `config` is left to the service."""

    op: Analysis
    config: Mapping[str, JSON]
    outputs: Outputs
    detach: bool
    url: str | None


async def operate(options: OperationOptions) -> Exit:
    """Run one operation to its end; an interrupted command cancels the operation that it started.

    Raises:
        CliError: the command line is not valid, the operation did not complete, or no service could be started.
        ClientError: the service refused, or was lost.
    """
    options.outputs.check()
    async with _service(options) as service:
        operation = await _start(service, options)
        if options.detach:
            terminal.print_json(operation) if options.outputs.json else terminal.out().print(operation["id"])
            return Exit.OK
        await see_through(service, operation, options.outputs)
    return Exit.OK


async def see_through(service: Service, operation: JSONObject, outputs: Outputs) -> JSONObject:
    """Follow an operation to its end, or cancel it where this is interrupted; show what it found, which is the answer.

    Raises:
        CliError: it did not complete, or a file cannot be written.
        ClientError: the service was lost.
    """
    operation_id = str(operation["id"])
    terminal.say(f"{operation.get('title')}: {operation.get('url') or operation_id}")
    async with taken_back(lambda: service.operations.cancel(operation_id)):
        await _follow(service, operation_id)
    return await show_outcome(service, await service.operations.get(operation_id), outputs)


@asynccontextmanager
async def _service(options: OperationOptions) -> AsyncIterator[Service]:
    """What goes on without this command needs a service that does so too."""
    if options.detach:
        async with service_at(options.url) as service:
            yield service
    else:
        async with service_or_temporary(options.url) as url, Service(url) as service:
            yield service


async def _start(service: Service, options: OperationOptions) -> JSONObject:
    config = {name: value for name, value in options.config.items() if value is not None}
    behind = option_names(options.op)
    try:
        return await service.operations.create(options.op, config)
    except Problem as problem:
        if problem.status != NOT_VALID or not problem.errors:
            raise
        told = [_told(error.loc, error.msg, behind) for error in problem.errors]
        raise CliError(Exit.BAD_INPUT, "\n".join(told)) from problem


def _told(loc: str, message: str, options: Mapping[str, str]) -> str:
    """What is wrong, with the option to change: `--x: x_min must be less than x_max`."""
    field, _, inside = loc.partition(".")
    option = options.get(field)
    if option is None:
        return f"{loc}: {message}" if loc else message
    if not option.startswith("--"):
        return f"{option}: {message}"
    where = field if not inside or inside.isdecimal() else inside
    glue = " " if message.startswith(("must ", "is ")) else ": "
    return f"{option}: {where}{glue}{message}"


async def _follow(service: Service, operation_id: str) -> None:
    """Show an operation's progress until its last entry."""
    with step_bar() as bar:
        followed = follow(
            service.url,
            operation_id,
            kind="operations",
            headers=service.headers,
            on_reconnect=lambda why: terminal.say(f"connection lost ({why}); reconnecting"),
        )
        async with aclosing(followed) as entries:
            async for entry in entries:
                if entry["type"] == "progress":
                    _show(bar, entry)


def _show(bar: StepBar, entry: Entry) -> None:
    pct, step = entry.get("pct"), entry.get("step")
    bar.show(
        state="running" if step else None,
        done=float(pct) if isinstance(pct, (int, float)) else None,
        of=100.0,
        told=words(entry),
    )


def words(progress: Mapping[str, JSON]) -> str:
    """`12/50, 24 %, P-V curve 11/20, 0:00:08 left`."""
    told = [f"{progress.get('step', 0)}/{progress.get('steps', '?')}"]
    if isinstance(pct := progress.get("pct"), (int, float)):
        told.append(f"{pct:.0f} %")
    if msg := progress.get("msg"):
        told.append(str(msg))
    if isinstance(eta_s := progress.get("eta_s"), (int, float)) and eta_s > 0:
        told.append(f"{hms(eta_s)} left")
    return ", ".join(told)


async def show_outcome(service: Service, operation: JSONObject, outputs: Outputs) -> JSONObject:
    """Print what an operation that is over found, and write the files that are wanted; what it found is the answer.

    Raises:
        CliError: it has found nothing, or a file cannot be written.
    """
    result = operation.get("result")
    if operation.get("status") != "completed" or not isinstance(result, dict):
        raise CliError(Exit.FAILED, outcome(operation))
    if outputs.csv is not None:
        store_csv(result, outputs.csv)
    if outputs.png is not None:
        await store_png(service, result, outputs.png)
    if outputs.json:
        terminal.print_json(result)
    else:
        print_found(result)
        for file in (outputs.csv, outputs.png):
            if file is not None:
                terminal.say(f"written: {file}")
    return result


def outcome(operation: JSONObject) -> str:
    """How an operation without a result is, in one line."""
    status = operation.get("status")
    if status == "completed":
        return f"the operation {operation.get('id')} has completed; its result is not kept any more"
    became = {"cancelled": "was cancelled", "failed": "failed"}.get(str(status), f"is {status}")
    why = f": {operation['reason']}" if operation.get("reason") else ""
    return f"the operation {operation.get('id')} {became}{why}"
