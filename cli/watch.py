"""`gridcast watch`: follow a session that runs anywhere, as a person or as a script."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from gridcast.client import Entry, Service

from . import terminal
from .bar import RunBar, run_bar
from .choose import service_with
from .exits import Exit
from .run import TRIMMED
from .sessions import Course, check_success, follow_to_end
from .steer import place
from .summary import print_summary


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchOptions:
    """The command line of `gridcast watch`. `since` is an offset; `live` begins behind the newest entry."""

    name: str
    since: int
    live: bool
    jsonl: bool
    url: str | None
    json: bool


async def watch(options: WatchOptions) -> Exit:
    """Follow the session that `name` means until it has ended. It runs on when this is interrupted.

    Raises:
        CliError: it has not completed, or no one session is meant.
        ClientError: the service was lost.
    """
    async with service_with(options.url, options.name) as (service, session):
        head = session.get("head")
        since = head if options.live and isinstance(head, int) else options.since
        course = Course.from_now(session) if since else Course(session=session)
        if options.jsonl:
            await follow_to_end(
                service, course, advanced=terminal.print_json, notice=terminal.say, since=since
            )
        else:
            await _in_words(service, course, since)
            print_summary(course, as_json=options.json)
            if course.gaps:
                terminal.say(TRIMMED)
        check_success(course)
        return Exit.OK


async def _in_words(service: Service, course: Course, since: int) -> None:
    session = course.session
    terminal.say(f"{session.get('title') or session['id']}: {session.get('url') or session['id']}")
    with run_bar(course) as bar:

        def advanced(entry: Entry) -> None:
            _tell(bar, course, entry)
            bar.paint()

        await follow_to_end(service, course, advanced=advanced, notice=bar.say, since=since)


def _tell(bar: RunBar, course: Course, entry: Entry) -> None:
    """What happened to the session; what happened in it is the bar's."""
    where = place({"schema": {"tick_s": course.tick_s}} if course.tick_s else {}, entry.get("tick"))
    if entry.get("type") == "status":
        reason = f" ({entry['reason']})" if entry.get("reason") else ""
        bar.say(f"{entry.get('status')} at {where}{reason}")
    elif entry.get("type") == "command":
        args = f" {orjson.dumps(entry['args']).decode()}" if entry.get("args") else ""
        outcome = f"at {where}" if entry.get("status") == "applied" else f"rejected: {entry.get('error')}"
        bar.say(f"{entry.get('by')} {entry.get('command')}{args} {outcome}")
