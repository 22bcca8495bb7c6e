"""`gridcast export`: a whole run as a file, which is there once it is whole."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn

from gridcast.client import JSONObject
from gridcast.client.download import FORMATS, download
from gridcast.client.service import ExportFormat

from . import terminal
from .choose import service_with
from .exits import CliError, Exit
from .files import check_free

STDOUT = Path("-")
DEFAULT: ExportFormat = "csv"
BINARY = frozenset({"parquet"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportOptions:
    """The command line of `gridcast export`; `file` None: one here, named after the session."""

    name: str
    file: Path | None
    format: ExportFormat | None
    force: bool
    url: str | None
    json: bool


async def export(options: ExportOptions) -> Exit:
    """Write the run of the session that `name` means.

    Raises:
        CliError: the file may not or cannot be written, or no one session is meant.
        ClientError: the service refused, or was lost on the way; then there is no file.
    """
    chosen = format_of(options.file, options.format)
    _check(options, chosen)
    async with service_with(options.url, options.name) as (service, session):
        rounded: list[int] = []
        if options.file == STDOUT:
            with _progress(session, chosen) as tell:
                await _to_stdout(
                    _told(service.export(str(session["id"]), chosen, rounded=rounded.append), tell)
                )
            _tell_rounded(rounded)
            return Exit.OK
        session_id = str(session["id"])
        file = options.file or Path(f"{session_id}.{chosen}")
        check_free(file, force=options.force)
        with _progress(session, chosen) as tell:
            try:
                await download(
                    lambda known: _told(service.export(session_id, known, rounded=rounded.append), tell),
                    file,
                    chosen,
                )
            except OSError as error:
                raise CliError(Exit.FAILED, f"cannot write {file}: {error.strerror or error}") from error
        size = file.stat().st_size
    if options.json:
        terminal.print_json(
            {
                "session": session_id,
                "file": str(file),
                "format": chosen,
                "bytes": size,
                "rounded_from": rounded[0] if rounded else None,
            }
        )
    else:
        sys.stdout.write(f"{file}: {megabytes(size)}\n")
        _tell_rounded(rounded)
    return Exit.OK


def _tell_rounded(rounded: list[int]) -> None:
    """Say it on stderr where not all ticks are as exact as the recording would have them."""
    if rounded:
        terminal.say(
            f"rounded as in the live stream (1e-5 pu, 1 W, 1e-5 s) from tick {rounded[0]} on: not recorded so far"
        )


def format_of(file: Path | None, chosen: ExportFormat | None) -> ExportFormat:
    """The format that was asked for, or that the file's name ends with.

    Raises:
        CliError: a file's name does not say it.
    """
    if chosen:
        return chosen
    if file is None or file == STDOUT:
        return DEFAULT
    for known in FORMATS:
        if file.suffix == f".{known}":
            return known
    raise CliError(
        Exit.BAD_INPUT,
        f"{file} does not say which format is meant: end it with .{', .'.join(FORMATS)}, or give --format",
    )


def _check(options: ExportOptions, chosen: ExportFormat) -> None:
    if options.file != STDOUT:
        if options.file:
            check_free(options.file, force=options.force)
        return
    if options.json:
        raise CliError(
            Exit.BAD_INPUT, "--json and the run itself cannot both go to stdout; give a file with -o"
        )
    if chosen in BINARY and sys.stdout.isatty():
        raise CliError(
            Exit.BAD_INPUT, f"{chosen} is no text for a terminal; give a file with -o, or pipe it on"
        )


async def _to_stdout(chunks: AsyncGenerator[bytes]) -> None:
    out = sys.stdout.buffer
    async with aclosing(chunks):
        async for chunk in chunks:
            await asyncio.to_thread(out.write, chunk)
    out.flush()


async def _told(chunks: AsyncGenerator[bytes], tell: Callable[[bytes], None]) -> AsyncGenerator[bytes]:
    async with aclosing(chunks):
        async for chunk in chunks:
            tell(chunk)
            yield chunk


@contextmanager
def _progress(session: JSONObject, chosen: ExportFormat) -> Iterator[Callable[[bytes], None]]:
    """A bar on stderr where that is a terminal. A line is a tick; a format without lines tells its bytes alone."""
    console = terminal.err()
    ticks = session.get("tick")
    by_lines = chosen not in BINARY and isinstance(ticks, int)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[size]}"))
    size_bytes = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        total = float(ticks) if by_lines and isinstance(ticks, int) else None
        task = progress.add_task(f"{session['id']} as {chosen}", total=total, size="")

        def tell(chunk: bytes) -> None:
            nonlocal size_bytes
            size_bytes += len(chunk)
            progress.update(task, advance=chunk.count(b"\n") if by_lines else 0, size=megabytes(size_bytes))

        yield tell


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
