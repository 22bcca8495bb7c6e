"""Where the service is: the one that was named, or the `gridcast up` of this folder."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from .errors import NoService
from .net import base_url

URL = "GRIDCAST_URL"
DIR = "GRIDCAST_DIR"
DEFAULT_DIR = ".gridcast"
LOCK = "up.lock"
RUN_FILE = "run.json"


def service_url(url: str | None = None) -> str:
    """`url`, else GRIDCAST_URL, else the address of the `gridcast up` that runs in GRIDCAST_DIR (`.gridcast` by default).

    Raises:
        ValueError: what is named is no address.
        NoService: nothing names a service, and none runs here.
    """
    named = url or os.environ.get(URL)
    if named:
        return base_url(named)
    running = _running(Path(os.environ.get(DIR) or DEFAULT_DIR))
    if running is None:
        raise NoService
    return running


def _running(folder: Path) -> str | None:
    """What run.json names, as long as an `up` holds the folder's lock; a killed one leaves a stale run.json behind."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return str(json.loads((folder / RUN_FILE).read_text())["url"])
        except (FileNotFoundError, json.JSONDecodeError, KeyError):
            return None
    finally:
        os.close(lock)
    return None
