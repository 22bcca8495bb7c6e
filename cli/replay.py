"""`gridcast replay`: run an ended session again from its record, and say whether it is the same run.

The replay is a fork that shares every tick. Both runs carry a digest over all their ticks and over what touched them;
equal digests mean equal runs. Only where they differ the exports are read, to find the first tick that does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import orjson
import typer

from gridcast.client import JSON, ClientError, JSONObject, Service

from . import terminal
from .bar import run_bar
from .choose import service_with
from .difference import Difference, Value, first_difference
from .exits import CliError, Exit
from .sessions import Course, follow_to_end

DISCARD_S = 5.0
"""How long an interrupted replay tries to delete its session."""
SHOWN_VALUES = 5
MAX_TITLE_CHARS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What is to be repeated."""

    id: str
    title: str
    ticks: int
    digest: str
    stopped_early: bool

    @classmethod
    def of(cls, session: JSONObject) -> Recorded:
        """
        Raises:
            CliError: the session is not over, or there is nothing that a run of it could be compared with.
        """
        session_id, status = session["id"], session.get("status")
        ticks, n_ticks, summary = session.get("tick"), session.get("n_ticks"), session.get("summary")
        if status not in ("completed", "stopped"):
            hint = "" if status == "failed" else "; wait for its end, or end it with `gridcast stop`"
            raise CliError(
                Exit.REFUSED,
                f"{session_id} is {status}; a completed or stopped session can be replayed{hint}",
            )
        digest = summary.get("digest") if isinstance(summary, dict) else None
        if not isinstance(digest, str) or not isinstance(ticks, int) or not isinstance(n_ticks, int):
            raise CliError(
                Exit.REFUSED, f"{session_id} ended before its first tick; there is nothing to replay"
            )
        return cls(
            id=str(session_id),
            title=str(session.get("title") or session_id),
            ticks=ticks,
            digest=digest,
            stopped_early=ticks < n_ticks,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of the comparison. `note` says what it could not tell."""

    recorded: Recorded
    replay_id: str
    ticks: int
    digest: str
    difference: Difference | None = None
    note: str | None = None

    @property
    def identical(self) -> bool:
        return self.digest == self.recorded.digest and self.ticks == self.recorded.ticks


async def replay(name: str, *, keep: bool, url: str | None, as_json: bool) -> Exit:
    """Replay the session that `name` means and print the verdict; the replay's session is deleted unless `keep`.

    Raises:
        CliError: it cannot be replayed, or the replay did not reach its end.
        ClientError: the service refused, or was lost.
    """
    async with service_with(url, name) as (service, session):
        recorded = Recorded.of(session)
        async with _rerun(service, recorded, keep=keep) as course:
            verdict = await _judge(service, recorded, course)
    if as_json:
        terminal.print_json(_document(verdict))
    else:
        typer.echo("\n".join(_lines(verdict)))
    return Exit.OK if verdict.identical else Exit.FAILED


@asynccontextmanager
async def _rerun(service: Service, recorded: Recorded, *, keep: bool) -> AsyncIterator[Course]:
    """A second run of the recorded session, followed to its end."""
    session = await service.fork_session(
        recorded.id,
        at_tick=recorded.ticks,
        overrides={"title": f"Replay of {recorded.title}"[:MAX_TITLE_CHARS], "speed": "max"},
        commands=[{"command": "stop"}] if recorded.stopped_early else [],
    )
    replay_id = str(session["id"])
    try:
        course = Course(session=session)
        terminal.say(f"replaying {recorded.id} as {session.get('url') or replay_id}")
        with run_bar(course) as bar:
            await follow_to_end(service, course, advanced=lambda entry: bar.paint(), notice=bar.say)
        yield course
    finally:
        if not keep:
            with contextlib.suppress(ClientError, TimeoutError):
                async with asyncio.timeout(DISCARD_S):
                    await service.delete_session(replay_id)


async def _judge(service: Service, recorded: Recorded, course: Course) -> Verdict:
    replay_id = str(course.session["id"])
    digest = course.summary.get("digest") if course.summary else None
    if course.status not in ("completed", "stopped") or not isinstance(digest, str):
        why = f": {course.reason}" if course.reason else ""
        raise CliError(Exit.FAILED, f"the replay {course.status} at tick {course.ticks}{why}")
    ticks = course.summary.get("ticks") if course.summary else None
    verdict = Verdict(
        recorded=recorded,
        replay_id=replay_id,
        ticks=ticks if isinstance(ticks, int) else course.ticks,
        digest=digest,
    )
    return verdict if verdict.identical else await _compare(service, verdict)


async def _compare(service: Service, verdict: Verdict) -> Verdict:
    """The verdict with the first tick that differs, as far as what is kept of both runs tells."""
    try:
        compared = await first_difference(
            service.export(verdict.recorded.id, "jsonl"), service.export(verdict.replay_id, "jsonl")
        )
    except ClientError as error:  # that they differ is known all the same
        return replace(verdict, note=f"where cannot be told: {error}")
    notes = [compared.note] if compared.note else []
    if compared.difference is None:
        notes.append(
            "what is kept of both runs is the same; without recordings that is rounded (1e-5 pu, 1 W, 1e-5 s)"
        )
    return replace(verdict, difference=compared.difference, note="; ".join(notes) or None)


def _lines(verdict: Verdict) -> list[str]:
    recorded = verdict.recorded
    if verdict.identical:
        return [f"identical: {recorded.ticks} ticks, digest {recorded.digest}"]
    lines = []
    if found := verdict.difference:
        time = "" if found.t_s is None else f" ({found.t_s:.10g} s)"
        lines.append(f"different from tick {found.tick}{time} on")
        lines += [_line(value) for value in found.values[:SHOWN_VALUES]]
        if len(found.values) > SHOWN_VALUES:
            lines.append(f"  and {len(found.values) - SHOWN_VALUES} more")
    else:
        lines.append("different")
    if verdict.note:
        lines.append(f"  {verdict.note}")
    lines.append(f"  digests: {recorded.digest} recorded, {verdict.digest} replayed")
    return lines


def _line(value: Value) -> str:
    return f"  {value.what}: {_shown(value.recorded)} recorded, {_shown(value.replayed)} replayed"


def _shown(value: JSON) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _document(verdict: Verdict) -> JSONObject:
    found = verdict.difference
    document: JSONObject = {
        "identical": verdict.identical,
        "session": verdict.recorded.id,
        "replay": verdict.replay_id,
        "ticks": verdict.recorded.ticks,
        "digest": verdict.recorded.digest,
        "replay_ticks": verdict.ticks,
        "replay_digest": verdict.digest,
    }
    if found is not None:
        values: list[JSON] = [
            {"what": value.what, "recorded": value.recorded, "replayed": value.replayed}
            for value in found.values
        ]
        document["first_difference"] = {"tick": found.tick, "t_s": found.t_s, "values": values}
    if verdict.note:
        document["note"] = verdict.note
    return document
