"""What a service costs, as a model: CPU of each part from how much goes on. Fitted by `bench/scaling.py`.

It is linear in what it counts, and one thing that it counts is no straight line of the load: how often a process is woken.
The entry that wakes it costs more than one that finds it awake, so a busy process needs less for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from gridcast.broadcaster.replies import BUSY_HZ, LOOK_S

AWAKE_S: Final = 0.003
"""An entry that comes this soon behind one that woke a process finds it awake: of 1, 2, 3, 5 and 8 ms what fits best."""


def wakings(entries: float, *, looks: bool = False) -> float:
    """How often a process is woken that is told of so many entries a second, at random times: a counter's dead time.

    Who `looks` at a busy connection from time to time is woken for that alone.
    """
    return 1 / LOOK_S if looks and entries > BUSY_HZ else entries / (1 + entries * AWAKE_S)


@dataclass(frozen=True, kw_only=True)
class Load:
    """What goes on in one second. `apis`: processes at which somebody watches each watched session."""

    sessions: float = 0
    entries: float = 0
    """Published by all sessions; a paced session publishes one for each tick."""
    watched: float = 0
    """Those of them that belong to sessions that somebody watches, at one API process."""
    deliveries: float = 0
    """Entries times their viewers, at one API process."""
    apis: float = 1


PARTS: Final[Mapping[str, Sequence[str]]] = {
    "api": ("one", "watched", "woken_by_watched", "deliveries"),
    "broker": ("one", "entries", "woken_by_entries", "fanned"),
    "workers": ("one", "sessions", "entries"),
}
"""What the CPU of each part grows with. `one`: what it needs when nothing goes on. Sessions are processes of their own, each
woken by its own ticks alone."""


def amounts(load: Load) -> dict[str, float]:
    return {
        **asdict(load),
        "one": 1.0,
        "fanned": load.watched * load.apis,
        "woken_by_watched": wakings(load.watched, looks=True),
        "woken_by_entries": wakings(load.entries),
    }


@dataclass(frozen=True, kw_only=True)
class Model:
    """Microseconds of CPU a second for each of what `PARTS` names."""

    us: Mapping[str, Mapping[str, float]]

    def cores(self, part: str, load: Load) -> float:
        """How many cores a part keeps busy."""
        there = amounts(load)
        return sum(cost * there[name] for name, cost in self.us[part].items()) / 1e6


def fit(points: Sequence[tuple[Load, Mapping[str, float]]]) -> Model:
    """The model that fits these measured cores best: least squares of relative errors, no cost below zero. A point may
    lack a part."""
    return Model(
        us={part: _part(part, [(load, cores) for load, cores in points if part in cores]) for part in PARTS}
    )


def _part(part: str, points: Sequence[tuple[Load, Mapping[str, float]]]) -> dict[str, float]:
    names = list(PARTS[part])
    while True:
        measured = np.array([cores[part] * 1e6 for _, cores in points])
        rows = np.array([[amounts(load)[name] for name in names] for load, _ in points])
        costs, *_ = np.linalg.lstsq(rows / measured[:, None], np.ones(len(points)), rcond=None)
        if (costs >= 0).all():
            return dict(zip(names, map(float, costs), strict=True))
        names.pop(int(np.argmin(costs)))
