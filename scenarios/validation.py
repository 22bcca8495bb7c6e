"""Pydantic's complaints in our words: the path that a person writes, the value, what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .config import ScenarioConfig
from .errors import FieldError, Loc, ScenarioError, listed, shown

MAX_ERRORS = 100

_UNIONS = {"controllers", "space"}
"""Lists and objects of tagged unions: pydantic puts the tag into the path, people do not."""

_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda ctx: "is required",
    "int_type": lambda ctx: "must be a whole number",
    "float_type": lambda ctx: "must be a number",
    "finite_number": lambda ctx: "must be a finite number",
    "bool_type": lambda ctx: "must be true or false",
    "string_type": lambda ctx: "must be a text",
    "tuple_type": lambda ctx: "must be a list",
    "dict_type": lambda ctx: "must be an object",
    "model_type": lambda ctx: "must be an object",
    "model_attributes_type": lambda ctx: "must be an object",
    "greater_than": lambda ctx: f"must be more than {ctx['gt']:g}",
    "greater_than_equal": lambda ctx: f"must be at least {_number(ctx['ge'])}",
    "less_than": lambda ctx: f"must be less than {ctx['lt']:g}",
    "less_than_equal": lambda ctx: f"must be at most {_number(ctx['le'])}",
    "literal_error": lambda ctx: f"must be one of {ctx['expected']}",
    "string_pattern_mismatch": lambda ctx: "may hold only letters, digits, _ and -",
    "string_too_short": lambda ctx: f"must have at least {ctx['min_length']} character(s)",
    "string_too_long": lambda ctx: f"must have at most {ctx['max_length']} characters",
    "too_short": lambda ctx: f"must have at least {ctx['min_length']} item(s)",
    "too_long": lambda ctx: f"must have at most {ctx['max_length']} items",
    "union_tag_invalid": lambda ctx: f"has an unknown type; types: {ctx['expected_tags']}",
    "union_tag_not_found": lambda ctx: "needs a type",
}

_SILENT = {"default_factory_not_called"}
"""Follows from another error of the same object."""

_WITHOUT_VALUE = {
    "missing",
    "extra_forbidden",
    "union_tag_not_found",
    "union_tag_invalid",
    "at_field",
    "unknown_model",
    "ramp_order",
}
"""Complaints that tell the value themselves, or have none."""


def field_errors(error: ValidationError, model: type[BaseModel] = ScenarioConfig) -> list[FieldError]:
    """Each complaint about a `model` once, with the dotted path as parts; the first hundred."""
    found: dict[FieldError, None] = {}
    shortened: dict[FieldError, None] = {}
    for details in error.errors(include_url=False):
        target = shortened if details["type"] == "too_short" else found
        target.update(dict.fromkeys(_translated(details, model)))
    # a list that is short only because its items were refused is not the reader's business
    found.update((e, None) for e in shortened if not any(f.loc[: len(e.loc)] == e.loc for f in found))
    return list(found)[:MAX_ERRORS]


def known_fields(loc: Loc, model: type[BaseModel] = ScenarioConfig) -> list[str]:
    """Names of the fields of the object at this place of a `model`, a place as pydantic tells it."""
    schema = _schema(model)
    node = schema
    for part in loc:
        node = _resolved(node, schema)
        if "discriminator" in node:
            node = {"$ref": node["discriminator"]["mapping"].get(part, "")}
        else:
            named: dict[str, Any] = node.get("properties", {})
            node = node.get("items", {}) if isinstance(part, int) else named.get(part) or _any_key(node)
    return list(_resolved(node, schema).get("properties", {}))


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = node.get("$ref", "").removeprefix("#/$defs/")
    return schema["$defs"].get(name, {}) if "$ref" in node else node


def _any_key(node: dict[str, Any]) -> dict[str, Any]:
    """What an object holds under keys of the writer's own."""
    found = node.get("additionalProperties")
    return found if isinstance(found, dict) else {}


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _translated(details: ErrorDetails, model: type[BaseModel]) -> list[FieldError]:
    kind, ctx = details["type"], details.get("ctx", {})
    loc = _path(details["loc"])
    if isinstance(cause := ctx.get("error"), ScenarioError):
        return [FieldError(loc=(*loc, *inner.loc), msg=inner.msg) for inner in cause.errors]
    if kind in _SILENT:
        return []
    if at := ctx.get("at"):
        loc = (*loc, at)
    words = _WORDS[kind](ctx) if kind in _WORDS else details["msg"]
    if kind == "extra_forbidden":
        words = f"unknown field; fields: {listed(known_fields(details['loc'][:-1], model))}"
    value = "" if kind in _WITHOUT_VALUE else f", got {shown(details['input'])}"
    return [FieldError(loc=loc, msg=words + value)]


def _path(loc: Loc) -> Loc:
    """Without the tag of a union."""
    if len(loc) > 2 and loc[0] in _UNIONS:
        return (*loc[:2], *loc[3:])
    return loc


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
