"""When the parts of a child's start began and ended (unix seconds). The child tells them to its worker, which makes the
spans of a trace of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Final

BUILD: Final = "build"
FIRST_PUBLISH: Final = "first publish"

MARKS: dict[str, tuple[float, float]] = {}
"""Of this process, which hosts one session in its life."""


@contextlib.contextmanager
def marked(name: str) -> Iterator[None]:
    """Mark the block, the first time that it is run."""
    if name in MARKS:
        yield
        return
    began_s = time.time()
    yield
    MARKS[name] = (began_s, time.time())
