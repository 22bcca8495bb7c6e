"""The lowest voltage of a run over time, in bounded memory. No I/O here."""

from __future__ import annotations

from collections.abc import Sequence

from gridcast.client import JSON

POINTS = 512
"""Points that a trace keeps at most: more than a terminal is wide."""
LEVELS = "▁▂▃▄▅▆▇█"
ASCII_LEVELS = "_.-=+*%#"
FLAT_PU = 1e-4
"""A trace with less range than this is drawn flat: it would show rounding."""


class Trace:
    """Takes ticks in order, also with holes; keeps of each stretch its lowest voltage."""

    def __init__(self) -> None:
        self._points: dict[int, tuple[float, int]] = {}
        """By number of a stretch of `_width` ticks: its lowest voltage and the tick that has it."""
        self._width = 1
        self._end = 1
        self.now: tuple[float, int] | None = None
        """Lowest voltage (pu) of the newest tick, and its place in the row."""
        self.lowest: tuple[float, int] | None = None
        """Of all ticks taken."""

    def take(self, ticks: JSON, rows: JSON) -> None:
        """Some more ticks and their rows of voltages; a row without any tells nothing."""
        if not isinstance(ticks, list) or not isinstance(rows, list):
            return
        for tick, row in zip(ticks, rows, strict=False):
            if not isinstance(tick, int) or not isinstance(row, list):
                continue
            values = [(value, n) for n, value in enumerate(row) if isinstance(value, (int, float))]
            if not values:
                continue
            self.now = low, _ = min(values)
            self.lowest = self.now if self.lowest is None else min(self.lowest, self.now)
            self._add(tick, low)
            self._end = tick + 1

    def _add(self, tick: int, low: float) -> None:
        stretch = tick // self._width
        self._points[stretch] = min(self._points.get(stretch, (low, tick)), (low, tick))
        if len(self._points) > POINTS:
            points, self._points = self._points, {}
            self._width *= 2
            for known, at in points.values():
                self._add(at, known)

    def stretches(self, number: int) -> list[float | None]:
        """The lowest voltage in each of `number` equal stretches from tick 0 to the newest; None where none is known."""
        found: list[float | None] = [None] * number
        for low, tick in self._points.values():
            place = tick * number // self._end
            known = found[place]
            found[place] = low if known is None else min(known, low)
        for n in range(1, number):  # between two points the run was looked at, and nothing was lower
            found[n] = found[n - 1] if found[n] is None else found[n]
        return found


def sparkline(values: Sequence[float | None], *, ascii_only: bool) -> str:
    """One character for each value, from the lowest of them to the highest; a space where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    levels = ASCII_LEVELS if ascii_only else LEVELS
    low, high = min(known), max(known)
    if high - low < FLAT_PU:
        return "".join(" " if value is None else levels[len(levels) // 2] for value in values)
    return "".join(
        " " if value is None else levels[int((value - low) / (high - low) * (len(levels) - 1) + 0.5)]
        for value in values
    )
