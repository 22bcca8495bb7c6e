"""What a run tells: ticks, answers and states, each in one call with whatever belongs to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import orjson

from gridcast.broadcaster.commands import START, Command
from gridcast.broadcaster.errors import UnansweredCommands
from gridcast.broadcaster.scripts import Arg
from gridcast.broadcaster.sessions import Status, command_entry, status_entry

from .batch import Batcher
from .columns import Gatherer, Layout, Output
from .digest import Digest
from .link import Link
from .simulation import Simulation
from .summary import Summary
from .translate import ticks_entry

Last = Literal["completed", "stopped", "failed"]


class Voice:
    """Gathers ticks and publishes them; keeps the digest and the summary of all it was given."""

    def __init__(self, link: Link, *, attempt: int) -> None:
        self._link = link
        self._attempt = attempt
        self._batcher = Batcher()
        self._digest = Digest()
        self._gatherer: Gatherer | None = None
        self._summary: Summary | None = None
        self._told = 0
        self.status: Status = "starting"
        self.answered = START

    def begin(self, simulation: Simulation) -> Gatherer:
        """The simulation has started; answers with what gathers its ticks."""
        self._gatherer = Gatherer(simulation, Layout.of(simulation))
        self._summary = Summary(simulation)
        return self._gatherer

    @property
    def digest(self) -> str:
        """Digest of all ticks told or taken in silence."""
        return self._digest.hex()

    @property
    def silent(self) -> bool:
        """Whether everything gathered was told."""
        return not self._gatherer

    def gathered(self, output: Output, now_s: float) -> bool:
        """Take one tick; true when it is time to tell."""
        assert self._gatherer is not None
        self._gatherer.add(output)
        return self._batcher.added(now_s)

    def take_in_silence(self) -> None:
        """Take what was gathered as told: it is in the log already."""
        assert self._gatherer is not None
        assert self._summary is not None
        if not self._gatherer:
            return
        block = self._gatherer.take()
        self._digest.update(block)
        self._summary.add(block)
        self._told = block.first + len(block)
        self._batcher.sent()

    def tell(
        self,
        entries: Sequence[bytes] = (),
        *,
        status: Status,
        reason: str | None = None,
        meta: Mapping[str, Arg] | None = None,
        applied: Sequence[bytes] = (),
    ) -> None:
        """One call: the ticks gathered so far, `entries`, and the status if it changed."""
        sent, fields = self._ticks()
        sent += entries
        fields |= dict(meta or {})
        if status != self.status:
            sent.append(self._status_entry(status, reason))
            fields["status"] = status
            if status == "running":
                self._batcher.restart()
        self._link.publish(sent, meta=fields, applied=applied)
        self.status = status

    def last_words(
        self, status: Last, *, reason: str | None, summary: Callable[[dict[str, Any]], Any] | None
    ) -> None:
        """The last ticks, an answer to each waiting command, the summary and the last status; then the lease is given up.

        `summary` makes the summary from `{metrics, digest, ticks}`.
        """
        ticks, fields = self._ticks()
        told = None
        if summary is not None and self._summary is not None:
            done = summary({"metrics": self._summary.metrics(), "digest": self.digest, "ticks": self._told})
            told = orjson.dumps({"type": "summary", "ts": time.time(), **done})
        while True:
            waiting: list[Command] = self._link.insisted_commands(self.answered)
            answered = waiting[-1].at if waiting else self.answered
            answers = [
                command_entry(command, tick=self._told, error=f"the session is {status}")
                for command in waiting
            ]
            sent = [*ticks, *answers]
            now_s = time.time()
            fields |= {"status": status, "ended": repr(now_s), "answered": answered}
            if told is not None:
                fields["summary"] = told
                sent.append(told)
            if reason is not None:
                fields["reason"] = reason
            sent.append(self._status_entry(status, reason))
            try:
                self._link.publish(sent, meta=fields, closing=answered)
            except UnansweredCommands:
                # Close the door first: who commands from now on is told that the session has ended.
                self._link.publish([], meta={"ended": repr(time.time())})
                continue
            self._link.release()
            return

    def _ticks(self) -> tuple[list[bytes], dict[str, Arg]]:
        """The entry of the ticks gathered so far, if any, and the state after them."""
        if not self._gatherer:
            return [], {}
        assert self._summary is not None
        block = self._gatherer.take()
        entry = ticks_entry(block)
        self._digest.update(block)
        self._summary.add(block)
        self._told = block.first + len(block)
        self._batcher.sent()
        return [entry], {"tick": self._told, "digest": self.digest}

    def _status_entry(self, status: Status, reason: str | None) -> bytes:
        return status_entry(status, tick=self._told, attempt=self._attempt, reason=reason)
