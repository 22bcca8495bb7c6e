"""Reading the complaints of a refused scenario."""

from __future__ import annotations

from typing import Any

import pytest

from gridcast.scenarios import ScenarioError, resolve


def refusals(name: str, overrides: dict[str, Any], seed: int = 0) -> dict[str, str]:
    """Dotted path -> messages, of a scenario that must be refused."""
    with pytest.raises(ScenarioError) as refused:
        resolve(name, overrides, seed)
    found: dict[str, str] = {}
    for error in refused.value.errors:
        place = ".".join(map(str, error.loc))
        found[place] = f"{found[place]}; {error.msg}" if place in found else error.msg
    return found
