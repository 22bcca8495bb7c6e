"""Values on the command line: numbers and NAME=NUMBER pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from gridcast.client import JSON

from .exits import CliError, Exit

Number = TypeVar("Number", int, float)


def speed(text: str) -> JSON:
    """`max`, or simulated seconds per second. The session knows the range.

    Raises:
        CliError: neither.
    """
    if text == "max":
        return text
    try:
        return finite(text)
    except ValueError:
        raise CliError(Exit.BAD_INPUT, f"X is {text!r}; give `max` or a number from 0.1 to 1000") from None


def pairs(what: str, example: str, texts: Sequence[str], number: Callable[[str], Number]) -> dict[str, JSON]:
    """Each `NAME=NUMBER`, in order; a name may hold `=` itself.

    Raises:
        CliError: one of them is no such pair, or a name comes twice.
    """
    found: dict[str, JSON] = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        try:
            parsed = number(value)
        except ValueError:
            parsed = None
        if not name or parsed is None:
            raise CliError(Exit.BAD_INPUT, f"{text!r}: write it as {what}, such as {example}")
        if name in found:
            raise CliError(Exit.BAD_INPUT, f"{name}: given twice")
        found[name] = parsed
    return found


def finite(text: str) -> float:
    """
    Raises:
        ValueError: no number, or NaN or infinity, which JSON cannot carry.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
