"""`gridcast set ID ...`: the commands that change what a session simulates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .ending import finish
from .options import Json, SessionName, Url, finite_option

if TYPE_CHECKING:
    from gridcast.client import JSON  # loads what `gridcast --help` does without

app = typer.Typer(
    help="Change what a session simulates, from its next tick on: `gridcast set ID batch|replicas|taps|storage|controller`.",
    rich_markup_mode="markdown",
)

Datacenter = Annotated[str, typer.Argument(metavar="DATACENTER", help="Name of the datacenter.")]


@app.callback()
def _of(context: typer.Context, session: SessionName) -> None:
    context.obj = session


def _send(
    context: typer.Context, command: str, args: Callable[[], dict[str, JSON]], url: str | None, json: bool
) -> None:
    """Make the arguments and send them; what is wrong with them is told as any other error."""
    from .steer import send

    session: str = context.obj
    finish(lambda: send(session, command, args(), url=url, as_json=json))


@app.command(epilog="Example:  gridcast set last batch default Llama-3.1-8B=128 Llama-3.1-70B=64")
def batch(
    context: typer.Context,
    datacenter: Datacenter,
    sizes: Annotated[list[str], typer.Argument(metavar="MODEL=SIZE", help="Batch size of each model.")],
    url: Url = None,
    json: Json = False,
) -> None:
    """Batch sizes of models in a datacenter."""
    from .values import pairs

    def args() -> dict[str, JSON]:
        by_model = pairs("MODEL=SIZE", "Llama-3.1-8B=128", sizes, int)
        return {"datacenter": datacenter, "batch_size_by_model": by_model}

    _send(context, "set_batch_size", args, url, json)


@app.command(
    context_settings={"ignore_unknown_options": True},  # a DELTA below zero looks like one
    epilog="Example:  gridcast set last replicas default Llama-3.1-8B -20",
)
def replicas(
    context: typer.Context,
    datacenter: Datacenter,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Label of the model.")],
    delta: Annotated[int, typer.Argument(metavar="DELTA", help="Replicas to add; below zero: to take away.")],
    url: Url = None,
    json: Json = False,
) -> None:
    """Add replicas of a model to a datacenter, or take some away."""
    _send(
        context,
        "shift_replicas",
        lambda: {"datacenter": datacenter, "model": model, "replica_delta": delta},
        url,
        json,
    )


@app.command(epilog="Example:  gridcast set last taps creg1a=1.0375 creg1b=1.025")
def taps(
    context: typer.Context,
    ratios: Annotated[
        list[str], typer.Argument(metavar="REGULATOR=RATIO", help="Tap ratio of each, 0.9 to 1.1.")
    ],
    url: Url = None,
    json: Json = False,
) -> None:
    """Tap ratios of voltage regulators."""
    from .values import finite, pairs

    def args() -> dict[str, JSON]:
        return {"regulators": pairs("REGULATOR=RATIO", "creg1a=1.0375", ratios, finite)}

    _send(context, "set_taps", args, url, json)


@app.command(epilog="Example:  gridcast set last storage bat_z1 --kw -200 --kvar 50")
def storage(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the storage.")],
    kw: Annotated[
        float,
        typer.Option(
            callback=finite_option, help="Real power in kW: above zero it discharges, below it charges."
        ),
    ],
    kvar: Annotated[
        float, typer.Option(callback=finite_option, help="Reactive power in kvar: above zero it injects.")
    ] = 0.0,
    url: Url = None,
    json: Json = False,
) -> None:
    """Power of a storage."""
    _send(
        context,
        "set_storage_power",
        lambda: {"storage": name, "power_kw": kw, "reactive_power_kvar": kvar},
        url,
        json,
    )


@app.command(epilog="Example:  gridcast set last controller ofo off")
def controller(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the controller.")],
    state: Annotated[Literal["on", "off"], typer.Argument(metavar="on|off")],
    url: Url = None,
    json: Json = False,
) -> None:
    """Switch a controller on or off; off it keeps its state."""
    _send(context, "set_controller", lambda: {"name": name, "enabled": state == "on"}, url, json)
