"""The numbers of a run as people see them: rounded, whole where that is enough, null where there are none.

The live stream and the history round by the same functions, so a tick has the same JSON from either. What they answer
with is for `orjson.dumps(..., option=OPT_SERIALIZE_NUMPY)`, which writes NaN as null and wants arrays contiguous.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

VOLTAGE_DIGITS: Final = 5
LATENCY_DIGITS: Final = 5
POWER_DIGITS: Final = 3
"""Of kW and kvar, so that watts are whole here too."""
SOC_DIGITS: Final = 6


def whole(values: NDArray[np.float64], there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Nearest whole numbers; rows that are not there hold 0, to be replaced by null."""
    if not there.all():
        values = np.where(there.reshape(-1, *[1] * (values.ndim - 1)), values, 0.0)
    return np.rint(values).astype(np.int64)


def columns(values: NDArray[Any]) -> list[NDArray[Any]]:
    """Each column as an array of its own."""
    return list(np.ascontiguousarray(values.T))


def rows(values: NDArray[Any], there: NDArray[np.bool_]) -> Any:
    """A row for each tick, null for those that are not there."""
    if there.all():
        return np.ascontiguousarray(values)
    return [row if here else None for row, here in zip(np.ascontiguousarray(values), there, strict=True)]


def elements(column: NDArray[Any], there: NDArray[np.bool_]) -> Any:
    """A number for each tick, null for those that are not there."""
    if there.all():
        return column
    found = column.astype(object)
    found[~there] = None
    return found.tolist()
