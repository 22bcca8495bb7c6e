"""Tables for people and JSON for machines; medians and spread, never a single run."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


@dataclass(kw_only=True)
class Figure:
    """One measured figure. `target` is a text such as `<= 0.35`; `ok` is `None` where there is no target."""

    name: str
    values: Sequence[float]
    unit: str = ""
    target: str = ""
    ok: bool | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(kw_only=True)
class Report:
    """What one benchmark found."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        values: Sequence[float],
        *,
        unit: str = "",
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> Figure:
        """Add a figure, judged by its median."""
        figure = Figure(name=name, values=list(values), unit=unit)
        if at_most is not None:
            figure.target, figure.ok = f"<= {at_most:g}", figure.median <= at_most
        if at_least is not None:
            figure.target, figure.ok = f">= {at_least:g}", figure.median >= at_least
        self.figures.append(figure)
        return figure

    def show(self) -> None:
        table = Table(title=self.title, title_justify="left", title_style="bold")
        for column in ("figure", "median", "min", "max", "n", "target", ""):
            table.add_column(column, justify="left" if column in {"figure", "target", ""} else "right")
        for figure in self.figures:
            cells = [f"{value:.4g}" for value in (figure.median, min(figure.values), max(figure.values))]
            verdict = {None: "", True: "reached", False: "MISSED"}[figure.ok]
            name = f"{figure.name} [{figure.unit}]" if figure.unit else figure.name
            table.add_row(name.replace("[", r"\["), *cells, str(len(figure.values)), figure.target, verdict)
        # As wide as its cells also where nobody looks: a broken line cannot be searched for.
        console = Console(width=None if sys.stdout.isatty() else 160)
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}", highlight=False)

    def as_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "figures": [
                {
                    "name": f.name, "unit": f.unit, "median": f.median, "values": list(f.values),
                    "target": f.target, "ok": f.ok,
                }
                for f in self.figures
            ],
            "notes": self.notes,
        }  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def write_json(path: Path, reports: Sequence[Report]) -> None:
    path.write_bytes(
        orjson.dumps([report.as_dict() for report in reports], option=orjson.OPT_INDENT_2) + b"\n"
    )
