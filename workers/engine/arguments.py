"""Reading the arguments of a command that a person sent.

What cannot be meant is refused with a text that names the value and what is allowed; nothing is guessed or converted,
but for whole numbers where any number will do. The value may be anything that JSON can hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gridcast.scenarios.errors import listed, shown

from .steer import Args, Refused

_LISTED = 20
"""So many names are told; the rest are in the schema."""


def fields(args: Args, *required: str, optional: Collection[str] = ()) -> None:
    """Refuse arguments that the command does not have (a misspelt one must not pass as absent), and missing ones."""
    known = [*required, *optional]
    for name in args:
        if name not in known:
            raise Refused(f"unknown argument {shown(name)}; allowed: {listed(known)}")
    if missing := [name for name in required if name not in args]:
        raise Refused(f"missing argument {listed(missing)}; needed: {listed(required)}")


def one_of(what: str, value: object, known: Collection[str]) -> str:
    """One of the known names."""
    if not isinstance(value, str) or value not in known:
        raise Refused(f"{what} is {shown(value)}; allowed: {listed(known, _LISTED)}")
    return value


def number(what: str, value: object, low: float, high: float, *, unit: str = "") -> float:
    """A finite number from `low` to `high`, both included."""
    # NaN is neither less nor more; whole numbers of any length compare exactly, and only then become floats
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Refused(f"{what} is {shown(value)}; allowed are numbers from {low:.10g} to {high:.10g}{unit}")
    return float(value)


def whole(what: str, value: object) -> int:
    """A whole number; 2.0 is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(f"{what} is {shown(value)}; allowed are whole numbers")
    return value


def by_name(what: str, value: object, known: Collection[str]) -> Mapping[str, Any]:
    """Values by known names, at least one."""
    if not isinstance(value, dict) or not value:
        raise Refused(
            f"{what} is {shown(value)}; needed is an object with one or more of: {listed(known, _LISTED)}"
        )
    for name in value:
        one_of(f"a name in {what}", name, known)
    return value
