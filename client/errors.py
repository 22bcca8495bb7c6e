"""The error tree of the client. Each message can be shown to a person as it is.

ClientError
  NoService         nothing says where the service is
  Unreachable       nobody answers there; the same call may succeed later
  Problem           the service refused a request, and said why
    CommandRejected   the session itself refused a command
  StreamRefused     the service closed a stream for good
  RunFailed         a run ended without a summary that could be waited for
  TaskFailed        a tuning task ended without a best experiment
  OperationFailed   an operation ended without a result
  MissingLibrary    pandas is needed, and is not installed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .types import JSON


class ClientError(Exception):
    """Root of every error that this package raises on purpose."""


class NoService(ClientError):
    """Neither an argument, nor the environment, nor this folder names a service."""

    def __init__(self) -> None:
        super().__init__(
            "no service: give its address (Client('http://HOST:PORT')), set GRIDCAST_URL, or start `gridcast up` in this "
            "folder"
        )


class Unreachable(ClientError):
    """Nobody answers at this address, or the connection broke; the same call may succeed later."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no Gridcast service answers at {url}: {reason}")
        self.url = url
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a request; `loc` is its dotted path."""

    loc: str
    msg: str

    def __str__(self) -> str:
        return f"{self.loc}: {self.msg}" if self.loc else self.msg


class Problem(ClientError):
    """The service refused a request and said why (RFC 9457 problem document).

    `facts`: members of the document that only its kind has, such as the ticks that are `available` where others are gone.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[FieldProblem] = (),
        *,
        facts: Mapping[str, JSON] | None = None,
    ) -> None:
        told = detail or title
        super().__init__("\n".join([told, *(f"  {error}" for error in errors if str(error) not in told)]))
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.facts = dict(facts or {})


class CommandRejected(Problem):
    """The session looked at a command and refused it; nothing was changed. `detail` is its reason."""


class StreamRefused(ClientError):
    """The service closed a stream with a code after which reconnecting is of no use."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the stream was closed: {reason} (code {code})")
        self.code = code
        self.reason = reason


class RunFailed(ClientError):
    """A run ended as `failed`, or was stopped before its first tick: it has no summary."""

    def __init__(self, session_id: str, status: str, tick: int, reason: str | None) -> None:
        why = f": {reason}" if reason else ""
        super().__init__(f"the run {session_id} {status} at tick {tick}{why}")
        self.session_id = session_id
        self.status = status
        self.tick = tick
        self.reason = reason


class TaskFailed(ClientError):
    """A tuning task ended as `failed`."""

    def __init__(self, task_id: str, reason: str) -> None:
        super().__init__(f"the task {task_id} failed: {reason}")
        self.task_id = task_id
        self.reason = reason


class OperationFailed(ClientError):
    """An operation ended as `failed` or `cancelled`: it has no result."""

    def __init__(self, operation_id: str, status: str, reason: str | None) -> None:
        why = f": {reason}" if reason else ""
        super().__init__(f"the operation {operation_id} {_BECAME.get(status, status)}{why}")
        self.operation_id = operation_id
        self.status = status
        self.reason = reason


_BECAME = {"cancelled": "was cancelled"}


class MissingLibrary(ClientError, ImportError):
    """A library that only some functions need is not installed."""

    def __init__(self, library: str) -> None:
        super().__init__(f"this needs {library}, which is not installed: pip install 'gridcast[data]'")
        self.library = library
