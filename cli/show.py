"""What a person sees while a run goes on: the progress bar, errors. Text from the service never acts as markup."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from .sessions import Course

REFRESH_HZ = 10.0
RATE_OVER_S = 1.0


def out() -> Console:
    return Console()


def err() -> Console:
    return Console(stderr=True)


def print_json(value: object) -> None:
    """One line of JSON on stdout."""
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.flush()


def print_error(message: str) -> None:
    console = err()
    console.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


class RunBar:
    """One line: simulated time, ticks per second, voltages so far."""

    def __init__(self, progress: Progress, course: Course) -> None:
        self._progress = progress
        self._course = course
        self._task = progress.add_task("run", total=None, clock="", rate="", volts="", state="queued")
        self._painted_s = 0.0
        self._mark = (monotonic(), 0)
        self._rate = 0.0

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
            volts=voltages(course),
            state=course.status,
        )


@contextmanager
def run_bar(course: Course) -> Iterator[RunBar]:
    """A bar on stderr while the context is open; nothing where stderr is no terminal."""
    console = err()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[state]}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[clock]}", markup=False),
        TextColumn("{task.fields[rate]}", markup=False),
        TextColumn("{task.fields[volts]}", markup=False),
    )
    with Progress(
        *columns, console=console, refresh_per_second=REFRESH_HZ, disable=not console.is_terminal
    ) as progress:
        bar = RunBar(progress, course)
        yield bar
        bar.paint(now=True)


def voltages(course: Course) -> str:
    """Both ends of the voltage range so far, with their places."""
    if course.lowest is None or course.highest is None:
        return ""
    (low, low_at), (high, high_at) = course.lowest, course.highest
    return f"{low:.4f} pu at {low_at} .. {high:.4f} pu at {high_at}"


def hms(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
