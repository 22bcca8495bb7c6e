"""What `gridcast scan` found: the voltage pattern of every candidate site, and of every scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from .quantities import figure, heading, reasons

OPTIONS: Final = {
    "feeders": "--feeder",
    "scenarios": "--no-scenarios",
    "params": "--set",
    "duration_s": "--duration",
}
"""The option behind each field."""

FIGURES: Final = (
    "worst_vmin",
    "worst_vmax",
    "violation_time_s",
    "integral_violation_pu_s",
    "mean_power_kw",
    "oscillation",
)
STYLES: Final = {
    "within_band": "green",
    "undervoltage": "yellow",
    "overvoltage": "yellow",
    "both": "magenta",
    "oscillating": "magenta",
    "diverged": "bold red",
}
"""Colours only repeat what the word says."""


def tables(result: Mapping[str, Any], console: Console) -> Iterator[RenderableType]:
    """As `found.Shown`."""
    if result["sites"]:
        yield _places(result["sites"], "Candidate sites", ("feeder", "bus"))
        yield from _reasons(result["sites"], "bus")
    if result["scenarios"]:
        yield _places(result["scenarios"], "Scenarios", ("scenario", "feeder"))
        yield from _reasons(result["scenarios"], "scenario")
    yield _classes(result)


def _places(places: Sequence[Mapping[str, Any]], title: str, names: Sequence[str]) -> Table:
    table = Table(
        *names,
        "class",
        *(Column(heading(name), justify="right") for name in FIGURES),
        title=title,
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for place in places:
        cells = [Text(str(place.get(name))) for name in names]
        found = place["class"] or place["status"]
        pattern = Text(found, STYLES.get(found, "red"))
        if place["status"] == "done":
            table.add_row(*cells, pattern, *(figure(name, place.get(name)) for name in FIGURES))
        else:
            table.add_row(*cells, pattern)
    return table


def _reasons(places: Sequence[Mapping[str, Any]], name: str) -> Iterator[str]:
    return reasons((place[name], place["reason"]) for place in places if place["status"] != "done")


def _classes(result: Mapping[str, Any]) -> Table:
    table = Table(
        "class",
        Column("of them", justify="right"),
        Column("what makes one", overflow="fold"),
        title="Classes",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for name, rule in result["rules"].items():
        table.add_row(Text(name, STYLES.get(name, "")), str(result["counts"].get(name, 0)), Text(rule))
    return table


def feeders(result: Mapping[str, Any]) -> list[str]:
    """The feeders whose sites were tried, in order."""
    return list(dict.fromkeys(site["feeder"] for site in result["sites"]))


def columns(result: Mapping[str, Any]) -> Sequence[str]:
    """As `found.Shown`."""
    return ("part", "feeder", "bus", "scenario", "class", "status", "reason", *FIGURES)


def rows(result: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    """As `found.Shown`: the sites, then the scenarios."""
    yield from ({"part": "site", **site} for site in result["sites"])
    yield from ({"part": "scenario", **scenario} for scenario in result["scenarios"])
