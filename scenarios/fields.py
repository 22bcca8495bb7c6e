"""The words that scenario fields are made of: strict models, bounded names, numbers and lists.

Every number is finite, every list and name has a bound: a scenario may come from a stranger.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

MAX_DURATION_S = 7 * 24 * 3600
MAX_TICKS = 2_000_000  # two days at 0.1 s
MAX_TIME_S = 10.0 * MAX_DURATION_S  # ramps may be planned beyond the end of a run
MAX_GPUS = 100_000  # a few hundred MW: beyond any distribution feeder
MAX_KW = 1e6
MAX_SEED = 1_000_000_000

_T = TypeVar("_T")


class Model(BaseModel):
    """Base of all scenario models: strict types, unknown fields refused, no NaN or Infinity, immutable."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=False
    )


def _bus_name(value: object) -> object:
    """Bus names such as 671 are names; a command line may read them as numbers."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return str(value)
    return value.lower() if isinstance(value, str) else value


def _whole_milliseconds(value: float) -> float:
    if (exact(value) * 1000).denominator != 1:
        raise PydanticCustomError("period", "must be a whole number of milliseconds")
    return value


_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, line breaks, and those that turn the direction of what follows them."""


def one_line(text: str) -> str:
    """Text that shows as what it is, on one line, wherever it is shown."""
    if _UNSEEN.search(text):
        raise PydanticCustomError(
            "one_line",
            "may not hold line breaks, control characters or marks that turn the direction of text",
        )
    return text


def exact(seconds: float) -> Fraction:
    """The decimal number that was written, exactly: 0.1 is 1/10."""
    return Fraction(repr(seconds))


BusName = Annotated[
    str, BeforeValidator(_bus_name, json_schema_input_type=str), Field(min_length=1, max_length=32)
]
"""A bus of the feeder, in lower case."""

SafeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", min_length=1, max_length=48)]
"""A name that OpenDSS, URLs and dotted paths can carry."""

Label = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(one_line)]

Title = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
"""What people call something."""

Period = Annotated[float, Field(ge=0.01, le=3600.0), AfterValidator(_whole_milliseconds)]
"""A component's period in seconds; whole milliseconds, so that it is an exact fraction."""

TimeS = Annotated[float, Field(ge=0.0, le=MAX_TIME_S)]
PerUnit = Annotated[float, Field(ge=0.5, le=1.5)]
TapRatio = Annotated[float, Field(ge=0.9, le=1.1)]
Fraction01 = Annotated[float, Field(ge=0.0, le=1.0)]
PowerFactor = Annotated[float, Field(gt=0.0, le=1.0)]
Kilowatts = Annotated[float, Field(ge=0.0, le=MAX_KW)]
PositiveKilowatts = Annotated[float, Field(gt=0.0, le=MAX_KW)]
Gain = Annotated[float, Field(ge=0.0, le=1e12)]
BatchSize = Annotated[int, Field(ge=1, le=65536)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]

Items = Annotated[tuple[_T, ...], Strict(False)]
"""A list in JSON, a tuple in Python."""

Range = Annotated[tuple[float, float], Strict(False)]
"""[low, high]."""

_ScheduledRatio = Annotated[float, Field(ge=0.89375, le=1.10625)]

ScheduledTaps = Annotated[dict[Annotated[str, Field(max_length=32)], _ScheduledRatio], Field(max_length=64)]
"""Regulator name -> tap ratio; one step beyond the end stops too, as the schedule of OpenG2G's ieee13 asks for it."""

TapRatios = Annotated[dict[Annotated[str, Field(max_length=32)], TapRatio], Field(max_length=64)]
"""Regulator name -> tap ratio."""
