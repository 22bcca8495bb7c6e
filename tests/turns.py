"""In which order test files run, and what runs side by side, where several processes share the tests (`pytest -n`)."""

from __future__ import annotations

from collections.abc import Iterable

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/e2e/"
"""A browser, a service and its sessions are as busy as all else together: they take turns from the start."""

BUSY = (
    "tests/client/test_page.py",
    "tests/workers/",
    "tests/faults/",
    "tests/cli/",
    "tests/test_notebooks.py",
)
"""What starts processes by the dozen. Spread over the whole run, so that few of them meet."""


def in_turns(files: Iterable[str]) -> list[str]:
    """The order of test files: browsers, then busy and quiet ones side by side in equal shares."""
    browsers: list[str] = []
    busy: list[str] = []
    quiet: list[str] = []
    for file in files:
        kind = browsers if file.startswith(BROWSER) else busy if file.startswith(BUSY) else quiet
        kind.append(file)
    places = {file: (place + 0.5) / len(kind) for kind in (busy, quiet) for place, file in enumerate(kind)}
    return [*browsers, *sorted(places, key=lambda file: places[file])]


class Turns(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Tests of one file stay together, and so do all that need a browser."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return BROWSER if file.startswith(BROWSER) else file
