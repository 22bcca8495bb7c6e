"""Numbers of what processes of different releases say to each other; docs/operations.md tells which go together."""

from __future__ import annotations

from typing import Final

PROTOCOL: Final = 1
"""Of the messages to clients, told in `hello`. Messages may gain fields under one number; one that loses or renames a field,
or gives it another meaning, has the next."""

STATE: Final = 1
"""Of what a session's keys in the broker hold, kept with each session. A worker leaves sessions of a greater number to newer
workers; it goes on with those of its own and of the one before."""
