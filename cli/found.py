"""What an operation found, for people and as files: which module shows which."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, cast

from rich.console import Console, RenderableType

from gridcast.client import JSONObject, Service
from gridcast.client.operations import Analysis

from . import characterize, heatmap, scan, terminal, verification
from .exits import CliError, Exit
from .files import write_whole
from .quantities import column


class Shown(Protocol):
    """A module that knows the result of one operation."""

    OPTIONS: Mapping[str, str]
    """The option behind each field of its config."""

    def tables(self, result: Mapping[str, Any], console: Console) -> Iterator[RenderableType]:
        """What a person wants to know first, top to bottom."""

    def columns(self, result: Mapping[str, Any]) -> Sequence[str]:
        """The names of what a file of it holds."""

    def rows(self, result: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
        """A row for each simulation, with the columns that it has and others."""


_SHOWN: Final[Mapping[str, Shown]] = {
    "characterize": cast("Shown", characterize),
    "heatmap": cast("Shown", heatmap),
    "scan": cast("Shown", scan),
    "verify": cast("Shown", verification),
}


def _shown(result: JSONObject) -> Shown:
    op = str(result.get("op"))
    if op not in _SHOWN:
        raise CliError(Exit.FAILED, f"{op} is an operation of a newer service; --json shows what it found")
    return _SHOWN[op]


def option_names(op: Analysis) -> Mapping[str, str]:
    """The option behind each field of an operation's config."""
    return _SHOWN[op].OPTIONS


def print_found(result: JSONObject) -> None:
    """The result on stdout.

    Raises:
        CliError: it is of an operation that is not known here, as of the other two.
    """
    console = terminal.out()
    for part in _shown(result).tables(result, console):
        console.print(part, soft_wrap=isinstance(part, str), highlight=False, markup=False)
    if "simulations" in result:
        console.print(_effort(result), highlight=False, markup=False)


def _effort(result: Mapping[str, Any]) -> str:
    told = [f"{result.get('simulations')} simulations of {result.get('duration_s'):,} s"]
    if result.get("cached"):
        told.append(f"{result['cached']} of them known already")
    if result.get("failed"):
        told.append(f"{result['failed']} failed")
    return f"{', '.join(told)}; {result.get('wall_s', 0):,.1f} s"


def store_csv(result: JSONObject, file: Path) -> None:
    """The result as a file with one header line, names with units."""
    shown = _shown(result)
    names = shown.columns(result)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writerow({name: column(name) for name in names})
    writer.writerows(shown.rows(result))
    write_whole(file, text.getvalue().encode())


async def store_png(service: Service, result: JSONObject, file: Path) -> None:
    """The result as a picture. The library for that takes a second to load: only who wants one waits for it.

    Raises:
        CliError: there is no picture of this operation.
    """
    if _shown(result) is verification:
        raise CliError(Exit.BAD_INPUT, "--png: there is no picture of a verification")
    from .plots import picture

    feeders = {}
    if result.get("op") == "scan":
        for name in scan.feeders(result):
            feeders[name] = await service.scenario(name)
    write_whole(file, picture(result, feeders))
