/**
 * One run as this page knows it: takes frames in order, fills the history, keeps the state that the badge and the header show.
 * A plain object without React, sockets or timers; who wants to know of changes says so with `watch`.
 */

import { Chronicle } from "./chronicle";
import { Commands } from "./commands";
import { Cursor } from "./cursor";
import {
  type Control,
  type EntryFrame,
  type Frame,
  isEnded,
  type HelloFrame,
  type Past,
  type Schema,
  type Session,
  type SessionStatus,
  type Summary,
  type ViewersFrame,
  type Wheel,
} from "./frames";
import { Helm } from "./helm";
import { History } from "./history";
import type { EventLog } from "./log";
import { Pace } from "./pace";
import { BadFrame } from "./reader";

/** How the run comes to this page: by WebSocket, or where a proxy strips those as an event stream, or asked for now and then. */
export type Via = "socket" | "events" | "polling";

const PROTOCOL = 1;
/** A server's time that is lower than it was by more than this means that a clock was set; by less, that it was long on its way. */
const CLOCK_SET_S = 60;

export class Run {
  session: Session | null = null;
  status: SessionStatus | null = null;
  reason: string | null = null;
  attempt = 1;
  summary: Summary | null = null;
  history: History | null = null;
  /** What people read beside the charts. */
  readonly chronicle = new Chronicle(this);
  /** Head of the log when this connection began: up to there the page is catching up. */
  headAtHello = 0;
  /** When the entry with the newest ticks was written, by the server's clock (unix s). */
  newestTickTs: number | null = null;
  /** Server's clock less this page's, in s: the two may differ by minutes. */
  clockSkew_s = 0;
  private clockHeard = false;
  /** The stream broke its promise, or said what this page cannot read. Nothing more is taken in. */
  fault: string | null = null;
  /** What this page asked for. */
  readonly commands = new Commands();
  readonly helm = new Helm();
  via: Via = "socket";
  /** Who watches, as lately told; null while nobody told. */
  viewers: Pick<ViewersFrame, "count" | "present" | "wheel"> | null = null;
  /** The past is being fetched from the server's recording. */
  loading = false;
  /** May this viewer steer? */
  role = "viewer";
  /** The connection cannot carry all ticks: the newest come, and the others are fetched when it can. */
  conflated = false;
  /** When the run last began to run, or went on: older ticks say nothing of whether it lives. */
  runningSinceTs = 0;
  /** Counts changes, for React. */
  version = 0;
  readonly cursor = new Cursor();
  /** The server has said that ticks are missing before the next entry. */
  private holeAnnounced = false;
  private readonly pace = new Pace();
  private readonly watchers = new Set<() => void>();

  /** The name of whoever looks at this page, where the server has told it. */
  get me(): string | null {
    return this.viewers?.present.find(({ you }) => you)?.name ?? null;
  }

