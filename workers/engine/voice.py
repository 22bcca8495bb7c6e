"""What a run tells: ticks, answers and states, each in one call with whatever belongs to it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import orjson

from gridcast.broadcaster.commands import START, Command
from gridcast.broadcaster.errors import UnansweredCommands
from gridcast.broadcaster.scripts import Arg
from gridcast.broadcaster.sessions import Status, command_entry, status_entry
from gridcast.broadcaster.totals import TOTALS
from gridcast.recordings.chunks import Chunk
from gridcast.workers.marks import FIRST_PUBLISH, marked

from .batch import Batcher
from .columns import Block, Gatherer, Layout, Output
from .digest import Digest
from .link import Link
from .recorder import Recorder
from .simulation import Simulation
from .summary import Summary
from .translate import ticks_entry

Last = Literal["completed", "stopped", "failed"]


class Voice:
    """Gathers ticks and publishes them; keeps the digest and the summary of all it was given.

    The recorder gets what the broker has acknowledged, and has its finished chunks listed by the calls that are made anyway.
    """

    def __init__(self, link: Link, recorder: Recorder, *, attempt: int) -> None:
        self._link = link
        self._recorder = recorder
        self._attempt = attempt
        self._batcher = Batcher()
        self._digest = Digest()
        self._gatherer: Gatherer | None = None
        self._summary: Summary | None = None
        self._told = 0
        self._finished: list[Chunk] = []
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
        """Whether everything gathered was told, and everything recorded listed."""
        self._finished += self._recorder.finished()
        return not self._gatherer and not self._finished

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
        self._recorder.take(block, digest=self.digest, head=0, size_bytes=0)

    def tell(
        self,
        entries: Sequence[bytes] = (),
        *,
        status: Status,
        reason: str | None = None,
        meta: Mapping[str, Arg] | None = None,
        applied: Sequence[bytes] = (),
    ) -> None:
        """One call: the ticks gathered so far, `entries`, the status if it changed, the chunks recorded meanwhile."""
        block, sent, fields = self._ticks()
        sent += entries
        fields |= dict(meta or {})
        chunks, self._finished = self._finished + self._recorder.finished(), []
        if chunks:
            fields["recorded"] = self._recorder.recorded_bytes
        if status != self.status:
            sent.append(self._status_entry(status, reason))
            fields["status"] = status
            if status == "running":
                self._batcher.restart()
        with contextlib.nullcontext() if block is None else marked(FIRST_PUBLISH):
            head = self._link.publish(
                sent, meta=fields, applied=applied, chunks=[chunk.encode() for chunk in chunks]
            )
        self.status = status
        if block is not None:
            TOTALS.ticks += len(block)
            self._recorder.take(block, digest=self.digest, head=head - len(sent) + 1, size_bytes=len(sent[0]))

    def last_words(
        self, status: Last, *, reason: str | None, summary: Callable[[dict[str, Any]], Any] | None
    ) -> None:
        """Complete log and recording, then in one call answer each waiting command and tell the summary and the last status;
        then the lease is given up.

        `summary` makes the summary from `{metrics, digest, ticks}`.
        """
        if not self.silent:
            self.tell(status=self.status)
        lacking = self._recorder.finish(self._link.keep_lease)
        if not self.silent:
            self.tell(status=self.status)
        if lacking is not None:
            reason = lacking if reason is None else f"{reason}; {lacking}"
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
            sent = list(answers)
            now_s = time.time()
            fields: dict[str, Arg] = {"status": status, "ended": repr(now_s), "answered": answered}
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

    def _ticks(self) -> tuple[Block | None, list[bytes], dict[str, Arg]]:
        """The ticks gathered so far, if any, their entry, and the state after them."""
        if not self._gatherer:
            return None, [], {}
        assert self._summary is not None
        block = self._gatherer.take()
        entry = ticks_entry(block)
        self._digest.update(block)
        self._summary.add(block)
        self._told = block.first + len(block)
        self._batcher.sent()
        return block, [entry], {"tick": self._told, "digest": self.digest}

    def _status_entry(self, status: Status, reason: str | None) -> bytes:
        return status_entry(status, tick=self._told, attempt=self._attempt, reason=reason)
