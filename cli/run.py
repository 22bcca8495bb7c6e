"""`gridcast run`: start a session, follow it, print its summary."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from gridcast.client import JSON, Service

from . import terminal
from .bar import run_bar
from .exits import CliError, Exit
from .find import service_or_temporary
from .sessions import Course, check_success, follow_to_end, stop
from .summary import print_summary

TRIMMED = "some entries were trimmed before they were read; the voltages above are incomplete"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """The command line of `gridcast run`."""

    scenario: str
    overrides: dict[str, JSON]
    seed: int | None
    speed: float | str
    title: str | None
    url: str | None
    json: bool


async def run(options: RunOptions) -> Exit:
    """Run one session to its end; an interrupted `run` stops the session that it started.

    Raises:
        CliError: it did not complete, or no service could be started.
        ClientError: the service refused, or was lost.
    """
    async with service_or_temporary(options.url) as url, Service(url) as service:
        session = await service.create_session(
            options.scenario,
            overrides=options.overrides,
            seed=options.seed,
            speed=options.speed,
            title=options.title,
        )
        course = Course(session=session)
        terminal.say(f"{options.scenario}: {session.get('url') or session['id']}")
        try:
            with run_bar(course) as bar:
                await follow_to_end(service, course, advanced=lambda entry: bar.paint(), notice=bar.say)
        except asyncio.CancelledError:
            await stop(service, str(session["id"]))
            raise
        print_summary(course, as_json=options.json)
        if course.gaps:
            terminal.say(TRIMMED)
        check_success(course)
        return Exit.OK


def parse_overrides(settings: Sequence[str]) -> dict[str, JSON]:
    """`path=value` pairs; a value is JSON where it parses as such (600, true, [1,2], "671"), else text.

    Raises:
        CliError: a setting has no `=` or no path, or one path is set twice.
    """
    overrides: dict[str, JSON] = {}
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path.strip():
            raise CliError(
                Exit.BAD_INPUT, f"--set {setting!r}: write it as path=value, such as duration_s=600"
            )
        if path in overrides:
            raise CliError(Exit.BAD_INPUT, f"--set {path}: given twice")
        try:
            overrides[path] = orjson.loads(text)
        except orjson.JSONDecodeError:
            overrides[path] = text
    return overrides


def parse_speed(text: str) -> float | str:
    """`max`, or simulated seconds per second.

    Raises:
        CliError: neither.
    """
    if text == "max":
        return text
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not math.isfinite(speed):
        raise CliError(Exit.BAD_INPUT, f"--speed {text!r}: give `max` or a number from 0.1 to 1000")
    return speed
