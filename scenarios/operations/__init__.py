"""Operations: what can be asked, whether it fits its scenario, and which simulations it is made of."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue, ValidationError

from gridcast.scenarios.catalogue import catalogue
from gridcast.scenarios.errors import FieldError, Loc, ScenarioError, listed, shown
from gridcast.scenarios.resolving import resolve
from gridcast.scenarios.validation import field_errors

from .models import OPERATIONS, CharacterizeConfig, HeatmapConfig, OperationConfig, ScanConfig
from .parameters import NumericParameter, numeric_parameters
from .points import Part, Point, axes, axis, points_of, scales

__all__ = [
    "OPERATIONS",
    "CharacterizeConfig",
    "HeatmapConfig",
    "NumericParameter",
    "OperationConfig",
    "Part",
    "Point",
    "ScanConfig",
    "axes",
    "fitting_errors",
    "numeric_parameters",
    "parse_operation",
    "points_of",
    "scales",
    "steps_of",
    "title_of",
]


def parse_operation(op: Any, config: Any) -> OperationConfig:
    """What is asked of an operation, complete, checked, and fitting its scenario.

    Raises:
        ScenarioError: each error's `loc` is the field of the config (`x_min`, `params.datacenters.0.bus`), or `op`.
    """
    model = OPERATIONS.get(op) if isinstance(op, str) else None
    if model is None:
        raise ScenarioError(
            [
                FieldError(
                    loc=("op",), msg=f"there is no operation {shown(op)}; operations: {listed(OPERATIONS)}"
                )
            ]
        )
    try:
        asked = model.model_validate(config)
    except ValidationError as error:
        raise ScenarioError(field_errors(error, model)) from None
    if errors := fitting_errors(asked):
        raise ScenarioError(errors)
    return asked


def title_of(asked: OperationConfig) -> str:
    """What a list of operations calls it."""
    match asked:
        case CharacterizeConfig():
            return f"Characterize {asked.name}"
        case HeatmapConfig():
            x, y = (path.rpartition(".")[2] for path in (asked.param_x, asked.param_y))
            return f"Heatmap of {asked.name}: {asked.metric} over {x} and {y}"
        case ScanConfig():
            return f"Scan of {listed(asked.feeders)}" + (" and the catalogue" if asked.scenarios else "")


def steps_of(asked: OperationConfig) -> int:
    """Number of its points."""
    return len(points_of(asked))


def fitting_errors(asked: OperationConfig) -> list[FieldError]:
    """What of an operation does not fit the scenarios that it is about: an unknown name or parameter, overrides that are
    refused, ends of a range that the field does not take. Whatever is refused between, or for another field's sake, is a
    marked point of the result instead."""
    if isinstance(asked, ScanConfig):
        return list(
            dict.fromkeys(
                error for feeder in asked.feeders for error in _base_errors(feeder, asked.overrides, 0)
            )
        )
    if errors := list(_base_errors(asked.name, asked.overrides, asked.seed)):
        return errors
    return list(_axis_errors(asked)) if isinstance(asked, HeatmapConfig) else []


def _base_errors(name: str, overrides: Mapping[str, JsonValue], seed: int) -> Iterator[FieldError]:
    if name not in catalogue():
        yield FieldError(
            loc=("name",), msg=f"there is no scenario {shown(name)}; scenarios: {listed(catalogue())}"
        )
        return
    try:
        resolve(name, overrides, seed)
    except ScenarioError as error:
        for inner in error.errors:
            yield FieldError(loc=_asked_loc(inner.loc), msg=inner.msg)


def _asked_loc(loc: Loc) -> Loc:
    """Where in an operation's config that stands which a scenario calls `loc`."""
    if loc in (("seed",), ("duration_s",)):
        return loc
    return ("params", *(loc[1:] if loc[:1] == ("overrides",) else loc))


def _axis_errors(asked: HeatmapConfig) -> Iterator[FieldError]:
    known = {p.path: p for p in numeric_parameters(resolve(asked.name, asked.overrides, asked.seed))}
    ranges = {
        "x": (asked.param_x, asked.x_min, asked.x_max, asked.x_steps),
        "y": (asked.param_y, asked.y_min, asked.y_max, asked.y_steps),
    }
    for name, (path, low, high, steps) in ranges.items():
        if path not in known:
            yield FieldError(loc=(f"param_{name}",), msg=_no_number(path, asked, list(known)))
            continue
        values = axis(known[path], low, high, steps)
        if len(values) < steps:
            yield FieldError(
                loc=(f"{name}_steps",),
                msg=f"{path} takes whole numbers; {len(values)} of {steps} are left from {low:g} to {high:g}",
            )
            continue
        for end, value in (("min", values[0]), ("max", values[-1])):
            typed = int(value) if known[path].kind == "int" else value
            yield from _end_errors(asked, path, typed, (f"{name}_{end}",))


def _end_errors(asked: HeatmapConfig, path: str, value: float, loc: Loc) -> Iterator[FieldError]:
    try:
        resolve(asked.name, {**asked.overrides, path: value}, asked.seed)
    except ScenarioError as error:
        for inner in error.errors:
            if path == ".".join(map(str, inner.loc)):
                yield FieldError(loc=loc, msg=inner.msg)


def _no_number(path: str, asked: HeatmapConfig, known: list[str]) -> str:
    """Why a path is no parameter, and which might have been meant."""
    here: Any = resolve(asked.name, asked.overrides, asked.seed).model_dump(mode="json")
    for part in path.split("."):
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and part.isascii() and part.isdigit() and int(part[:9]) < len(here):
            here = here[int(part)]
        else:
            meant = difflib.get_close_matches(path, known, n=3, cutoff=0.5) or known[:3]
            return f"{asked.name} has no parameter {shown(path)}; there are for example: {listed(meant)}"
    return f"{shown(path)} is {shown(here)}, and no number"
