"""What is wrong with a scenario, told so that a person can mend it."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Loc = tuple[str | int, ...]


class _Short(reprlib.Repr):
    """Bounded in depth and length: values come from strangers."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxstring = self.maxother = 60

    def repr_int(self, x: int, level: int) -> str:
        """Python refuses to write integers of thousands of digits."""
        return repr(x) if x.bit_length() <= 128 else f"a number of {x.bit_length()} bits"


_short = _Short()


def shown(value: object) -> str:
    """The value as an error message shows it: JSON words, a bounded length, never an exception."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _short.repr(value)


def listed(values: Iterable[object], limit: int = 40) -> str:
    """What is allowed, joined for a message; long lists are cut."""
    words = [str(value) for value in values]
    tail = f", ... ({len(words)} in all)" if len(words) > limit else ""
    return ", ".join(words[:limit]) + tail if words else "none"


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One thing that is wrong: where (the dotted path as parts), and what is allowed."""

    loc: Loc
    msg: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.loc))}: {self.msg}" if self.loc else self.msg


class ScenarioError(ValueError):
    """A scenario that cannot be simulated; `errors` names each field."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(map(str, self.errors)))
