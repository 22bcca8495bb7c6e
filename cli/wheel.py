"""`gridcast wheel`: who alone steers a session, and how that changes."""

from __future__ import annotations

import typer

from gridcast.client.service import WheelAction
from gridcast.client.session import Wheel, wheel_of

from . import terminal
from .choose import service_with
from .exits import Exit


async def wheel(
    name: str, action: WheelAction | None, other: str | None, *, url: str | None, as_json: bool
) -> Exit:
    """Do something about the wheel of the session that `name` means, or nothing, and print who has it then.

    Raises:
        CliError: no one session is meant.
        ClientError: the service refused, or did not answer.
    """
    async with service_with(url, name) as (service, session):
        session_id = str(session["id"])
        if action is None:
            document = await service.wheel(session_id)
        else:
            document = await service.turn_wheel(session_id, action, name=other)
    if as_json:
        terminal.print_json(document)
    else:
        typer.echo(f"{session_id}: {told(wheel_of(document))}")
    return Exit.OK


def told(wheel: Wheel) -> str:
    """`ada has the wheel; bob has asked for it`."""
    if wheel.holder is None:
        return "nobody has the wheel, so all who may steer do"
    asked = f"; {', '.join(wheel.asked)} asked for it" if wheel.asked else ""
    return f"{wheel.holder} has the wheel and alone steers{asked}"
