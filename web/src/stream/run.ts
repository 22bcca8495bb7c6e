/**
 * One run as this page knows it: takes frames in order, fills the history, keeps the state that the badge and the header show.
 * A plain object without React, sockets or timers; who wants to know of changes says so with `watch`.
 */

import { Cursor } from "./cursor";
import {
  type EntryFrame,
  type Frame,
  isEnded,
  type Session,
  type SessionStatus,
  type Summary,
} from "./frames";
import { History } from "./history";
import { describe, EventLog, type LogLine } from "./log";
import { BadFrame } from "./reader";

/** The newest tick's own clock readings, for "how old" and "how fast". */
interface Sample {
  readonly ts: number;
  readonly t_s: number;
}

const SPEED_WINDOW_S = 2;

export class Run {
  session: Session | null = null;
  status: SessionStatus | null = null;
  reason: string | null = null;
  attempt = 1;
  summary: Summary | null = null;
  history: History | null = null;
  log = new EventLog();
  /** Head of the log when this connection began: up to there the page is catching up. */
  headAtHello = 0;
  /** When the entry with the newest ticks was written, by the server's clock (unix s). */
  newestTickTs: number | null = null;
  /** Server's clock less this page's, in s: the two may differ by minutes. */
  clockSkew_s = 0;
  /** The stream broke its promise, or said what this page cannot read. Nothing more is taken in. */
  fault: string | null = null;
  /** Why the last thing that a person asked for was refused. */
  refusal: string | null = null;
  /** Counts changes, for React. */
  version = 0;
  readonly cursor = new Cursor();
  /** The server has said that ticks are missing before the next entry. */
  private holeAnnounced = false;
  private samples: Sample[] = [];
  private readonly watchers = new Set<() => void>();

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
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
    return this.cursor.offset < this.headAtHello;
  }

  /** Simulated seconds a real second, over the last two seconds of the run's own clock; null where that says nothing. */
  get speed(): number | null {
    const newest = this.samples.at(-1);
    const oldest = this.samples[0];
    if (!newest || !oldest || newest.ts - oldest.ts < 0.1) return null;
    return (newest.t_s - oldest.t_s) / (newest.ts - oldest.ts);
  }

  /** `read` gives the next frame or throws a `BadFrame`. `nowMs` is this page's clock. */
  receive(read: () => Frame, nowMs: number): void {
    if (this.fault !== null) return;
    try {
      this.take(read(), nowMs);
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      this.fail(`The server sent something that this page cannot read. ${error.message}`);
    }
    this.changed();
  }

  /** Takes the stream up again after a fault, at the first entry that was not taken in. */
  resume(): void {
    this.fault = null;
    this.changed();
  }

  /** Before a new wish is sent, so that its refusal is not taken for an old one. */
  forgetRefusal(): void {
    this.refusal = null;
    this.changed();
  }

  changed(): void {
    this.version += 1;
    for (const watcher of this.watchers) watcher();
  }

  private take(frame: Frame, nowMs: number): void {
    switch (frame.type) {
      case "hello":
        if (frame.protocol !== 1) {
          this.fail(`The server speaks protocol ${frame.protocol}, this page speaks 1. Reload the page.`);
          return;
        }
        this.session = frame.session;
        this.cursor.epoch ??= frame.epoch;
        this.headAtHello = frame.head;
        // The state in hello may be newer than the log position: it counts only until the log itself has spoken.
        this.status ??= frame.session.status;
        this.reason ??= frame.session.reason;
        if (frame.session.schema) this.history ??= new History(frame.session.schema);
        return;
      case "heartbeat":
      case "pong":
        this.clockSkew_s = frame.ts - nowMs / 1000;
        return;
      case "error":
        this.refusal = frame.detail || frame.code;
        this.note(`The server refused a message: ${this.refusal}`);
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
        this.note(`Ticks ${frame.from_tick} to ${frame.to_tick} were left out: this connection is slow.`);
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
        this.history ??= new History(frame.schema);
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
        this.sample({ ts: frame.ts, t_s: this.history.now_s });
        for (const event of frame.events) {
          this.log.add({
            kind: "event",
            t_s: event.t_s,
            by: event.source,
            text: [event.topic, describe(event.data)].filter(Boolean).join(": "),
            bad: false,
          });
        }
        for (const control of frame.controls) {
          this.log.add({
            kind: "control",
            t_s: this.history.time(control.tick),
            by: control.by.replace(/^controller:/, ""),
            text: `${control.command}: ${describe(control.args)}`,
            bad: false,
          });
        }
        return;
      }
      case "command": {
        const refused = frame.status === "rejected";
        if (refused) this.refusal = frame.error ?? `${frame.command} was refused.`;
        this.log.add({
          ...this.at(frame.tick, "command"),
          by: frame.by.replace(/^user:/, ""),
          text: [frame.command, describe(frame.args), refused ? `refused: ${frame.error ?? ""}` : "applied"]
            .filter(Boolean)
            .join(" · "),
          bad: refused,
        });
        return;
      }
      case "status":
        this.status = frame.status;
        this.reason = frame.reason;
        this.attempt = frame.attempt;
        // A pause must not count as slow running.
        this.samples = [];
        this.log.add({
          ...this.at(frame.tick, "status"),
          by: "run",
          text: frame.reason === null ? frame.status : `${frame.status}: ${frame.reason}`,
          bad: frame.status === "failed",
        });
        return;
      case "summary":
        this.summary = frame.summary;
    }
  }

  private at(tick: number, kind: LogLine["kind"]): Pick<LogLine, "kind" | "t_s"> {
    return { kind, t_s: this.history ? this.history.time(tick) : null };
  }

  private reset(epoch: string, earliestOffset: number, earliestTick: number | null, reason: string): void {
    this.holeAnnounced = true;
    const schema = this.history?.schema ?? this.session?.schema ?? null;
    if (this.cursor.reset(epoch, earliestOffset, reason)) {
      this.history = schema && earliestOffset > 1 ? new History(schema) : null;
      this.log = new EventLog();
      this.summary = null;
      this.note("The server's log of this run began anew; what was shown before is void.");
    }
    if (earliestTick !== null && this.history && earliestTick > this.history.length) {
      this.note(`Ticks ${this.history.length} to ${earliestTick - 1} are no longer in the server's log.`);
      this.history.skipTo(earliestTick);
    }
  }

  private sample(newest: Sample): void {
    this.samples.push(newest);
    while (this.samples.length > 2 && newest.ts - (this.samples[1]?.ts ?? newest.ts) >= SPEED_WINDOW_S) {
      this.samples.shift();
    }
  }

  private note(text: string): void {
    this.log.add({ kind: "notice", t_s: null, by: "page", text, bad: true });
  }

  private fail(problem: string): void {
    this.fault = problem;
    this.note(problem);
  }
}
