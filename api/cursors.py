"""Cursors of lists, newest first: the creation time and the id of the last item that was told."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from .failures import Fault, invalid


def encode_cursor(place: tuple[float, str]) -> str:
    """The text that stands for a place."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def decode_cursor(text: str) -> tuple[float, str]:
    """Inverse of `encode_cursor`. Raises `Failure`."""
    try:
        place: Any = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        created, ident = place
        if not isinstance(created, int | float) or not isinstance(ident, str):
            raise TypeError(place)
        return float(created), ident
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise invalid([Fault(("cursor",), "not a cursor of this list; leave it out to begin anew")]) from None
