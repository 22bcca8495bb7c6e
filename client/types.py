"""What travels: JSON values, and entries of a channel's log."""

from __future__ import annotations

from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
JSONObject: TypeAlias = dict[str, JSON]

Entry: TypeAlias = JSONObject
"""One frame of a stream: `type` says which; entries of the log also have an integer `offset`."""
