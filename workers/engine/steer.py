"""What people's commands make of a running session: a pure state machine, without I/O and without a clock.

A command is one entry of `COMMANDS`: a function that checks its arguments and changes the state, or raises `Refused`
with a text that says what is allowed, having changed nothing. Folding the applied commands of a run in their order
gives the state of that run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gridcast.scenarios.errors import shown

from .pace import FASTEST, SLOWEST, Speed

if TYPE_CHECKING:
    from .until import Condition

Args = Mapping[str, Any]

MAX_STEP_TICKS: Final = 100_000


class Refused(Exception):
    """A command that cannot be applied; the message tells the person why and what is allowed."""


class Steering:
    """Whether the session runs, how fast, and for how long.

    `steps_left` is a number only while a paused session carries out a `step`; `until` is what a running one waits for.
    """

    def __init__(self, *, speed: Speed) -> None:
        self.speed: Speed = speed
        self.paused = False
        self.stopping = False
        self.steps_left = 0
        self.until: Condition | None = None

    @property
    def running(self) -> bool:
        """Whether the next tick may be computed."""
        return not self.stopping and (not self.paused or self.steps_left > 0)

    def apply(self, command: str, args: Args) -> None:
        """Change the state as the command says.

        Raises:
            Refused: nothing changed.
        """
        effect = COMMANDS.get(command)
        if effect is None:
            raise Refused(f"unknown command {shown(command)}; allowed are {', '.join(COMMANDS)}")
        self.check_open()
        effect(self, args)

    def check_open(self) -> None:
        """Raises `Refused` when the session takes no more commands."""
        if self.stopping:
            raise Refused("the session is being stopped and takes no more commands")

    def run_until(self, condition: Condition) -> None:
        """Go on, and pause after the first tick for which `condition` holds; it replaces an earlier one."""
        self.paused = False
        self.steps_left = 0
        self.until = condition

    def ticked(self, t_next_s: float, voltages: Callable[[], NDArray[np.float64] | None]) -> None:
        """One tick was computed; `voltages` gives its voltages in `bus_phases` order, where the grid was due."""
        if self.steps_left:
            self.steps_left -= 1
        if self.until is not None and self.until.holds(t_next_s, voltages()):
            self.until = None
            self.paused = True


def _pause(steering: Steering, args: Args) -> None:
    _only(args)
    if steering.paused and not steering.steps_left:
        raise Refused("the session is paused already; allowed are resume, step, speed, stop")
    steering.paused = True
    steering.steps_left = 0
    steering.until = None


def _resume(steering: Steering, args: Args) -> None:
    _only(args)
    if not steering.paused:
        raise Refused("the session is running already; resume is for a paused one")
    steering.paused = False
    steering.steps_left = 0


def _stop(steering: Steering, args: Args) -> None:
    _only(args)
    steering.stopping = True


def _step(steering: Steering, args: Args) -> None:
    _only(args, "ticks")
    ticks = args.get("ticks")
    if not isinstance(ticks, int) or isinstance(ticks, bool) or not 1 <= ticks <= MAX_STEP_TICKS:
        raise Refused(
            f"ticks is {_given(args, 'ticks')}; allowed are whole numbers from 1 to {MAX_STEP_TICKS}"
        )
    if not steering.paused:
        raise Refused("the session is running; pause it first, step is for a paused one")
    if steering.steps_left:
        raise Refused(
            f"a step is under way, {steering.steps_left} ticks are left; wait for it, or pause to end it"
        )
    steering.steps_left = ticks


def _speed(steering: Steering, args: Args) -> None:
    _only(args, "x")
    x = args.get("x")
    if x == "max":
        steering.speed = "max"
    elif isinstance(x, int | float) and not isinstance(x, bool) and SLOWEST <= x <= FASTEST:
        steering.speed = float(x)
    else:
        raise Refused(
            f"x is {_given(args, 'x')}; allowed are numbers from {SLOWEST:g} to {FASTEST:g} "
            '(simulated seconds per second) and "max"'
        )


def _given(args: Args, name: str) -> str:
    """An argument as a message shows it."""
    return shown(args[name]) if name in args else "missing"


def _only(args: Args, *known: str) -> None:
    """Refuse arguments that the command does not have: a misspelt one must not pass as absent."""
    unknown = sorted(set(args) - set(known))
    if unknown:
        allowed = f"only {', '.join(known)}" if known else "none"
        raise Refused(f"unknown argument {shown(unknown[0])}; allowed: {allowed}")


COMMANDS: Final[Mapping[str, Callable[[Steering, Args], None]]] = {
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "step": _step,
    "speed": _speed,
}
