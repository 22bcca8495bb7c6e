"""A session child's whole life: build, catch up with what was done before, step, listen, end.

Decisions are made by plain classes (`Steering`, `Pacer`, `Batcher`, `IdleWatch`); this is the loop around them. What
people see of it goes through `Voice`, what they want comes in through `Helm`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import orjson
import structlog
from openg2g.events import SimEvent

from gridcast.broadcaster import BrokerUnavailable, Channel, Conflict, Fenced, LeaseLost, NoChannel, Settings
from gridcast.broadcaster.audit import record_of
from gridcast.broadcaster.commands import Command
from gridcast.broadcaster.origin import words
from gridcast.broadcaster.scripts import Arg
from gridcast.broadcaster.sessions import Status, command_entry
from gridcast.broadcaster.workers import RecordingState
from gridcast.scenarios import parse_config
from gridcast.workers.marks import BUILD, marked
from gridcast.workers.orders import Exit, Order
from gridcast.workers.versions import other, versions

from .build import build
from .errors import CannotContinue
from .helm import Helm
from .idle import BY as ON_IDLE
from .idle import IdleWatch
from .link import Drained, Link
from .pace import Pacer
from .past import Deed, Deeds, Past
from .provenance import workload_hash
from .reasons import reason_of
from .recorder import Recorder
from .schema import schema
from .simulation import Simulation
from .steer import Refused, Steering
from .voice import Voice

log = structlog.get_logger(__name__)

LOOK_S = 0.002
"""How often a run at full speed looks around: a look costs some 10 us. Commands are noticed before every tick."""
REST_S = 0.5
"""Longest sleep without a look at whether the child shall end."""
REPORT_S = 1.0
IDLE_LOOK_S = 1.0
CATCH_UP_TICKS = 256
"""How many ticks are re-simulated between two looks."""
LAG_TOLD_S = 5.0
"""How often a session that cannot keep its pace says so."""
TURNS = frozenset({"pause", "resume", "step", "run_until"})
"""Commands with which a person takes over whether the session runs."""
LAG_S = 0.5
"""Lag below this is the noise of a busy machine."""

Tell = Callable[[int, float, str | None, RecordingState], None]
"""Takes ticks done, seconds behind the pace, last words, and whether all is recorded: for the worker, not the viewers."""


class Run:
    """One attempt at a session, from the first tick (of this attempt) to the last status."""

    def __init__(
        self,
        order: Order,
        link: Link,
        recorder: Recorder,
        *,
        draining: Callable[[], bool],
        tell: Tell,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._order = order
        self._link = link
        self._draining = draining
        self._tell = tell
        self._settings = settings
        self._clock = clock
        record = order.record
        self._steering = Steering(speed=record.get("speed", "max"))
        self._recorder = recorder
        self._voice = Voice(link, recorder, attempt=order.attempt)
        self._idle = IdleWatch(record.get("on_idle", "continue"), grace_s=settings.idle_grace_s)
        self._script = Deeds()
        parent = record.get("parent") or {}
        self._shared_ticks = int(parent.get("tick", 0))
        self._tick = 0
        self._followed = -1
        self._tick_s = 0.0
        self._look_at = 0.0
        self._report_at = 0.0
        self._idle_at = 0.0
        self._lag_at = 0.0
        self._outages = 0
        self._why: str | None = None

    def run(self) -> None:
        """Bring the session to `completed` or `stopped`.

        Raises:
            Drained: told to end; all ticks so far are published.
            Fenced, LeaseLost, NoChannel: the session is not ours any more.
            Exception: what went wrong in the simulation; `fail` says it to the viewers.
        """
        self._started_s = time.time()
        past = self._link.past()
        if past.started_s is not None:
            self._started_s = past.started_s
        self._voice.answered = past.answered
        self._script = Deeds(past.script)
        self._followed = past.followed
        config = parse_config(self._order.record["config"])
        self._tick_s = config.tick_s
        with marked(BUILD):
            simulation = build(config, specs_dir=self._settings.specs_dir)
            simulation.coordinator.reset()
            simulation.coordinator.start()
        self._gatherer = self._voice.begin(simulation)
        self._helm = Helm(simulation, self._steering, self._gatherer)
        self._pacer = Pacer(tick_s=config.tick_s, speed=self._steering.speed)
        if past.announced:
            self._check_provenance(simulation, past.versions, past.workload_hash)
            self._record(simulation, past, past.schema or {})
        else:
            if parent := self._order.record.get("provenance"):
                self._check_provenance(simulation, parent["versions"], parent["workload_hash"])
            self._record(simulation, past, self._announce(simulation))
        if past.announced or past.applied:
            self._catch_up(simulation, past)
        self._step_all(simulation, config.n_ticks)
        self._voice.last_words(
            "stopped" if self._steering.stopping else "completed", reason=self._why, summary=self._summarised
        )

    def fail(self, reason: str) -> None:
        """Publish what was computed and the last status, `failed`."""
        self._voice.last_words("failed", reason=reason, summary=None)

    @property
    def tick(self) -> int:
        """Ticks done."""
        return self._tick

    @property
    def t_s(self) -> float:
        """Simulated time of the next tick."""
        return self._tick * self._tick_s

    def _record(self, simulation: Simulation, past: Past, told: Mapping[str, Any]) -> None:
        """Begin to record; `told` is the schema."""
        self._recorder.begin(
            told,
            epoch=past.epoch,
            versions=versions(),
            workload_hash=workload_hash(simulation, self._settings.specs_dir),
            listed=past.chunks,
        )

    def _announce(self, simulation: Simulation) -> Mapping[str, Any]:
        """Tell what the numbers will mean."""
        now_s = time.time()
        told = schema(
            simulation,
            session_id=self._order.id,
            scenario=self._order.record["scenario"],
            now_s=now_s,
        )
        entry = orjson.dumps(told)
        self._voice.tell(
            [entry],
            status=self._present_status(),
            meta={
                "schema": entry,
                "workload": simulation.workload,
                "workload_hash": workload_hash(simulation, self._settings.specs_dir),
                "versions": orjson.dumps(versions()),
                "n_ticks": told["n_ticks"],
                "started": repr(now_s),
            },
        )
        return told

    def _check_provenance(
        self, simulation: Simulation, began_with: Mapping[str, str] | None, began_on: str | None
    ) -> None:
        """Go on only with the figures and the versions with which the run (or the one it is forked from) began."""
        changed = other(began_with or {})
        if changed:
            raise CannotContinue(f"it began with {', '.join(changed)}, so this worker's results would differ")
        if began_on is not None and began_on != workload_hash(simulation, self._settings.specs_dir):
            raise CannotContinue("it began on other workload figures than this worker has")

    def _catch_up(self, simulation: Simulation, past: Past) -> None:
        """Do again in silence what is in the log: the same ticks with the same commands, proven by the digest."""
        self._voice.status = "recovering"
        applied = Deeds(past.applied)
        coordinator, steering, clock = simulation.coordinator, self._steering, self._clock
        while self._tick < past.tick:
            self._do_again(applied.at(self._tick))
            output = coordinator.step()
            self._voice.gathered(output, clock())
            self._ticked(simulation, output)
            if self._recorder.boundary(self._tick):
                self._voice.take_in_silence()
            if self._tick % CATCH_UP_TICKS == 0:
                self._voice.take_in_silence()
                self._link.keep_lease()
                if self._draining():
                    raise Drained
        self._voice.take_in_silence()
        if past.digest is not None and self._voice.digest != past.digest:
            raise CannotContinue(
                f"its first {past.tick} ticks, computed again, are not what the log says: "
                f"digest {self._voice.digest[:16]}, not {past.digest[:16]}"
            )
        self._do_again(applied.at(self._tick))
        turns = [(deed.by, deed.command) for deed in past.applied if deed.command in TURNS]
        self._idle.restore(paused_here=turns[-1:] == [(ON_IDLE, "pause")])
        if steering.speed != self._pacer.speed:
            self._pacer.set_speed(steering.speed, tick=self._tick, now_s=clock())
        log.info("session_caught_up", session=self._order.id, tick=self._tick)
        if not steering.stopping:
            self._voice.tell(status=self._present_status())

    def _do_again(self, deeds: Sequence[Deed]) -> None:
        for deed in deeds:
            self._helm.apply(deed)
            self._recorder.did(deed)
            if deed.command == "stop":
                self._why = self._stop_reason(deed)

    def _step_all(self, simulation: Simulation, n_ticks: int) -> None:
        steering, pacer, voice, clock = self._steering, self._pacer, self._voice, self._clock
        step = simulation.coordinator.step
        scripted, stirring = self._script.at, self._link.stirring
        pacer.anchor(tick=self._tick, now_s=clock())
        while True:
            now_s = clock()
            if now_s >= self._look_at or stirring():
                self._look(now_s)
            if steering.stopping or self._tick >= n_ticks:
                return
            if not steering.running:
                self._tell_if_changed()
                self._rest(REST_S)
                continue
            if self._tick >= self._shared_ticks:
                wait_s = pacer.wait_s(tick=self._tick, now_s=now_s)
                if wait_s > 0.0:
                    self._tell_if_changed()
                    self._rest(wait_s)
                    continue
            else:
                pacer.anchor(tick=self._tick, now_s=now_s)
            if self._followed < self._tick:
                self._followed = self._tick
                if script := scripted(self._tick):
                    self._follow_script(script)
                    continue  # it may have paused or stopped the run
            output = step()
            due = voice.gathered(output, clock())
            self._ticked(simulation, output)
            if due:
                voice.tell(status=self._present_status())

    def _ticked(self, simulation: Simulation, output: Any) -> None:
        """One tick was computed and gathered."""
        self._tick += 1
        steering = self._steering
        if steering.until is not None or steering.steps_left:
            grid = output.grid_state
            steering.ticked(
                simulation.coordinator.clock.time_s,
                lambda: None if grid is None else simulation.voltages_pu(grid),
            )

    def _rest(self, wait_s: float) -> None:
        """Sleep, or less long when somebody says something, and look around then."""
        self._link.wait(min(wait_s, REST_S))
        self._look_at = 0.0

    def _look(self, now_s: float) -> None:
        """Whatever is not stepping: shall we end, is the lease fresh, what do people want, how far are we."""
        self._look_at = now_s + LOOK_S
        if self._draining():
            self._tell_if_changed()
            self._recorder.hurry()
            self._tell_if_changed()
            raise Drained
        self._link.keep_lease()
        commands = self._link.new_commands(self._voice.answered)
        if commands:
            self._carry_out(commands)
        if self._link.outages != self._outages:
            self._outages = self._link.outages
            self._pacer.anchor(tick=self._tick, now_s=self._clock())
        if self._idle.acts and now_s >= self._idle_at:
            self._idle_at = now_s + IDLE_LOOK_S
            self._mind_idleness(now_s)
        news = self._recorder.news(tick=self._tick, t_s=self.t_s)
        if news is not None:
            self._gatherer.event(news)
            self._report_at = now_s
        if now_s >= self._report_at:
            self._report_at = now_s + REPORT_S
            self._report(now_s)

    def _report(self, now_s: float) -> None:
        """Tell the worker how far we are, and the viewers when the machine cannot keep the pace they asked for."""
        lag_s = self._pacer.lag_s(tick=self._tick, now_s=now_s) if self._steering.running else 0.0
        self._tell(self._tick, lag_s, None, self._recorder.state)
        if lag_s >= max(LAG_S, self._tick_s) and now_s >= self._lag_at:
            self._lag_at = now_s + LAG_TOLD_S
            self._gatherer.event(
                SimEvent(
                    tick=self._tick,
                    t_s=self.t_s,
                    source="custom",
                    topic="session.lag",
                    data={"lag_s": round(lag_s, 3), "speed": self._steering.speed},
                )
            )

    def _mind_idleness(self, now_s: float) -> None:
        viewers = self._link.viewers()
        if viewers is None:
            return
        move = self._idle.look(viewers, running=self._steering.running, now_s=now_s)
        if move is None:
            return
        deed = Deed(tick=self._tick, by=ON_IDLE, command=move, args={})
        was_running = self._steering.running
        self._helm.apply(deed)
        self._recorder.did(deed)
        self._steered(was_running, self._steering.speed)
        why = "somebody watches again" if move == "resume" else "nobody watches"
        if move == "stop":
            self._why = why
        self._voice.tell(status=self._present_status(), reason=why, applied=[deed.encode()])

    def _follow_script(self, script: Sequence[Deed]) -> None:
        """Commands that were laid down when the session was made: a fork's past, and what its maker wants to differ."""
        answers: list[bytes] = []
        applied: list[bytes] = []
        was_running, old_speed = self._steering.running, self._steering.speed
        for deed in script:
            answer, done = self._obey(deed)
            if deed.tick == self._shared_ticks:
                answers.append(answer)
            if done is not None:
                applied.append(done.encode())
        self._steered(was_running, old_speed)
        # `followed` in the same call, or an attempt that begins at this very tick would carry it out once more.
        meta = {**self._pace(), "followed": self._tick}
        self._voice.tell(answers, status=self._present_status(), meta=meta, applied=applied)

    def _carry_out(self, commands: Sequence[Command]) -> None:
        """Apply commands in the order in which Redis took them, before the next tick, and answer each."""
        was_running, old_speed = self._steering.running, self._steering.speed
        answers: list[bytes] = []
        applied: list[bytes] = []
        statuses: list[Literal["applied", "rejected"]] = []
        for command in commands:
            answer, done = self._obey(
                Deed(
                    tick=self._tick,
                    by=command.by,
                    command=command.command,
                    args=command.args,
                    command_id=command.id,
                )
            )
            answers.append(answer)
            statuses.append("rejected" if done is None else "applied")
            if done is not None:
                applied.append(done.encode())
        self._steered(was_running, old_speed)
        self._voice.answered = commands[-1].at
        meta = {"answered": self._voice.answered, **self._pace()}
        self._voice.tell(answers, status=self._present_status(), meta=meta, applied=applied)
        for command, status in zip(commands, statuses, strict=True):
            log.info(
                "command_answered",
                command_id=command.id,
                command=command.command,
                by=command.by,
                status=status,
                tick=self._tick,
                **words(command.origin),
            )
        self._link.audit(
            [
                record_of(
                    "session.command",
                    by=command.by,
                    target=f"session:{self._order.id}",
                    result=status,
                    command_id=command.id,
                    command=command.command,
                    args=command.args,
                    tick=self._tick,
                    request_id=command.origin.get("request_id"),
                )
                for command, status in zip(commands, statuses, strict=True)
            ]
        )

    def _pace(self) -> dict[str, Arg]:
        """The speed in force, for whoever asks for the session without reading its log."""
        return {"speed": orjson.dumps(self._steering.speed)}

    def _obey(self, deed: Deed) -> tuple[bytes, Deed | None]:
        """Apply one command; answers with its `command` entry, and the deed as it took effect unless it was refused."""
        command = Command(at="", id=deed.command_id or "", by=deed.by, command=deed.command, args=deed.args)
        try:
            args = self._helm.apply(deed)
        except Refused as refused:
            return command_entry(command, tick=self._tick, error=str(refused)), None
        if deed.command == "stop":
            self._why = self._stop_reason(deed)
        if deed.command in TURNS:
            self._idle.steered()
        done = Deed(tick=deed.tick, by=deed.by, command=deed.command, args=args, command_id=deed.command_id)
        self._recorder.did(done)
        return command_entry(command, tick=self._tick), done

    @staticmethod
    def _stop_reason(deed: Deed) -> str:
        return (
            "nobody watches" if deed.by == ON_IDLE else f"stopped by {deed.by.partition(':')[2] or deed.by}"
        )

    def _steered(self, was_running: bool, old_speed: object) -> None:
        """Let the pace follow what the steering says now."""
        steering, now_s = self._steering, self._clock()
        if steering.speed != old_speed:
            self._pacer.set_speed(steering.speed, tick=self._tick, now_s=now_s)
        if steering.running and not was_running:
            self._pacer.anchor(tick=self._tick, now_s=now_s)

    def _tell_if_changed(self) -> None:
        if not self._voice.silent or self._voice.status != self._present_status():
            self._voice.tell(status=self._present_status())

    def _present_status(self) -> Status:
        if self._steering.stopping:
            return self._voice.status
        return "running" if self._steering.running else "paused"

    def _summarised(self, told: dict[str, Any]) -> dict[str, Any]:
        """The summary with how long all took, from the first attempt's start on."""
        wall_s = time.time() - self._started_s
        return {
            "metrics": told["metrics"],
            "digest": told["digest"],
            "wall_s": round(wall_s, 4),
            "ticks": told["ticks"],
            "ticks_per_s": round(told["ticks"] / wall_s, 1) if wall_s > 0 else None,
        }


