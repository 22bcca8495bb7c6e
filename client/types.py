"""What travels: JSON values, and entries of a channel's log; and how a document becomes an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeAlias, TypeVar

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
JSONObject: TypeAlias = dict[str, JSON]

Entry: TypeAlias = JSONObject
"""One frame of a stream: `type` says which; entries of the log also have an integer `offset`."""

T = TypeVar("T")


def known(kind: Callable[..., T], document: Mapping[str, Any], **made: Any) -> T:
    """A dataclass of the fields that it has; what later services add to the document is left out.

    Args:
        made: fields that are not in the document as they are wanted.
    """
    names = {field.name for field in fields(kind)} - made.keys()  # type: ignore[arg-type]  # a dataclass, which no type says
    return kind(**{name: value for name, value in document.items() if name in names}, **made)
