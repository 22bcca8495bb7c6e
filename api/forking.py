"""`/api/sessions/{id}/fork`: a new session that shares the first ticks of another one, then goes its own way.

A run is a function of its configuration, its seed and the list of (tick, command). So a fork needs no state of its parent:
its record holds the parent's configuration, and its script the commands that touched the parent's simulation in the
shared ticks; its child applies them at their ticks and computes the same numbers.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from gridcast.broadcaster.names import new_id
from gridcast.broadcaster.sessions import SessionState
from gridcast.scenarios import ScenarioConfig, ScenarioError, parse_config

from .bodies import StrictRoute
from .creating import start_once
from .failures import Fault, invalid
from .models import CommandRequest, ForkOverrides, ForkRequest, OnIdle, SessionObject
from .replies import fails_with, reply
from .services import Services, ServicesDep
from .users import author, present_user
from .views import Base, channel_of, show, state_of

router = APIRouter(prefix="/api/sessions/{session_id}/fork", tags=["sessions"], route_class=StrictRoute)

PACING: Final = frozenset({"pause", "resume", "step", "run_until", "speed", "stop"})
"""Commands that decide when ticks are computed, not what they hold; a fork does not repeat them."""

MAX_TITLE_CHARS: Final = 200

Applied = dict[str, Any]
"""`{command_id, by, command, args, tick}`: a command that took effect before tick `tick` was computed."""


@router.post(
    "", status_code=201, response_model=SessionObject, responses=fails_with(404, 409, 413, 422, 429, 503)
)
async def fork(
    request: Request,
    services: ServicesDep,
    session_id: str,
    wanted: ForkRequest,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Start a session that shares the first `at_tick` ticks of this one, bit by bit."""
    state = await fork_session(services, session_id, wanted, owner=present_user(), key=idempotency_key)
    [document] = await show(services, [state], base=Base.of(request))
    return reply(document, status=201, headers={"Location": f"/api/sessions/{state.id}"})


async def fork_session(
    services: Services,
    parent_id: str,
    wanted: ForkRequest,
    *,
    owner: str,
    key: str | None = None,
    on_idle: OnIdle | None = None,
) -> SessionState:
    """Create and enqueue a fork. With a key seen before, answer with the session that it created.

    `on_idle`: what happens when nobody watches, where that is not what happens to the parent.

    Raises:
        NoChannel: there is no such parent.
        Failure: it cannot be forked like this, or as `create_session`; nothing was created.
        BrokerUnavailable: unknown whether it was created; with a key it is safe to ask again.
    """
    parent = await state_of(services, parent_id)
    _check(parent, wanted)
    # Read after the state, so that it holds whatever took effect in the ticks that the state counts; and a parent that
    # was deleted meanwhile must not pass for one that nobody steered.
    applied = await services.commands.applied(channel_of(parent_id))
    await state_of(services, parent_id)
    config = await asyncio.to_thread(_config, parent, wanted.overrides)
    _check_length(config, wanted)
    services.limits.length(
        n_ticks=config.n_ticks, duration_s=config.duration_s, at=("overrides", "duration_s")
    )
    script = [*_shared(applied, wanted.at_tick), *_own(wanted, by=author(owner))]
    _check_ids(script, wanted.commands)
    record = _record(parent, wanted, config, owner=owner)
    if on_idle is not None:
        record["on_idle"] = on_idle
    asked = {"parent": parent_id, **wanted.model_dump()}
    return await start_once(services, record, config.n_ticks, script=script, key=key, asked=asked)


def _check(parent: SessionState, wanted: ForkRequest) -> None:
    faults = [
        Fault(
            ("overrides", name),
            "a fork may change duration_s, title and speed; for anything else start a new session",
        )
        for name in wanted.overrides.model_extra or {}
    ]
    if wanted.at_tick > parent.tick:
        faults.append(
            Fault(
                ("at_tick",),
                f"the parent has done {parent.tick} ticks, so allowed are 0 to {parent.tick}, not {wanted.at_tick}",
            )
        )
    if faults:
        raise invalid(faults)