def host(order: Order, settings: Settings, *, draining: Callable[[], bool], tell: Tell) -> Exit:
    """Host one attempt at a session in this process, which must have done nothing with OpenDSS before."""
    link = Link(
        settings,
        channel=Channel.session(order.id),
        token=order.token,
        owner=order.owner,
        draining=draining,
    )
    recorder = Recorder(order, settings.recordings_at, log_bytes=settings.log_bytes)
    run = Run(order, link, recorder, draining=draining, tell=tell, settings=settings)
    try:
        link.open()
        try:
            run.run()
        except (Drained, Fenced, LeaseLost, NoChannel, Conflict, BrokerUnavailable):
            raise
        except Exception as error:  # the outermost frame: viewers are told
            reason = reason_of(error, tick=run.tick, t_s=run.t_s)
            log.exception("session_failed", reason=reason)
            tell(run.tick, 0.0, reason, recorder.state)
            run.fail(reason)
        return Exit.DONE
    except NoChannel as error:
        log.info("session_deleted", why=str(error))
        return Exit.DELETED
    except (Fenced, LeaseLost) as error:
        log.info("session_lost", why=str(error))
        return Exit.LOST
    except Drained:
        return Exit.DRAINED
    except Conflict as error:
        tell(
            run.tick,
            0.0,
            f"the broker lost a part of the session's log ({error}); it was restarted or restored without its newest data",
            recorder.state,
        )
        return Exit.CONFLICT
    finally:
        link.close()
