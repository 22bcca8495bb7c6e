"""Files that commands write: none is replaced by accident, and each is there once it is whole."""

from __future__ import annotations

from pathlib import Path

from .exits import CliError, Exit


def check_free(file: Path, *, force: bool) -> None:
    """
    Raises:
        CliError: `file` is a folder, or is there already and may not be replaced.
    """
    if file.is_dir():
        raise CliError(Exit.BAD_INPUT, f"{file} is a folder; give the name of a file in it")
    if file.exists() and not force:
        raise CliError(Exit.REFUSED, f"{file} is there already; --force replaces it, or give another name")


def check_folder(file: Path) -> None:
    """
    Raises:
        CliError: the folder that `file` would be in is not there.
    """
    if not file.parent.is_dir():
        raise CliError(Exit.BAD_INPUT, f"{file}: there is no folder {file.parent}")


def write_whole(file: Path, content: bytes) -> None:
    """Write by way of a file beside it, which is renamed at the end.

    Raises:
        CliError: it cannot be written.
    """
    unfinished = file.with_name(f"{file.name}.part")
    try:
        try:
            unfinished.write_bytes(content)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise CliError(Exit.FAILED, f"cannot write {file}: {error.strerror or error}") from error
