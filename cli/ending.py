"""How every command ends: its work is done, errors are told, and the exit code says who is to act."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import NoReturn

import typer

from .exits import CliError, Exit


def finish(work: Callable[[], Coroutine[None, None, Exit]]) -> NoReturn:
    """Do the work and end with the exit code that its outcome deserves."""
    finish_now(lambda: asyncio.run(_interruptible(work())))


async def _interruptible(work: Coroutine[None, None, Exit]) -> Exit:
    """SIGTERM interrupts the work as Ctrl-C does, so that it cleans up; `up` hears both by itself."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def finish_now(work: Callable[[], Exit]) -> NoReturn:
    """`finish` for work that is not asynchronous."""
    from gridcast.client import ClientError, Problem

    from .terminal import print_error

    try:
        code = work()
    except CliError as error:
        print_error(str(error))
        code = error.code
    except ClientError as error:
        print_error(str(error))
        code = _refusal(error.status) if isinstance(error, Problem) else Exit.UNREACHABLE
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = Exit.INTERRUPTED
    except BrokenPipeError:  # the reader of stdout has gone; nothing is left to tell it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = Exit.FAILED
    raise typer.Exit(int(code))


def _refusal(status: int) -> Exit:
    """What an HTTP status says about who is to act."""
    if status in (400, 404, 413, 422):
        return Exit.BAD_INPUT
    if status in (502, 503, 504):
        return Exit.UNREACHABLE
    return Exit.REFUSED if status < 500 else Exit.FAILED
