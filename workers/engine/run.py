"""A session child's whole life: build, step, publish, listen, end.

Decisions are made by plain classes (`Steering`, `Pacer`, `Batcher`); this is the loop around them. What belongs together is
published in one call: ticks with their events and controls, the answers to commands, the state after them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

import orjson
import structlog

from gridcast.broadcaster import BrokerUnavailable, Channel, Conflict, Fenced, LeaseLost, NoChannel, Settings
from gridcast.broadcaster.commands import START, Command
from gridcast.broadcaster.errors import UnansweredCommands
from gridcast.broadcaster.scripts import Arg
from gridcast.broadcaster.sessions import Status, command_entry, status_entry
from gridcast.scenarios import parse_config
from gridcast.workers.orders import Exit, Order

from .batch import Batcher
from .build import build
from .columns import Gatherer, Layout
from .digest import Digest
from .link import Drained, Link
from .pace import Pacer
from .reasons import reason_of
from .schema import schema, versions
from .simulation import Simulation
from .steer import Refused, Steering
from .summary import Summary
from .translate import ticks_entry

log = structlog.get_logger(__name__)

LOOK_S = 0.002
"""How often a run at full speed looks for commands: a look costs some 10 us."""
REST_S = 0.5
"""Longest sleep without a look at whether the child shall end."""
REPORT_S = 1.0

Last = Literal["completed", "stopped", "failed"]
Tell = Callable[[int, float, str | None], None]
"""Takes ticks done, seconds behind the pace, and last words: for the worker's eyes, not the viewers'."""


class Run:
    """One attempt at a session, from the first tick to the last status."""

    def __init__(
        self,
        order: Order,
        link: Link,
        *,
        draining: Callable[[], bool],
        tell: Tell,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._order = order
        self._link = link
        self._draining = draining
        self._tell = tell
        self._clock = clock
        self._steering = Steering(speed=order.record.get("speed", "max"))
        self._batcher = Batcher()
        self._digest = Digest()
        self._simulation: Simulation | None = None
        self._status: Status = "starting"
        self._answered = START
        self._tick = 0
        self._published = 0
        self._tick_s = 0.0
        self._look_at = 0.0
        self._report_at = 0.0
        self._outages = 0

    def run(self, settings: Settings) -> None:
        """Bring the session to `completed` or `stopped`.

        Raises:
            Drained: told to end; all ticks so far are published.
            Fenced, LeaseLost, NoChannel: the session is not ours any more.
            Exception: what went wrong in the simulation; `fail` says it to the viewers.
        """
        self._started_s = self._clock()
        config = parse_config(self._order.record["config"])
        self._tick_s = config.tick_s
        simulation = build(config, specs_dir=settings.specs_dir)
        simulation.coordinator.reset()
        simulation.coordinator.start()
        self._simulation = simulation
        self._gatherer = Gatherer(simulation, Layout.of(simulation))
        self._summary = Summary(simulation)
        self._pacer = Pacer(tick_s=config.tick_s, speed=self._steering.speed)
        self._announce(simulation)
        self._step_all(simulation, config.n_ticks)
        self._close("stopped" if self._steering.stopping else "completed")

    def fail(self, reason: str) -> None:
        """Publish what was computed and the last status, `failed`."""
        self._close("failed", reason)

    @property
    def tick(self) -> int:
        """Ticks done."""
        return self._tick

    @property
    def t_s(self) -> float:
        """Simulated time of the next tick."""
        return self._tick * self._tick_s

    def _announce(self, simulation: Simulation) -> None:
        now_s = time.time()
        entry = orjson.dumps(
            schema(
                simulation,
                session_id=self._order.session_id,
                scenario=self._order.record["scenario"],
                now_s=now_s,
            )
        )
        self._publish(
            [entry],
            meta={
                "schema": entry,
                "workload": simulation.workload,
                "versions": orjson.dumps(versions()),
                "n_ticks": simulation.config.n_ticks,
                "started": repr(now_s),
            },
        )

    def _step_all(self, simulation: Simulation, n_ticks: int) -> None:
        steering, pacer, batcher, clock = self._steering, self._pacer, self._batcher, self._clock
        step, add = simulation.coordinator.step, self._gatherer.add
        pacer.anchor(tick=0, now_s=clock())
        while True:
            now_s = clock()
            if now_s >= self._look_at:
                self._look(now_s)
            if steering.stopping or self._tick >= n_ticks:
                return
            if not steering.running:
                self._publish_if_changed()
                self._rest(REST_S)
                continue
            wait_s = pacer.wait_s(tick=self._tick, now_s=now_s)
            if wait_s > 0.0:
                self._publish_if_changed()
                self._rest(wait_s)
                continue
            add(step())
            self._tick += 1
            steering.ticked()
            if batcher.added(clock()):
                self._publish()

    def _rest(self, wait_s: float) -> None:
        """Sleep, or less long when somebody says something, and look around then."""
        self._link.wait(min(wait_s, REST_S))
        self._look_at = 0.0

    def _look(self, now_s: float) -> None:
        """Whatever is not stepping: shall we end, is the lease fresh, what do people want, how far are we."""
        self._look_at = now_s + LOOK_S
        if self._draining():
            self._publish_if_changed()
            raise Drained
        self._link.keep_lease()
        commands = self._link.new_commands(self._answered)
        if commands:
            self._carry_out(commands)
        if self._link.outages != self._outages:
            self._outages = self._link.outages
            self._pacer.anchor(tick=self._tick, now_s=self._clock())
        if now_s >= self._report_at:
            self._report_at = now_s + REPORT_S
            lag_s = self._pacer.lag_s(tick=self._tick, now_s=now_s) if self._steering.running else 0.0
            self._tell(self._tick, lag_s, None)

    def _carry_out(self, commands: Sequence[Command]) -> None:
        """Apply commands in the order in which Redis took them, before the next tick, and answer each."""
        steering = self._steering
        was_running, old_speed = steering.running, steering.speed
        answers: list[bytes] = []
        applied: list[bytes] = []
        for command in commands:
            try:
                steering.apply(command.command, command.args)
            except Refused as refused:
                answers.append(command_entry(command, tick=self._tick, error=str(refused)))
                continue
            answers.append(command_entry(command, tick=self._tick))
            applied.append(
                orjson.dumps(
                    {
                        "command_id": command.id,
                        "by": command.by,
                        "command": command.command,
                        "args": command.args,
                        "tick": self._tick,
                    }
                )
            )
        now_s = self._clock()
        if steering.speed != old_speed:
            self._pacer.set_speed(steering.speed, tick=self._tick, now_s=now_s)
        if steering.running and not was_running:
            self._pacer.anchor(tick=self._tick, now_s=now_s)
        self._answered = commands[-1].at
        self._publish(answers, meta={"answered": self._answered}, applied=applied)

    def _publish_if_changed(self) -> None:
        if len(self._gatherer) or self._status != self._present_status():
            self._publish()

    def _present_status(self) -> Status:
        if self._steering.stopping:
            return self._status
        return "running" if self._steering.running else "paused"

    def _publish(
        self,
        entries: Sequence[bytes] = (),
        *,
        meta: dict[str, Arg] | None = None,
        applied: Sequence[bytes] = (),
    ) -> None:
        """One call: the ticks gathered so far, `entries`, and the status if it changed."""
        sent, fields = self._with_ticks(entries, meta)
        status = self._present_status()
        if status != self._status:
            sent.append(self._status_entry(status))
            fields["status"] = status
            if status == "running":
                self._batcher.restart()
        self._link.publish(sent, meta=fields, applied=applied)
        self._status = status

    def _with_ticks(
        self, entries: Sequence[bytes], meta: dict[str, Arg] | None
    ) -> tuple[list[bytes], dict[str, Arg]]:
        sent = list(entries)
        fields = dict(meta or {})
        if self._simulation is not None and len(self._gatherer):
            block = self._gatherer.take()
            ticks = ticks_entry(block)
            self._digest.update(block)
            self._summary.add(block)
            self._published = block.first + len(block)
            self._batcher.sent()
            sent.insert(0, ticks)
            fields |= {"tick": self._published, "digest": self._digest.hex()}
        return sent, fields

    def _status_entry(self, status: Status, reason: str | None = None) -> bytes:
        return status_entry(status, tick=self._published, attempt=self._order.attempt, reason=reason)

    def _close(self, status: Last, reason: str | None = None) -> None:
        """Publish the last ticks, the summary and the last status, once no command waits for its answer."""
        ticks, fields = self._with_ticks([], None)
        summary = None if status == "failed" else self._summary_entry()
        while True:
            waiting = self._link.insisted_commands(self._answered)
            if waiting:
                self._answered = waiting[-1].at
            sent = ticks + [
                command_entry(command, tick=self._published, error=f"the session is {status}")
                for command in waiting
            ]
            now_s = time.time()
            fields |= {"status": status, "ended": repr(now_s), "answered": self._answered}
            if summary is not None:
                fields["summary"] = summary
                sent.append(summary)
            if reason is not None:
                fields["reason"] = reason
            sent.append(self._status_entry(status, reason))
            try:
                self._link.publish(sent, meta=fields, closing=self._answered)
            except UnansweredCommands:
                continue
            self._link.release()
            return

    def _summary_entry(self) -> bytes:
        wall_s = self._clock() - self._started_s
        return orjson.dumps(
            {
                "type": "summary",
                "ts": time.time(),
                "metrics": self._summary.metrics(),
                "digest": self._digest.hex(),
                "wall_s": round(wall_s, 4),
                "ticks": self._tick,
                "ticks_per_s": round(self._tick / wall_s, 1) if wall_s > 0 else None,
            }
        )


def host(order: Order, settings: Settings, *, draining: Callable[[], bool], tell: Tell) -> Exit:
    """Host one attempt at a session in this process, which must have done nothing with OpenDSS before."""
    words = log.bind(session=order.session_id, attempt=order.attempt)
    link = Link(
        settings,
        channel=Channel.session(order.session_id),
        token=order.token,
        owner=order.owner,
        draining=draining,
    )
    run = Run(order, link, draining=draining, tell=tell)
    try:
        link.open()
        try:
            run.run(settings)
        except (Drained, Fenced, LeaseLost, NoChannel, Conflict, BrokerUnavailable):
            raise
        except Exception as error:  # noqa: BLE001  # outermost frame of the simulation: viewers are told, the log has the rest
            reason = reason_of(error, tick=run.tick, t_s=run.t_s)
            words.exception("session_failed", reason=reason)
            tell(run.tick, 0.0, reason)
            run.fail(reason)
        return Exit.DONE
    except (Fenced, LeaseLost, NoChannel) as error:
        words.info("session_lost", why=str(error))
        return Exit.LOST
    except Drained:
        return Exit.DRAINED
    except Conflict as error:
        tell(
            run.tick,
            0.0,
            f"the broker lost a part of the session's log ({error}); it was restarted or restored without its newest data",
        )
        return Exit.CONFLICT
    finally:
        link.close()
