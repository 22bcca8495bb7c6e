"""What a child's end means for its session or simulation: pure, from wait status and last words."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from .orders import Exit, Kind

_SIGNAL_HINTS = {
    signal.SIGKILL: "Most often the system is out of memory; run fewer sessions at once (--slots), or give it more",
    signal.SIGSEGV: "This is a fault in native code, such as the power flow solver",
    signal.SIGABRT: "This is a fault in native code, such as the power flow solver",
    signal.SIGBUS: "This is a fault in native code, or the disk is full",
    signal.SIGXCPU: "It used up the CPU time that the system allows",
}


_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
"""Signals that somebody else sends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a child ended. `settled`: nothing is left to do. `own_fault`: it would count against the session."""

    settled: bool = False
    own_fault: bool = False
    reason: str | None = None


def ending(status: int, *, tick: int, last_words: str | None, of: Kind = "session") -> Ending:
    """What a child's wait status says; `tick` is the last progress that it told, `reason` why, where it was not asked to."""
    if os.WIFSIGNALED(status):
        number = signal.Signals(os.WTERMSIG(status))
        hint = _SIGNAL_HINTS.get(number, "Somebody or something on its machine ended it")
        return Ending(
            own_fault=number not in _OUTSIDE,
            reason=f"the {of}'s process was ended by {number.name} near tick {tick}. {hint}.",
        )
    code = os.WEXITSTATUS(status)
    if code in (Exit.DONE, Exit.LOST, Exit.DELETED):
        return Ending(settled=True)
    if code in (Exit.DRAINED, Exit.CONFLICT):
        return Ending(reason=last_words)
    return Ending(
        own_fault=True,
        reason=last_words
        or f"the {of}'s process ended by itself with exit code {code} near tick {tick}. "
        "This is a fault of Gridcast or OpenG2G; the worker's log has the details.",
    )
