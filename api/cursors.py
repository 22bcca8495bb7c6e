"""Lists, newest first, page by page. A cursor is the creation time and the id of the last item that was told."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

import orjson

from .failures import Fault, invalid
from .models import PageQuery

SCAN_LIMIT: Final = 2000
"""Items that one list request looks at when a filter lets few of them pass."""

Place = tuple[float, str]


class Listed(Protocol):
    """What has a place in a list."""

    @property
    def id(self) -> str: ...


L = TypeVar("L", bound=Listed)


async def newest_first(
    read: Callable[[Place | None], Awaitable[list[tuple[float, L]]]],
    query: PageQuery,
    *,
    passes: Callable[[L], bool],
) -> tuple[list[L], str | None]:
    """The next `query.limit` items that pass, and the cursor behind them; None where nothing is left.

    `read` answers with at most `query.limit` items behind a place, with their creation times.

    Raises:
        Failure: the cursor is none.
    """
    place = None if query.cursor is None else decode_cursor(query.cursor)
    found: list[L] = []
    scanned, more = 0, True
    while more and len(found) < query.limit and scanned < SCAN_LIMIT:
        page = await read(place)
        more = len(page) == query.limit
        for created, item in page:
            scanned += 1
            place = (created, item.id)
            if passes(item):
                found.append(item)
                if len(found) == query.limit:
                    more = more or place != (page[-1][0], page[-1][1].id)
                    break
    return found, encode_cursor(place) if more and place else None


def encode_cursor(place: Place) -> str:
    """The text that stands for a place."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def decode_cursor(text: str) -> Place:
    """Inverse of `encode_cursor`. Raises `Failure`."""
    try:
        place: Any = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        created, ident = place
        if not isinstance(created, int | float) or not isinstance(ident, str):
            raise TypeError(place)
        return float(created), ident
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise invalid([Fault(("cursor",), "not a cursor of this list; leave it out to begin anew")]) from None
