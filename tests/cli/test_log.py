"""The log of `up` never stops those who write to it."""

from __future__ import annotations

import io
import threading

from gridcast.cli.log import MOST_LINES, TerminalLog
from tests.waiting import until


class Stopped(io.StringIO):
    """A terminal that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.released.wait()
        return super().write(text)


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    def write(self, text: str) -> int:
        self.tries += 1
        raise BrokenPipeError


def test_each_line_stands_under_its_process_in_its_colour() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    for stream, colour in ((plain, False), (coloured, True)):
        with TerminalLog(stream, colour=colour) as log:
            log.line("worker-1", "one")
            log.line("api", "two")
    assert plain.getvalue() == "worker-1| one\napi     | two\n"
    assert coloured.getvalue() == "\x1b[32mworker-1|\x1b[0m one\n\x1b[36mapi     |\x1b[0m two\n"


async def test_lines_that_nobody_reads_are_dropped_and_counted() -> None:
    terminal = Stopped()
    with TerminalLog(terminal, colour=False) as log:
        for number in range(MOST_LINES + 50):
            log.line("api", str(number))
        terminal.released.set()
        await until(lambda: f"| {MOST_LINES - 1}\n" in terminal.getvalue())
        log.line("api", "awake")
    text = terminal.getvalue()
    assert text.endswith("api     | awake\n")
    [dropped] = [line for line in text.splitlines() if "were dropped" in line]
    kept = text.count("api     |") - 1
    assert f" {MOST_LINES + 50 - kept} lines" in dropped


async def test_a_reader_that_has_gone_is_no_error() -> None:
    pipe = Closed()
    with TerminalLog(pipe, colour=False) as log:
        for _ in range(3):
            log.line("api", "x")
        await until(lambda: pipe.tries == 3)
