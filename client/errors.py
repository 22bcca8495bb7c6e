"""The error tree of the client. Each message can be shown to a person as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ClientError(Exception):
    """Root of every error that this package raises on purpose."""


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
    """The service refused a request and said why (RFC 9457 problem document)."""

    def __init__(self, status: int, title: str, detail: str, errors: Sequence[FieldProblem] = ()) -> None:
        told = detail or title
        super().__init__("\n".join([told, *(f"  {error}" for error in errors if str(error) not in told)]))
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)


class StreamRefused(ClientError):
    """The service closed a stream with a code after which reconnecting is of no use."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the stream was closed: {reason} (code {code})")
        self.code = code
        self.reason = reason
