"""How a command ends: the exit codes that scripts rely on, and the error that carries one."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every `gridcast` command."""

    OK = 0
    FAILED = 1
    """The run, the check or a process that is needed failed."""
    BAD_INPUT = 2
    """The command line, the scenario or an override is not valid."""
    UNREACHABLE = 3
    """The service or the broker does not answer."""
    REFUSED = 4
    """The service or this folder's state does not allow it, such as a second `up`."""
    INTERRUPTED = 130
    """Ctrl-C (or SIGTERM while something was being followed)."""


class CliError(Exception):
    """Ends the command with `code`; the message is shown to the person as it is."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code
