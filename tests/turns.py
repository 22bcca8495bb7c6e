"""In which order test files run, and what runs side by side, where several processes share the tests (`pytest -n`)."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/e2e"
"""A browser, a service and its sessions are as busy as all else together: these take turns with each other."""

FIRST = (BROWSER, "tests/client/test_page.py", "tests/workers", "tests/faults", "tests/cli")
"""What takes longest, longest first, so that no process is left with it when the others are done."""


def rank(nodeid: str) -> int:
    """The smaller, the earlier."""
    for place, start in enumerate(FIRST):
        if nodeid.startswith(start):
            return place
    return len(FIRST)


class Turns(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Tests of one file stay together, and so do all that need a browser."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return BROWSER if PurePosixPath(file).is_relative_to(BROWSER) else file
