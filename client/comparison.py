"""Runs side by side: by id for programs, and as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .frames import load_pandas
from .session import Session, session_of
from .ticks import Floats
from .types import JSON

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Comparison:
    """Two or more runs; everything by run is by its id, and `differences` are to the first of `sessions`.

    `parameters`: the dotted paths of the configurations at which they differ, None where a run has nothing there.
    `summary`: the metrics of their summaries, and `differences` of those that are numbers.
    `series`: on the common axis `t_s` (simulated s, each point stands for the `step_s` from there on) the lowest and
    highest voltage `v_min` and `v_max` (pu), the mean power of all datacenters `p_kw_total` (kW), and the means of the
    fields that were asked for; NaN where a run has ended. `left_out`: fields that not all runs have. `missing`: for each
    run that has lost some, the first and last of consecutive ticks that its series lack.
    """

    sessions: tuple[Session, ...]
    parameters: Mapping[str, Mapping[str, JSON]]
    summary: Mapping[str, Mapping[str, Any]]
    differences: Mapping[str, Mapping[str, float | None]]
    t_s: Floats
    step_s: float
    series: Mapping[str, Mapping[str, Floats]]
    left_out: tuple[str, ...]
    missing: Mapping[str, tuple[tuple[int, int], ...]]

    def labels(self) -> dict[str, str]:
        """For each run's id the heading of its column in a table: its title, or its id where titles are the same."""
        titles = [session.title for session in self.sessions]
        distinct = len(set(titles)) == len(titles)
        return {session.id: session.title if distinct else session.id for session in self.sessions}

    def summary_table(self) -> pd.DataFrame:
        """One row for each metric that is a number, one column for each run, one for each difference to the first.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        labels = self.labels()
        [_, *others] = labels
        rows = {
            name: [*values.values(), *(self.differences[name][run] for run in others)]
            for name, values in self.summary.items()
            if any(difference is not None for difference in self.differences[name].values())
        }
        columns = [*labels.values(), *(f"{labels[run]}, difference" for run in others)]
        return load_pandas().DataFrame.from_dict(rows, orient="index", columns=columns)

    def parameter_table(self) -> pd.DataFrame:
        """One row for each parameter at which the runs differ, one column for each run. Raises as `summary_table`."""
        labels = self.labels()
        rows = {path: [values[run] for run in labels] for path, values in self.parameters.items()}
        return load_pandas().DataFrame.from_dict(rows, orient="index", columns=list(labels.values()))

    def series_table(self, name: str) -> pd.DataFrame:
        """One of the `series` (`v_min`, or a field): one row for each time, one column for each run.

        Raises:
            KeyError: there is no series of this name.
            MissingLibrary: pandas is not installed.
        """
        pandas = load_pandas()
        values = {label: self.series[run][name] for run, label in self.labels().items()}
        return pandas.DataFrame(values, index=pandas.Index(self.t_s, name="t_s"))


def comparison_of(document: Mapping[str, Any]) -> Comparison:
    """An answer of `/api/compare`."""
    series = dict(document["series"])
    t_s = np.array(series.pop("t_s"), dtype=np.float64)
    return Comparison(
        sessions=tuple(session_of(session) for session in document["sessions"]),
        parameters={item["path"]: item["values"] for item in document["parameters"]},
        summary=document["summary"],
        differences=document["differences"],
        t_s=t_s,
        step_s=document["step_s"],
        series={
            run: {name: np.array(values, dtype=np.float64) for name, values in told.items()}
            for run, told in series.items()
        },
        left_out=tuple(document["left_out"]),
        missing={
            run: tuple((first, last) for first, last in spans) for run, spans in document["missing"].items()
        },
    )