  /** The server has answered who alone steers now: before it tells everybody. */
  turned(wheel: Wheel): void {
    if (this.viewers) this.viewers = { ...this.viewers, wheel };
    this.changed();
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Seconds since the newest tick was written; null before the first. */
  age_s(nowMs: number): number | null {
    if (this.newestTickTs === null) return null;
    return nowMs / 1000 + this.clockSkew_s - Math.max(this.newestTickTs, this.runningSinceTs);
  }

  /** Number of ticks done. */
  get tick(): number {
    return this.history?.length ?? this.session?.tick ?? 0;
  }

  get n_ticks(): number {
    return this.history?.schema.n_ticks ?? this.session?.n_ticks ?? 0;
  }

  get ended(): boolean {
    return this.status !== null && isEnded(this.status);
  }

  get catchingUp(): boolean {
    return this.loading || this.cursor.offset < this.headAtHello;
  }

  /** Simulated seconds a real second, over the last two seconds of the run's own clock; null where that says nothing. */
  get speed(): number | null {
    return this.pace.speed;
  }

  get log(): EventLog {
    return this.chronicle.log;
  }

  /** Seconds by which the run lags behind its pace, as lately told; null where it keeps it. */
  get behind_s(): number | null {
    return this.pace.behind_s;
  }

  /** `read` gives the next frame or throws a `BadFrame`. `nowMs` is this page's clock. Answers which type came, null where none did. */
  receive(read: () => Frame, nowMs: number): Frame["type"] | null {
    if (this.fault !== null) return null;
    let type: Frame["type"] | null = null;
    try {
      const frame = read();
      type = frame.type;
      this.take(frame, nowMs);
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      this.fail(`The server sent something that this page cannot read. ${error.message}`);
    }
    this.changed();
    return type;
  }

  /** What this page was told of the run where no `hello` comes. `is all`: the log is not read. */
  greet(session: Session, log: "log follows" | "is all"): void {
    this.greeted({
      type: "hello",
      session,
      epoch: session.epoch,
      head: log === "is all" ? this.cursor.offset : session.head,
      // Who is not allowed to steer is told so by the answer to the command.
      role: "controller",
      protocol: PROTOCOL,
    });
    if (log === "is all") {
      this.status = session.status;
      this.reason = session.reason;
    }
    this.changed();
  }

  /**
   * Takes in the past as the server recorded it. Where it reaches beyond what is here the run goes on after it: `applied` are
   * then the commands that took effect in it, and the log goes on at its `next_offset`.
   */
  learn(past: Past, applied: readonly Control[] = []): void {
    const { history } = this;
    if (!history || this.fault !== null) return;
    const before = history.length;
    const ahead = past.to > before;
    const { holes } = history;
    const problem = history.learn(past);
    if (problem !== null) this.fail(problem);
    else if (ahead) {
      if (before === 0) this.chronicle.clear();
      this.cursor.epoch = past.epoch;
      this.cursor.offset = past.next_offset;
      this.holeAnnounced = false;
      this.pace.restart();
      // The state told by `hello` is older than what is known now.
      this.status = null;
      this.reason = null;
      const due = ({ tick }: Control) => tick >= before;
      for (const control of [...past.controls, ...applied].filter(due).sort((a, b) => a.tick - b.tick))
        this.helm.applied(control);
      this.chronicle.recall(past, applied, ({ tick }) => tick >= before);
      if (before === 0) this.chronicle.cameLate(history.time(past.to));
    } else {
      const filled = holes.filter((hole) => !history.holes.includes(hole));
      this.chronicle.recall(past, [], ({ tick }) => filled.some(({ from, to }) => from <= tick && tick < to));
    }
    this.changed();
  }

  /** Nothing of this is known to be of any use until the server is heard again. */
  quiet(): void {
    this.viewers = null;
    this.commands.disconnected();
    this.changed();
  }

  /** Lets go of everything that came: nobody looks any more. Who connects again begins anew. */
  forget(): void {
    this.history?.free();
    this.history = null;
    this.chronicle.forget();
    this.pace.restart();
    this.status = null;
    this.reason = null;
    this.summary = null;
    this.session = null;
    this.newestTickTs = null;
    this.cursor.rewind();
    this.changed();
  }

  /** Takes the stream up again after a fault, at the first entry that was not taken in. */
  resume(): void {
    this.fault = null;
    this.changed();
  }

  changed(): void {
    this.version += 1;
    for (const watcher of this.watchers) watcher();
  }

  private take(frame: Frame, nowMs: number): void {
    switch (frame.type) {
      case "hello":
        this.greeted(frame);
        return;
      case "viewers":
        this.viewers = frame;
        return;
      case "heartbeat":
      case "pong":
        this.hearClock(frame.ts - nowMs / 1000);
        return;
      case "error":
        if (frame.command_id === null)
          this.chronicle.note(`The server refused a message: ${frame.detail || frame.code}`);
        else this.commands.refused(frame.command_id, frame.detail || frame.code);
        return;
      case "reset":
        this.reset(frame.epoch, frame.earliest_offset, frame.earliest_tick, frame.reason);
        return;
      case "skipped": {
        const step = this.cursor.skip(frame.from_offset, frame.to_offset);
        if (!step.ok) {
          this.fail(step.problem);
          return;
        }
        this.history?.skipTo(frame.to_tick + 1);
        return;
      }
      default: {
        const step = this.cursor.entry(frame.offset);
        if (step.ok) this.entry(frame);
        else this.fail(step.problem);
      }
    }
  }

  private entry(frame: EntryFrame): void {
    switch (frame.type) {
      case "schema":
        if (!this.history) this.begin(frame.schema);
        return;
      case "ticks": {
        if (!this.history) {
          this.fail("Ticks came before the schema that tells what they mean.");
          return;
        }
        const due = this.history.length;
        const problem =
          frame.first > due && !this.holeAnnounced
            ? `The stream skipped ticks: tick ${due} was due, tick ${frame.first} came.`
            : this.history.append(frame);
        this.holeAnnounced = false;
        if (problem !== null) {
          this.fail(problem);
          return;
        }
        this.newestTickTs = frame.ts;
        this.pace.ticked({ ts: frame.ts, t_s: this.history.now_s });
        for (const event of frame.events) {
          this.pace.heard(event, frame.ts);
          this.chronicle.event(event);
        }
        for (const control of frame.controls) {
          this.helm.applied(control);
          this.chronicle.control(control);
        }
        return;
      }
      case "command": {
        this.commands.answered(frame);
        if (frame.status !== "rejected") {
          this.helm.applied(frame);
          // Told anew at the new pace.
          if (frame.command === "speed") this.pace.changed();
        }
        this.chronicle.answer(frame);
        return;
      }
      case "status":
        this.status = frame.status;
        this.reason = frame.reason;
        this.attempt = frame.attempt;
        this.pace.restart();
        this.pace.changed();
        this.helm.entered(frame.status);
        if (frame.status === "running") this.runningSinceTs = frame.ts;
        if (isEnded(frame.status)) this.commands.ended();
        this.chronicle.status(frame);
        return;
      case "summary":
        this.summary = frame.summary;
    }
  }

  private greeted(frame: HelloFrame): void {
    if (frame.protocol !== PROTOCOL) {
      this.fail(
        `The server speaks protocol ${frame.protocol}, this page speaks ${PROTOCOL}. Reload the page.`,
      );
      return;
    }
    this.session = frame.session;
    this.role = frame.role;
    // Until the log says otherwise; a log that has lost its beginning may have said otherwise there.
    if (this.cursor.offset === 0) this.helm.speed = frame.session.speed;
    this.cursor.epoch ??= frame.epoch;
    this.headAtHello = frame.head;
    // The state in hello may be newer than the log position: it counts only until the log itself has spoken.
    this.status ??= frame.session.status;
    this.reason ??= frame.session.reason;
    // The entry with the summary may lie in the part that came out of the recording.
    if (this.cursor.offset >= frame.head) this.summary ??= frame.session.summary;
    if (frame.session.schema && !this.history) this.begin(frame.session.schema);
  }

  private begin(schema: Schema): void {
    this.history = new History(schema);
    this.helm.begin(schema);
  }

  /** On its way a message only gets older: the largest difference is the nearest to the truth. */
  private hearClock(skew_s: number): void {
    const set = this.clockHeard && skew_s < this.clockSkew_s - CLOCK_SET_S;
    this.clockSkew_s = this.clockHeard && !set ? Math.max(this.clockSkew_s, skew_s) : skew_s;
    this.clockHeard = true;
  }

  private reset(epoch: string, earliestOffset: number, earliestTick: number | null, reason: string): void {
    this.holeAnnounced = true;
    this.helm.forget();
    if (earliestOffset <= 1) this.helm.speed = this.session?.speed ?? null;
    const schema = this.history?.schema ?? this.session?.schema ?? null;
    if (this.cursor.reset(epoch, earliestOffset, reason)) {
      this.history = schema && earliestOffset > 1 ? new History(schema) : null;
      this.chronicle.clear();
      this.commands.logLost();
      this.summary = null;
      this.chronicle.note("The server's log of this run began anew; what was shown before is void.");
    }
    if (earliestTick !== null && this.history && earliestTick > this.history.length) {
      this.chronicle.note(
        `Ticks ${this.history.length} to ${earliestTick - 1} are no longer in the server's log.`,
      );
      this.history.skipTo(earliestTick);
    }
  }

  private fail(problem: string): void {
    this.fault = problem;
    this.chronicle.note(problem);
  }
}
