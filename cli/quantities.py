"""Figures of simulations by their names in the protocol: units, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

UNITS: Final[Mapping[str, str]] = {
    "integral_violation_pu_s": "pu s",
    "violation_time_s": "s",
    "worst_vmin": "pu",
    "worst_vmax": "pu",
    "mean_throughput_tps": "tokens/s",
    "integrated_throughput_tokens": "tokens",
    "itl_deadline_fraction": "1",
    "mean_power_kw": "kW",
    "max_power_kw": "kW",
    "oscillation": "1/min",
}
TITLES: Final[Mapping[str, str]] = {
    "integral_violation_pu_s": "integral of the violation",
    "violation_time_s": "violation time",
    "worst_vmin": "lowest voltage",
    "worst_vmax": "highest voltage",
    "mean_throughput_tps": "mean throughput",
    "integrated_throughput_tokens": "tokens in all",
    "itl_deadline_fraction": "share of samples past the latency deadline",
    "mean_power_kw": "mean power",
    "max_power_kw": "highest power",
    "oscillation": "reversals",
}
SHOWN_PLACES: Final = 6

_FORMS: Final[Mapping[str, str]] = {
    "pu": "{:.4f}",
    "kW": "{:,.1f}",
    "s": "{:,.1f}",
    "pu s": "{:,.4f}",
    "1/min": "{:.1f}",
}


def column(name: str) -> str:
    """The heading of a column of a file: `worst_vmin [pu]`; a name without a unit alone."""
    return f"{name} [{UNITS[name]}]" if name in UNITS else name


def reasons(failed: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What went wrong, each reason once with the places where it did: `no solution: scale 1.9, scale 2`.

    Args:
        failed: each place and its reason.
    """
    places: dict[str, list[str]] = {}
    for place, reason in failed:
        places.setdefault(reason, []).append(place)
    for reason, where in places.items():
        more = f" and {len(where) - SHOWN_PLACES} more" if len(where) > SHOWN_PLACES else ""
        yield f"{reason.rstrip('.')}: {', '.join(where[:SHOWN_PLACES])}{more}"


def axis(name: str, unit: str | None = None) -> str:
    """The label of an axis: `lowest voltage [pu]`; `unit`: where another one is known."""
    unit = UNITS.get(name) if unit is None else unit
    return f"{TITLES.get(name, name)} [{unit}]" if unit else TITLES.get(name, name)


def heading(name: str) -> str:
    """The same for people: `lowest voltage, pu`."""
    title, unit = TITLES.get(name, name), UNITS.get(name)
    return title if unit in (None, "1") else f"{title}, {unit}"


def figure(name: str, value: object) -> str:
    """A figure as a table shows it; `-` where there is none."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return "-" if value is None else str(value)
    return _FORMS.get(UNITS.get(name, ""), "{:.6g}").format(value)
