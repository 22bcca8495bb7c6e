"""A tuning task without `await`."""

from __future__ import annotations

from collections.abc import Generator

from .background import Background
from .task import AsyncTask, Experiment, ExperimentStatus, TaskEvent, TaskInfo


class Task:
    """A task of a service; made by `Client.tune`. Its methods are those of `AsyncTask`, and raise the same."""

    def __init__(self, task: AsyncTask, background: Background) -> None:
        self.id = task.id
        self._task = task
        self._background = background

    def __repr__(self) -> str:
        return repr(self._task).replace("AsyncTask", "Task")

    def info(self) -> TaskInfo:
        """What the service knows about it now."""
        return self._background.call(self._task.info())

    def events(self, *, since: int = 0) -> Generator[TaskEvent]:
        """Everything that happens in it after offset `since`, those that are past first, until it is over."""
        return self._background.iterate(self._task.events(since=since))

    def experiments(
        self, *, status: ExperimentStatus | None = None, sort: str | None = None
    ) -> list[Experiment]:
        """In the order in which they ended, those under way last. See `AsyncTask.experiments`."""
        return self._background.call(self._task.experiments(status=status, sort=sort))

    def best(self) -> Experiment:
        """The best so far, with the `overrides` and `seed` that make a session of it."""
        return self._background.call(self._task.best())

    def cancel(self) -> TaskInfo:
        """End it with what it has found. See `AsyncTask.cancel`."""
        return self._background.call(self._task.cancel())

    def resume(self) -> TaskInfo:
        """Go on, after it was cancelled, or failed with experiments left to do."""
        return self._background.call(self._task.resume())

    def wait(self) -> TaskInfo:
        """Wait for its end. See `AsyncTask.wait`."""
        return self._background.call(self._task.wait())

    def delete(self) -> None:
        """End it, and delete all that is known of it, for good."""
        self._background.call(self._task.delete())