def _config(parent: SessionState, overrides: ForkOverrides) -> ScenarioConfig:
    """The parent's configuration as it was stored, whatever the catalogue says today."""
    stored = parent.record["config"]
    if overrides.duration_s is None:
        return parse_config(stored)
    try:
        return parse_config({**stored, "duration_s": overrides.duration_s})
    except ScenarioError as error:
        raise invalid([Fault(("overrides", *wrong.loc), wrong.msg) for wrong in error.errors]) from None


def _check_length(config: ScenarioConfig, wanted: ForkRequest) -> None:
    """No shorter than what is shared; and commands need a tick that they can take effect before."""
    if config.n_ticks < wanted.at_tick:
        text = (
            f"{config.duration_s} s are {config.n_ticks} ticks, fewer than the {wanted.at_tick} that are shared; "
            f"allowed is {math.ceil(wanted.at_tick * config.tick)} s or more"
        )
        raise invalid([Fault(("overrides", "duration_s"), text)])
    if config.n_ticks == wanted.at_tick and wanted.commands:
        text = (
            f"the run ends at tick {wanted.at_tick}, so nothing is left for commands to change; "
            f"give overrides.duration_s above {config.duration_s}, or fork earlier"
        )
        raise invalid([Fault(("commands",), text)])


def _shared(applied: Sequence[Applied], at_tick: int) -> list[Applied]:
    """What touched the simulation in ticks 0 to `at_tick` - 1."""
    return [
        _scripted(done["tick"], done["by"], done["command"], done["args"], done.get("command_id"))
        for done in applied
        if done["tick"] < at_tick and done["command"] not in PACING
    ]


def _own(wanted: ForkRequest, *, by: str) -> list[Applied]:
    return [
        _scripted(wanted.at_tick, by, command.command, command.args, command.id or new_id())
        for command in wanted.commands
    ]


def _scripted(tick: int, by: str, command: str, args: Any, command_id: str | None) -> Applied:
    return {"tick": tick, "by": by, "command": command, "args": args, "command_id": command_id}


def _check_ids(script: Sequence[Applied], commands: Sequence[CommandRequest]) -> None:
    """Every command of a session has an id of its own, also over what it takes from its parent."""
    taken = {entry["command_id"] for entry in script[: len(script) - len(commands)]}
    faults = []
    for n, command in enumerate(commands):
        if command.id is None:
            continue
        if command.id in taken:
            faults.append(
                Fault(
                    ("commands", n, "id"),
                    f"{command.id!r} is taken by an earlier command; leave it out or take another",
                )
            )
        taken.add(command.id)
    if faults:
        raise invalid(faults)


def _record(
    parent: SessionState, wanted: ForkRequest, config: ScenarioConfig, *, owner: str
) -> dict[str, Any]:
    """What is stored of the fork besides its state: the parent's, with what is its own."""
    stored, changed = parent.record, wanted.overrides
    overrides = stored["overrides"]
    if changed.duration_s is not None:
        overrides = {**overrides, "duration_s": changed.duration_s}
    return {
        "title": changed.title or _title(stored["title"], wanted.at_tick * config.tick_s),
        "scenario": stored["scenario"],
        "overrides": overrides,
        "seed": stored["seed"],
        "speed": stored["speed"] if changed.speed is None else changed.speed,
        "on_idle": stored["on_idle"],
        "owner": owner,
        "config": config.model_dump(mode="json"),
        "parent": {"id": parent.id, "tick": wanted.at_tick},
        "provenance": {"versions": parent.versions, "workload_hash": parent.workload_hash},
    }


def _title(parent: str, t_s: float) -> str:
    """The parent's title with the place of the fork, which stays readable where it is too long."""
    place = f" (fork at {t_s:.10g} s)"
    return parent[: MAX_TITLE_CHARS - len(place)] + place
