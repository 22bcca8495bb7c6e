"""The commands that steer a session: their options and help. `gridcast set` stands in `set_commands`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .ending import finish
from .options import Json, SessionName, Url, finite_option

if TYPE_CHECKING:
    from gridcast.client import JSON  # loads what `gridcast --help` does without
    from gridcast.client.service import WheelAction

app = typer.Typer(rich_markup_mode="markdown")


def _send(session: str, command: str, args: dict[str, JSON] | None, url: str | None, json: bool) -> None:
    from .steer import send

    finish(lambda: send(session, command, args, url=url, as_json=json))


@app.command(epilog="Example:  gridcast pause last")
def pause(session: SessionName, url: Url = None, json: Json = False) -> None:
    """Pause a session between two ticks, for everybody."""
    _send(session, "pause", None, url, json)


@app.command(epilog="Example:  gridcast resume last")
def resume(session: SessionName, url: Url = None, json: Json = False) -> None:
    """Let a paused session go on."""
    _send(session, "resume", None, url, json)


@app.command(
    context_settings={"ignore_unknown_options": True},  # a number below zero looks like one
    epilog="Example:  gridcast step last 10",
)
def step(
    session: SessionName,
    ticks: Annotated[int, typer.Argument(min=1, max=100_000, help="Ticks to compute.")],
    url: Url = None,
    json: Json = False,
) -> None:
    """Let a paused session compute some ticks and pause again."""
    _send(session, "step", {"ticks": ticks}, url, json)


@app.command(
    epilog="Examples:  gridcast until last --t 1200   |   gridcast until last --bus 671 --phase a --below 0.95"
)
def until(
    session: SessionName,
    t_s: Annotated[
        float | None, typer.Option("--t", min=0, callback=finite_option, help="Simulated time in seconds.")
    ] = None,
    bus: Annotated[str | None, typer.Option(help="Bus whose voltage is watched.")] = None,
    phase: Annotated[
        Literal["a", "b", "c"] | None, typer.Option(help="One phase of the bus.", show_default="any")
    ] = None,
    below: Annotated[
        float | None, typer.Option(callback=finite_option, help="Pause when the voltage (pu) is lower.")
    ] = None,
    above: Annotated[
        float | None, typer.Option(callback=finite_option, help="Pause when the voltage (pu) is higher.")
    ] = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Let a session go on, and pause at the first tick where something holds."""
    if (t_s is None) == (bus is None):
        raise typer.BadParameter("give either --t or --bus", param_hint="--t / --bus")
    if bus is not None and (below is None) == (above is None):
        raise typer.BadParameter("--bus needs either --below or --above", param_hint="--below / --above")
    if bus is None and (phase or below is not None or above is not None):
        raise typer.BadParameter("--phase, --below and --above go with --bus", param_hint="--bus")
    given: dict[str, JSON] = {"t_s": t_s, "bus": bus, "phase": phase, "below": below, "above": above}
    _send(session, "run_until", {k: v for k, v in given.items() if v is not None}, url, json)


@app.command(epilog="Examples:  gridcast speed last 10   |   gridcast speed last max")
def speed(
    session: SessionName,
    x: Annotated[
        str, typer.Argument(metavar="X", help="Simulated seconds per second (0.1 to 1000), or `max`.")
    ],
    url: Url = None,
    json: Json = False,
) -> None:
    """Change how fast a session runs; its results stay the same."""
    from . import values
    from .steer import send

    finish(lambda: send(session, "speed", {"x": values.speed(x)}, url=url, as_json=json))


@app.command(epilog="Example:  gridcast stop last")
def stop(session: SessionName, url: Url = None, json: Json = False) -> None:
    """End a session now; what was computed stays."""
    _send(session, "stop", None, url, json)


@app.command(
    epilog="Examples:  gridcast wheel last   |   gridcast wheel last --take   |   gridcast wheel last --give ada"
)
def wheel(
    session: SessionName,
    take: Annotated[bool, typer.Option("--take", help="Steer alone.")] = False,
    ask: Annotated[bool, typer.Option("--ask", help="Ask whoever has it for it.")] = False,
    give: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Give it to somebody who has asked.", show_default=False),
    ] = None,
    refuse: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Refuse it to somebody who has asked.", show_default=False),
    ] = None,
    let_go: Annotated[bool, typer.Option("--let-go", help="Let all who may steer do so again.")] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show who alone steers a session, or change it. While nobody has the wheel, all who may steer do."""
    from .wheel import wheel as turn

    wanted: list[tuple[WheelAction, str | None]] = []
    if take:
        wanted.append(("take", None))
    if ask:
        wanted.append(("ask", None))
    if give is not None:
        wanted.append(("give", give))
    if refuse is not None:
        wanted.append(("refuse", refuse))
    if let_go:
        wanted.append(("let-go", None))
    if len(wanted) > 1:
        raise typer.BadParameter("do one of these at a time", param_hint="--take / --ask / --give / ...")
    action, name = wanted[0] if wanted else (None, None)
    finish(lambda: turn(session, action, name, url=url, as_json=json))


@app.command(
    epilog="Examples:  gridcast fork last --at 6000 --command pause   |   "
    """gridcast fork last --at 6000 --set duration_s=1800 --command 'set_taps {"regulators":{"creg1a":1.05}}'"""
)
def fork(
    session: SessionName,
    at_tick: Annotated[
        int, typer.Option("--at", metavar="TICK", min=0, help="Number of ticks that both share.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="`duration_s`, `title` or `speed`; may be repeated."
        ),
    ] = None,
    commands: Annotated[
        list[str] | None,
        typer.Option(
            "--command",
            metavar="'NAME [ARGS]'",
            help="Takes effect at TICK: the command's name, then its arguments as JSON; may be repeated.",
        ),
    ] = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Start a session that shares the first ticks of another and then goes its own way."""
    from .steer import ForkOptions
    from .steer import fork as start

    options = ForkOptions(
        name=session,
        at_tick=at_tick,
        settings=settings or (),
        commands=commands or (),
        url=url,
        json=json,
    )
    finish(lambda: start(options))


@app.command(epilog="Example:  gridcast replay last && echo identical")
def replay(
    session: SessionName,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the session of the replay.")] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Run an ended session again from its record and compare. Exit code 0: identical to the last bit; 1: different.

    Where they differ it prints the first tick that differs and what differs in it.
    """
    from .replay import replay as run_again

    finish(lambda: run_again(session, keep=keep, url=url, as_json=json))
