"""Steering a session from the command line: one command and its answer, or a fork."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import typer

from gridcast.client import JSON, JSONObject, Problem, steer
from gridcast.client.errors import FieldProblem

from . import terminal
from .choose import service_with
from .exits import CliError, Exit
from .run import parse_overrides

AT_WORK = frozenset({"running", "paused"})
OVER = frozenset({"completed", "stopped", "failed"})


async def send(
    name: str, command: str, args: Mapping[str, JSON] | None = None, *, url: str | None, as_json: bool
) -> Exit:
    """Send one command to the session that `name` means, and print at which tick it took effect.

    Raises:
        CliError: no one session is meant.
        ClientError: the session rejected it (a `Problem` of status 409), or the service did not answer.
    """
    async with service_with(url, name) as (service, session):
        session_id, status = str(session["id"]), session.get("status")
        if status not in AT_WORK and status not in OVER:
            terminal.err().print(
                f"{session_id} is {status}; the command waits there until it runs, and so does this",
                markup=False,
                highlight=False,
            )
        entry = await steer(service, session_id, command, args)
        if as_json:
            terminal.print_json(entry)
            return Exit.OK
        if not session.get("schema"):
            session = await service.session(session_id)
        typer.echo(f"{session_id} {command}: applied at {place(session, entry.get('tick'))}")
        return Exit.OK


@dataclass(frozen=True, kw_only=True, slots=True)
class ForkOptions:
    """The command line of `gridcast fork`."""

    name: str
    at_tick: int
    settings: Sequence[str]
    commands: Sequence[str]
    url: str | None
    json: bool


async def fork(options: ForkOptions) -> Exit:
    """Start a fork and print its id and link.

    Raises:
        CliError: a setting or command cannot be read, or no one session is meant.
        ClientError: the service refused, or did not answer.
    """
    overrides = _overrides(options.settings)
    commands = [_command(text) for text in options.commands]
    async with service_with(options.url, options.name) as (service, parent):
        try:
            child = await service.fork_session(
                str(parent["id"]), at_tick=options.at_tick, overrides=overrides, commands=commands
            )
        except Problem as problem:
            if not problem.errors:
                raise
            raise CliError(Exit.BAD_INPUT, "\n".join(map(_as_option, problem.errors))) from problem
        if options.json:
            terminal.print_json(child)
        else:
            typer.echo(
                f"{child['id']} forked from {parent['id']} at {place(parent, options.at_tick)}: {child.get('url')}"
            )
        return Exit.OK


def _as_option(error: FieldProblem) -> str:
    """What is wrong with a field of the request, under the name that it has on the command line."""
    first, *rest = error.loc.split(".")
    match first:
        case "at_tick":
            name = "--at"
        case "overrides":
            name = " ".join(["--set", *rest])
        case "commands" if rest and rest[0].isdecimal():
            name = ".".join([f"--command number {int(rest[0]) + 1}", *rest[1:]])
        case _:
            name = error.loc
    return f"{name}: {error.msg.replace('overrides.', '--set ')}"


def place(session: JSONObject, tick: object) -> str:
    """`tick 600 (60 s)`; without the time where the session has no schema yet."""
    schema = session.get("schema")
    tick_s = schema.get("tick_s") if isinstance(schema, dict) else None
    if not isinstance(tick, int) or not isinstance(tick_s, (int, float)):
        return f"tick {tick}"
    return f"tick {tick} ({tick * tick_s:.10g} s)"


def _overrides(settings: Sequence[str]) -> dict[str, JSON]:
    """As `gridcast run` reads them, but a title is text also where it looks like a number."""
    overrides = parse_overrides(settings)
    for setting in settings:
        path, _, text = setting.partition("=")
        if path == "title":
            overrides[path] = text
    return overrides


def _command(text: str) -> dict[str, JSON]:
    """`pause`, or `set_taps {"regulators":{"creg1a":1.05}}`."""
    name, _, rest = text.strip().partition(" ")
    if not rest.strip():
        return {"command": name}
    try:
        args = orjson.loads(rest)
    except orjson.JSONDecodeError:
        args = None
    if not isinstance(args, dict):
        raise CliError(
            Exit.BAD_INPUT,
            f"--command {text!r}: write the name and then a JSON object, such as "
            """'set_taps {"regulators":{"creg1a":1.05}}'""",
        )
    return {"command": name, "args": args}
