"""How fast simulated time may pass. No I/O; the wall clock is passed in."""

from __future__ import annotations

from typing import Final, Literal

Speed = float | Literal["max"]
"""Simulated seconds per wall second, or as fast as the machine can."""

SLOWEST: Final = 0.1
FASTEST: Final = 1000.0


class Pacer:
    """Tick n of a run at speed x is due `(n - n0) * tick_s / x` seconds after the moment at which tick n0 was.

    Due times come from that anchor, not from the tick before, so delays do not add up. A new speed, or `anchor`
    after a pause, starts counting anew: what was late by then is not caught up.
    """

    def __init__(self, *, tick_s: float, speed: Speed) -> None:
        self._tick_s = tick_s
        self._speed: Speed = speed
        self._tick = 0
        self._at_s: float | None = None

    @property
    def speed(self) -> Speed:
        return self._speed

    def set_speed(self, speed: Speed, *, tick: int, now_s: float) -> None:
        """From `tick` on, which is due now, time passes at `speed`."""
        self._speed = speed
        self.anchor(tick=tick, now_s=now_s)

    def anchor(self, *, tick: int, now_s: float) -> None:
        """`tick` is due now: at the start, and after time in which nothing ran on purpose."""
        self._tick = tick
        self._at_s = now_s

    def wait_s(self, *, tick: int, now_s: float) -> float:
        """Seconds until `tick` is due; never negative, 0 at full speed."""
        return max(0.0, self._ahead_s(tick, now_s))

    def lag_s(self, *, tick: int, now_s: float) -> float:
        """By how many wall seconds `tick` is late; never negative, 0 at full speed."""
        return max(0.0, -self._ahead_s(tick, now_s))

    def _ahead_s(self, tick: int, now_s: float) -> float:
        if self._speed == "max" or self._at_s is None:
            return 0.0
        return self._at_s + (tick - self._tick) * self._tick_s / self._speed - now_s
