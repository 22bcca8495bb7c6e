"""Options and arguments that several commands share."""

from __future__ import annotations

import math
from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(help="The service; else GRIDCAST_URL, else the `up` of this folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, one line.")]
SessionName = Annotated[
    str,
    typer.Argument(metavar="ID", help="A session's id, the beginning of one, or `last` for the newest."),
]


def finite_option(value: float | None) -> float | None:
    """Refuses NaN and infinity, which a command line can name and JSON cannot."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number that can be sent")
    return value
