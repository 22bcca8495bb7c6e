"""Lines on stderr while something is followed: how far a run is with its newest figures, or how far a task or operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from . import terminal
from .sessions import Course
from .terminal import hms

REFRESH_HZ = 10.0
RATE_OVER_S = 1.0


class RunBar:
    """Simulated time and ticks per second; below them voltages and power."""

    def __init__(self, console: Console, course: Course) -> None:
        self._console = console
        self._course = course
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[clock]}", markup=False),
            TextColumn("{task.fields[rate]}", markup=False),
            console=console,
        )
        self._task = self._progress.add_task("run", total=None, clock="", rate="", state=course.status)
        self._painted_s = 0.0
        self._mark = (monotonic(), course.ticks)
        self._rate = 0.0

    def __rich__(self) -> RenderableType:
        return Group(self._progress, Text(f"  {figures(self._course)}", no_wrap=True, overflow="ellipsis"))

    def say(self, text: str) -> None:
        """A line that stays, above the bar."""
        self._console.print(Text(text), soft_wrap=True)

    def paint(self, *, now: bool = False) -> None:
        """Called for each entry; costs nothing until the next repaint is due."""
        clock_s = monotonic()
        if not now and clock_s - self._painted_s < 1 / REFRESH_HZ:
            return
        self._painted_s = clock_s
        course = self._course
        since_s, ticks = self._mark
        if clock_s - since_s >= RATE_OVER_S or self._rate == 0.0:
            self._rate = (course.ticks - ticks) / max(clock_s - since_s, 1e-3)
            if clock_s - since_s >= RATE_OVER_S:
                self._mark = (clock_s, course.ticks)
        self._progress.update(
            self._task,
            total=course.n_ticks or None,
            completed=course.ticks,
            clock=f"{hms(course.ticks * course.tick_s)} of {hms(course.n_ticks * course.tick_s)}",
            rate=f"{self._rate:,.0f} ticks/s",
            state=course.status,
        )


class StepBar:
    """One line: what state something is in, how far it is, and words about it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("", total=None, state="queued", told="")

    def show(
        self,
        *,
        state: str | None = None,
        done: float | None = None,
        of: float | None = None,
        told: str | None = None,
    ) -> None:
        """What is known now; what is not given stays."""
        self._progress.update(self._bar, completed=done, total=of)
        if state is not None:
            self._progress.update(self._bar, state=state)
        if told is not None:
            self._progress.update(self._bar, told=told)


@contextmanager
def step_bar() -> Iterator[StepBar]:
    """A line on stderr while the context is open; nothing where stderr is no terminal."""
    console = terminal.err()
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[state]}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[told]}", markup=False),
        console=console,
    )
    bar = StepBar(progress)
    if not console.is_terminal or console.is_dumb_terminal:
        yield bar
        return
    with Live(progress, console=console, refresh_per_second=REFRESH_HZ):
        yield bar


@contextmanager
def run_bar(course: Course) -> Iterator[RunBar]:
    """A bar on stderr while the context is open; where stderr is no terminal, only what it is told to say."""
    console = terminal.err()
    bar = RunBar(console, course)
    if not console.is_terminal or console.is_dumb_terminal:
        yield bar
        return
    with Live(bar, console=console, refresh_per_second=REFRESH_HZ):
        yield bar
        bar.paint(now=True)


def figures(course: Course) -> str:
    """The voltage range now and so far with its places, and the power of all datacenters now."""
    told = []
    if course.newest:
        told.append(f"{course.newest[0]:.4f} .. {course.newest[1]:.4f} pu now")
    if course.lowest and course.highest:
        (low, low_at), (high, high_at) = course.lowest, course.highest
        told.append(f"{low:.4f} at {low_at} .. {high:.4f} at {high_at} so far")
    if course.power_w is not None:
        told.append(f"{course.power_w / 1e6:,.2f} MW")
    return ", ".join(told)
