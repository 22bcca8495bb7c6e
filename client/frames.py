"""Ticks as pandas frames and Arrow tables. Both libraries are loaded when they are first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import MissingLibrary

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from .ticks import Ticks


def load_pandas() -> Any:
    """The module.

    Raises:
        MissingLibrary: it is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingLibrary("pandas") from error
    return pd


def to_pandas(ticks: Ticks) -> pd.DataFrame:
    """See `Ticks.to_pandas`."""
    pandas = load_pandas()
    columns = list(ticks.columns())
    values = {"t_s": ticks.t_s, **{column.name: column.values for column in columns}}
    frame = pandas.DataFrame(values, index=pandas.Index(ticks.tick, name="tick"))
    frame.attrs["units"] = {"t_s": "s", **{column.name: column.unit for column in columns}}
    return frame


def to_arrow(ticks: Ticks) -> pa.Table:
    """See `Ticks.to_arrow`. NaN becomes null, as in a recording."""
    import pyarrow as pa

    fields = [
        pa.field("tick", pa.int64(), nullable=False),
        pa.field("t_s", pa.float64(), nullable=False, metadata={"unit": "s"}),
    ]
    arrays = [pa.array(ticks.tick), pa.array(ticks.t_s)]
    for column in ticks.columns():
        fields.append(pa.field(column.name, pa.float64(), metadata={"unit": column.unit}))
        arrays.append(pa.array(column.values, from_pandas=True))
    return pa.table(arrays, schema=pa.schema(fields))
