"""Versions of everything that a run's numbers depend on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Final

from gridcast.broadcaster import Settings

OWN: Final = "gridcast"

NUMBERS: Final = 1
"""Raised with every change of ours that changes any digit of any tick; all other releases compute the same."""

_PACKAGES = ("openg2g", "opendssdirect.py", "dss_python", "dss_python_backend", "numpy")


@cache
def versions() -> Mapping[str, str]:
    """By distribution; imports none of them. Our own release is told as well, and decides nothing."""
    theirs = {name: version(name) for name in _PACKAGES}
    return {OWN: version(OWN), "gridcast-numbers": str(NUMBERS), **theirs}


def other(there: Mapping[str, str]) -> list[str]:
    """What of the versions with which a run began is different here, so that its ticks might be."""
    here = versions()
    return [
        f"{name} {was} (here {here.get(name)})"
        for name, was in there.items()
        if name != OWN and here.get(name) != was
    ]


def named_by(settings: Settings) -> Mapping[str, str]:
    """What the name of a simulation says beside its spec: a result counts only where all of it is the same."""
    return {**versions(), "specs_dir": str(settings.specs_dir or "")}
