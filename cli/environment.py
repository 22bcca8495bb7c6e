"""What the command line itself takes from the environment; every other setting belongs to the processes that it starts.

`python -m gridcast.broadcaster.settings` prints all of them with their meaning; a test holds these names to that list.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PREFIX = "GRIDCAST_"
URL = "GRIDCAST_URL"
DIR = "GRIDCAST_DIR"
REDIS_URL = "GRIDCAST_REDIS_URL"
REDIS_PASSWORD_FILE = "GRIDCAST_REDIS_PASSWORD_FILE"
CHANNELS_URL = "GRIDCAST_CHANNELS_URL"
SLOTS = "GRIDCAST_SLOTS"
SPECS_DIR = "GRIDCAST_SPECS_DIR"
LOG_FORMAT = "GRIDCAST_LOG_FORMAT"

DEFAULT_DIR = ".gridcast"


def folder(chosen: Path | None) -> Path:
    """The folder of `up`: `--dir`, else GRIDCAST_DIR, else `.gridcast` here."""
    return (chosen or Path(os.environ.get(DIR) or DEFAULT_DIR)).absolute()


def external_broker() -> str | None:
    """The broker that GRIDCAST_REDIS_URL names; None means the embedded one."""
    return os.environ.get(REDIS_URL) or None


def broker_password() -> str | None:
    """The password of that broker, where a file holds it. Raises `OSError`."""
    file = os.environ.get(REDIS_PASSWORD_FILE)
    return Path(file).read_text().strip() if file else None


def logs_json() -> bool:
    """Whether the log on stderr is JSON: as GRIDCAST_LOG_FORMAT says, else where no terminal shows it."""
    wanted = os.environ.get(LOG_FORMAT)
    return wanted == "json" or (wanted != "console" and not sys.stderr.isatty())


def of_children(*, redis_url: str, directory: Path, slots: int | None) -> Mapping[str, str]:
    """Environment of the processes that `up` starts: ours, with what `up` decides."""
    decided = {REDIS_URL: redis_url, DIR: str(directory), "PYTHONUNBUFFERED": "1"}
    if not os.environ.get(LOG_FORMAT):
        # What they write to is a pipe to us, which says nothing about who reads it in the end.
        decided[LOG_FORMAT] = "json" if logs_json() else "console"
    if slots is not None:
        decided[SLOTS] = str(slots)
    return {**os.environ, **decided}
