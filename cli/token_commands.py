"""Options and help of `gridcast token`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from .ending import finish_now

app = typer.Typer(no_args_is_help=True, help="Tokens, with which people say who they are.")


@app.callback()
def _group() -> None:
    """A group, though it has one command so far."""


@app.command(epilog="Example:  GRIDCAST_AUTH_SECRET_FILE=secret gridcast token create --user ada --days 30")
def create(
    user: Annotated[str, typer.Option(help="Whom the token names.")],
    role: Annotated[Literal["user", "admin"], typer.Option(help="Admins may do everything.")] = "user",
    days: Annotated[float, typer.Option(help="How long it lasts; a part of a day will do.")] = 30.0,
) -> None:
    """Print a token, signed with the secret of GRIDCAST_AUTH_SECRET_FILE (or GRIDCAST_AUTH_SECRET).

    Who has it is that user: give it to them by a way that nobody else reads. They name it in GRIDCAST_TOKEN, or sign in
    with it on the page.
    """
    from .token import become_maker

    finish_now(lambda: become_maker(user=user, role=role, days=days))
