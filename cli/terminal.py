"""Where output goes, and how things are written there. Text from the service never acts as markup."""

from __future__ import annotations

import sys

import orjson
from rich.console import Console
from rich.text import Text

PIPE_WIDTH = 500
"""A pipe has no width: a table there is as wide as its cells, and nothing in it is cut."""
AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))

STATUS_STYLES = {
    "running": "green",
    "completed": "bold",
    "failed": "bold red",
    "stopped": "yellow",
    "paused": "yellow",
    "recovering": "magenta",
}
"""Colours only repeat what the word says."""


def out() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def err() -> Console:
    return Console(stderr=True)


def coloured() -> bool:
    """Whether stderr takes colours, and nobody asked for none (NO_COLOR)."""
    console = err()
    return console.is_terminal and not console.no_color


def print_json(value: object) -> None:
    """One line of JSON on stdout, at once."""
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.flush()


def print_error(message: str) -> None:
    console = err()
    console.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


def say(message: str) -> None:
    """One remark for a person, on stderr."""
    err().print(Text(message), soft_wrap=True)


def status_text(status: object) -> Text:
    return Text(str(status), STATUS_STYLES.get(str(status), ""))


def hms(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def age(seconds: float) -> str:
    """A span of wall time in its largest unit: `4 min`."""
    for unit_s, name in AGES:
        if seconds >= unit_s:
            return f"{int(seconds // unit_s)} {name}"
    return "0 s"


def speed(value: object) -> str:
    """How fast a session was asked to run: `max`, or `10x` real time."""
    return f"{value:g}x" if isinstance(value, (int, float)) else str(value)
