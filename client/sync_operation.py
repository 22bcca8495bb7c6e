"""An operation without `await`."""

from __future__ import annotations

from collections.abc import Generator
from typing import Generic

from .background import Background
from .operation import AsyncOperation, OperationInfo, Progress, R_co


class Operation(Generic[R_co]):
    """An operation of a service; made by `Client.characterize`, `heatmap` and `scan`. Its methods are those of
    `AsyncOperation`, and raise the same."""

    def __init__(self, operation: AsyncOperation[R_co], background: Background) -> None:
        self.id = operation.id
        self._operation = operation
        self._background = background

    def __repr__(self) -> str:
        return repr(self._operation).replace("AsyncOperation", "Operation")

    def refresh(self) -> OperationInfo:
        """What the service knows about it now."""
        return self._background.call(self._operation.refresh())

    def progress(self) -> Generator[Progress]:
        """Each step once and in order, those that are past first, until it is over. See `AsyncOperation.progress`."""
        return self._background.iterate(self._operation.progress())

    def result(self, *, timeout_s: float | None = None) -> R_co:
        """Wait for its end; what it found. See `AsyncOperation.result`."""
        return self._background.call(self._operation.result(timeout_s=timeout_s))

    def cancel(self) -> OperationInfo:
        """End it without a result. See `AsyncOperation.cancel`."""
        return self._background.call(self._operation.cancel())

    def delete(self) -> None:
        """End it, and delete all that is known of it, for good."""
        self._background.call(self._operation.delete())
