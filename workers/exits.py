"""What a child's end means for its session: pure, from wait status and last words."""

from __future__ import annotations

import os
import signal

from .orders import Exit

_QUIET = (Exit.DONE, Exit.LOST, Exit.DRAINED)

_SIGNAL_HINTS = {
    signal.SIGKILL: "Most often the system is out of memory; run fewer sessions at once (--slots), or give it more",
    signal.SIGSEGV: "This is a fault in native code, such as the power flow solver",
    signal.SIGABRT: "This is a fault in native code, such as the power flow solver",
    signal.SIGBUS: "This is a fault in native code, or the disk is full",
    signal.SIGXCPU: "It used up the CPU time that the system allows",
}


def failure(status: int, *, tick: int, last_words: str | None) -> str | None:
    """Why the session of a child that ended with wait status `status` failed; `None` if it did not.

    `tick` is the last progress that the child told.
    """
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        hint = _SIGNAL_HINTS.get(signal.Signals(number), "Somebody or something on its machine ended it")
        name = signal.Signals(number).name
        return f"the session's process was ended by {name} near tick {tick}. {hint}, then run it again."
    code = os.WEXITSTATUS(status)
    if code in _QUIET:
        return None
    if last_words:
        return last_words
    return (
        f"the session's process ended by itself with exit code {code} near tick {tick}. "
        "This is a fault of Gridcast or OpenG2G; the worker's log has the details."
    )


def drained(status: int) -> bool:
    """Whether the child ended because it was told to, with its session not over."""
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == Exit.DRAINED
