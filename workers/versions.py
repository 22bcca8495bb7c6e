"""Versions of everything that a run's numbers depend on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

from gridcast.broadcaster import Settings

_PACKAGES = ("gridcast", "openg2g", "opendssdirect.py", "dss_python", "dss_python_backend", "numpy")


@cache
def versions() -> Mapping[str, str]:
    """By distribution; imports none of them."""
    return {name: version(name) for name in _PACKAGES}


def named_by(settings: Settings) -> Mapping[str, str]:
    """What the name of a simulation says beside its spec: a result counts only where all of it is the same."""
    return {**versions(), "specs_dir": str(settings.specs_dir or "")}
