"""A stream of bytes into a file that is there once it is whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import get_args

from .service import ExportFormat

FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


async def download(
    get: Callable[[ExportFormat], AsyncGenerator[bytes]],
    path: Path,
    format: ExportFormat | None,  # noqa: A002  # the protocol's word
) -> Path:
    """Write what `get` yields to `path`, by way of a file beside it that is renamed at the end or removed.

    Raises:
        ValueError: neither `format` nor the ending of `path` is a format.
        OSError: the file cannot be written.
    """
    chosen = format or _by_ending(path)
    unfinished = path.with_name(f"{path.name}.part")
    file = await asyncio.to_thread(unfinished.open, "wb")
    try:
        try:
            async with aclosing(get(chosen)) as chunks:
                async for chunk in chunks:
                    await asyncio.to_thread(file.write, chunk)
        finally:
            file.close()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _by_ending(path: Path) -> ExportFormat:
    for known in FORMATS:
        if path.suffix == f".{known}":
            return known
    raise ValueError(
        f"{path.name!r} does not say which format is meant; let it end with .{', .'.join(FORMATS)}, or give `format`"
    )
