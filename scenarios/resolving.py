"""From a scenario's name, overrides and seed to a checked configuration, or to errors that name each field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from .catalogue import catalogue
from .config import ScenarioConfig
from .errors import FieldError, Loc, ScenarioError, listed, shown
from .validation import field_errors

MAX_OVERRIDES = 500
MAX_PATH_CHARS = 200
MAX_INDEX_DIGITS = 9


def parse_config(data: Any) -> ScenarioConfig:
    """A configuration from JSON data; ScenarioError names what is wrong with it."""
    try:
        return ScenarioConfig.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(field_errors(error)) from None


def resolve(name: str, overrides: Mapping[str, Any] | None = None, seed: int = 0) -> ScenarioConfig:
    """The scenario `name` with `overrides` (dotted path -> JSON value) and `seed`, every default filled in.

    Defaults that hang on what is overridden (the taps of another feeder, the batch sizes of another model) follow it.
    Raises ScenarioError; each error's `loc` is the path that was written, or the part of the scenario that no
    longer fits.
    """
    scenario = catalogue().get(name)
    if scenario is None:
        raise _error(("scenario",), f"there is no scenario {shown(name)}; scenarios: {listed(catalogue())}")
    given = dict(overrides or {})
    if len(given) > MAX_OVERRIDES:
        raise _error(
            ("overrides",), f"{len(given)} overrides are too many; at most {MAX_OVERRIDES} are allowed"
        )
    if seed != 0:
        if given.get("seed", seed) != seed:
            raise _error(("seed",), f"is given twice, as {shown(seed)} and as {shown(given['seed'])}")
        given["seed"] = seed
    return parse_config(_overridden(scenario.config, given))


def _error(loc: Loc, msg: str) -> ScenarioError:
    return ScenarioError([FieldError(loc=loc, msg=msg)])


def _overridden(config: ScenarioConfig, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The scenario as it was written, with the overrides in it."""
    written: dict[str, Any] = config.model_dump(mode="json", exclude_unset=True)
    full: dict[str, Any] = config.model_dump(mode="json")
    errors: list[FieldError] = []
    for path in sorted(overrides, key=_depth):  # a whole part first, then what is inside it
        try:
            _set(written, full, path, overrides[path])
        except ScenarioError as error:
            errors += error.errors
    if errors:
        raise ScenarioError(errors)
    return written


def _depth(path: object) -> int:
    return str(path).count(".")


def _set(written: dict[str, Any], full: Any, path: object, value: Any) -> None:
    if not isinstance(path, str) or not path or len(path) > MAX_PATH_CHARS:
        raise _error(
            ("overrides",), f"{shown(path)} is not a path; needed is a dotted path such as datacenters.0.bus"
        )
    loc: Loc = tuple(int(part) if _is_index(part) else part for part in path.split("."))
    here: Any = written
    for depth, part in enumerate(loc):
        last = depth == len(loc) - 1
        if isinstance(here, list):
            if not isinstance(part, int) or part >= len(here):
                raise _error(loc, f"{_joined(loc[:depth])} has items 0 to {len(here) - 1}, not {shown(part)}")
            full = full[part] if isinstance(full, list) and part < len(full) else None
        elif isinstance(here, dict):
            part = str(part) if part not in here else part
            full = full.get(part) if isinstance(full, dict) else None
            if not last and part not in here:
                if full is None:
                    raise _error(loc, f"{_joined(loc[: depth + 1])} does not exist")
                here[part] = full
        else:
            raise _error(loc, f"{_joined(loc[:depth])} is {shown(here)}, it has no parts")
        if last:
            here[part] = value
        else:  # copied on the way down: the caller's own values stay as they are
            child = here[part]
            here[part] = child.copy() if isinstance(child, dict | list) else child
            here = here[part]


def _is_index(part: str) -> bool:
    """Whether it is the place of an item; what has more digits than any list has items is a name, and a wrong one."""
    return part.isascii() and part.isdigit() and len(part) <= MAX_INDEX_DIGITS


def _joined(loc: Loc) -> str:
    return ".".join(map(str, loc)) or "the scenario"
