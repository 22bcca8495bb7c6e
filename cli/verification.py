"""What a verification found: whether a run that was computed again is the same to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType

OPTIONS: Final[Mapping[str, str]] = {}
_COLUMNS: Final = ("session_id", "identical", "ticks", "digest", "replay_ticks", "replay_digest", "replay_id")


def tables(result: Mapping[str, Any], console: Console) -> Iterator[RenderableType]:
    """As `found.Shown`."""
    if result["identical"]:
        yield f"identical: {result['ticks']} ticks, digest {result['digest']}"
        return
    yield "different"
    yield f"  recorded: {result['ticks']} ticks, digest {result['digest']}"
    yield f"  computed again: {result['replay_ticks']} ticks, digest {result['replay_digest']}"
    yield f"  `gridcast compare {result['session_id']} {result['replay_id']}` tells what differs"


def columns(result: Mapping[str, Any]) -> Sequence[str]:
    """As `found.Shown`."""
    return _COLUMNS


def rows(result: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    """As `found.Shown`."""
    yield result
