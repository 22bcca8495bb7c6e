"""One operation: follow it, read what it found, end it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar, cast

from .ending import until_over
from .errors import OperationFailed
from .follow import follow
from .found import result_of
from .operations import Op
from .patience import patiently
from .results import Result
from .service import Service
from .types import JSON, known

OperationStatus: TypeAlias = Literal["queued", "running", "recovering", "completed", "failed", "cancelled"]
OPERATION_OVER: Final[frozenset[str]] = frozenset({"completed", "failed", "cancelled"})

R_co = TypeVar("R_co", bound=Result, covariant=True)
"""What the operation finds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far an operation is: `step` of `steps` simulations are over; `pct` (0 to 100) never goes back.

    `msg` is for people; `eta_s` the wall time that is left (s), where it can be told; `point` what has just come: an item
    of the result, with its `part`.
    """

    step: int
    steps: int
    pct: float
    msg: str
    eta_s: float | None = None
    point: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationInfo:
    """An operation as it was when it was asked for. `cached` of its `simulations` were known already."""

    id: str
    op: Op
    title: str
    config: Mapping[str, JSON]
    status: OperationStatus
    progress: Progress
    simulations: int
    cached: int
    created: float
    url: str
    attempt: int = 1
    reason: str | None = None
    started: float | None = None
    ended: float | None = None

    @property
    def over(self) -> bool:
        """It has completed, failed, or was cancelled."""
        return self.status in OPERATION_OVER


class AsyncOperation(Generic[R_co]):
    """An operation of a service; made by `AsyncClient.characterize`, `heatmap` and `scan`.

    Raises (each method):
        Unreachable: nobody answered. `progress` and `result` try again for the client's `give_up_s` first.
        Problem: the service refused, and said why.
    """

    def __init__(self, service: Service, operation_id: str, *, give_up_s: float) -> None:
        self.id = operation_id
        self._service = service
        self._give_up_s = give_up_s

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} at {self._service.url}>"

    async def refresh(self) -> OperationInfo:
        """What the service knows about it now."""
        return info_of(await self._service.operations.get(self.id))

    async def progress(self) -> AsyncGenerator[Progress]:
        """Each step once and in order, those that are past first, until it is over; over lost connections.

        How it ended is told by `result`. Leaving the loop does not end the operation; `cancel` does.
        """
        followed = follow(
            self._service.url,
            self.id,
            kind="operations",
            give_up_s=self._give_up_s,
            headers=self._service.headers,
        )
        async with aclosing(followed) as entries:
            async for entry in entries:
                if entry["type"] == "progress":
                    yield known(Progress, entry)

    async def result(self, *, timeout_s: float | None = None) -> R_co:
        """Wait for its end; what it found.

        Raises:
            OperationFailed: it failed or was cancelled; the message says why.
            TimeoutError: it took longer than `timeout_s` (s of wall time); it goes on.
        """
        async with asyncio.timeout(timeout_s):
            info = await until_over(self.refresh, self.progress, self._give_up_s)
            if info.status != "completed":
                raise OperationFailed(self.id, info.status, info.reason)
            document = await patiently(lambda: self._service.operations.get(self.id), self._give_up_s)
        found = document.get("result")
        if not isinstance(found, dict):
            raise OperationFailed(self.id, info.status, "its result is not kept any more")
        return cast("R_co", result_of(found))

    async def cancel(self) -> OperationInfo:
        """End it without a result; returns when it is asked for. Simulations that are over stay known."""
        return info_of(await self._service.operations.cancel(self.id))

    async def delete(self) -> None:
        """End it, and delete all that is known of it, for good."""
        await self._service.operations.delete(self.id)


def info_of(document: Mapping[str, Any]) -> OperationInfo:
    """An operation object of the protocol."""
    return known(OperationInfo, document, progress=known(Progress, document["progress"]))
