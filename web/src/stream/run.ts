/**
 * One run as this page knows it: takes frames in order, fills the history, keeps the state that the badge and the header show.
 * A plain object without React, sockets or timers; who wants to know of changes says so with `watch`.
 */

import { Commands } from "./commands";
import { Cursor } from "./cursor";
import {
  type Control,
  type EntryFrame,
  type Frame,
  isEnded,
  type HelloFrame,
  type Json,
  type Past,
  type Schema,
  type Session,
  type SessionStatus,
  type SimEvent,
  type Summary,
  type ViewersFrame,
} from "./frames";
import { Helm } from "./helm";
import { History } from "./history";
import { describe, EventLog, type LogLine } from "./log";
import { BadFrame } from "./reader";

/** The newest tick's own clock readings, for "how old" and "how fast". */
interface Sample {
  readonly ts: number;
  readonly t_s: number;
}

/** How the run comes to this page: by WebSocket, or where a proxy strips those as an event stream, or asked for now and then. */
export type Via = "socket" | "events" | "polling";

const PROTOCOL = 1;
const SPEED_WINDOW_S = 2;
/** Topic of the event by which a session says that it falls behind its pace. */
const LAG = "session.lag";
/** A session that lags says so every 5 s. */
const LAG_HOLDS_S = 7;

function lagOf(data: Json): number {
  const lag_s = typeof data === "object" && data !== null && "lag_s" in data ? data["lag_s"] : 0;
  return typeof lag_s === "number" ? lag_s : 0;
}

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
  /** What this page asked for. */
  readonly commands = new Commands();
  readonly helm = new Helm();
  via: Via = "socket";
  /** Who watches, as lately told; null while nobody told. */
  viewers: Pick<ViewersFrame, "count" | "present"> | null = null;
  /** The past is being fetched from the server's recording. */
  loading = false;
  /** May this viewer steer? */
  role = "viewer";
  /** The run cannot keep the pace asked for: by so many seconds, as of `ts` (server's clock). */
  lag: { readonly lag_s: number; readonly ts: number } | null = null;
  /** When the run last began to run, or went on: older ticks say nothing of whether it lives. */
  runningSinceTs = 0;
  /** Counts changes, for React. */
  version = 0;
  readonly cursor = new Cursor();
  /** The server has said that ticks are missing before the next entry. */
  private holeAnnounced = false;
  /** Ids of the commands whose answer was in the log. */
  private readonly answered = new Set<string>();
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
    return this.loading || this.cursor.offset < this.headAtHello;
  }

  /** Simulated seconds a real second, over the last two seconds of the run's own clock; null where that says nothing. */
  get speed(): number | null {
    const newest = this.samples.at(-1);
    const oldest = this.samples[0];
    if (!newest || !oldest || newest.ts - oldest.ts < 0.1) return null;
    return (newest.t_s - oldest.t_s) / (newest.ts - oldest.ts);
  }

  /** Seconds by which the run lags behind its pace, as lately told; null where it keeps it. */
  get behind_s(): number | null {
    if (this.lag === null || (this.newestTickTs ?? 0) - this.lag.ts > LAG_HOLDS_S) return null;
    return this.lag.lag_s;
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
    const problem = history.learn(past);
    if (problem !== null) this.fail(problem);
    else if (ahead) {
      if (before === 0) this.log = new EventLog();
      this.cursor.epoch = past.epoch;
      this.cursor.offset = past.next_offset;
      this.holeAnnounced = false;
      this.samples = [];
      // The state told by `hello` is older than what is known now.
      this.status = null;
      this.reason = null;
      this.recall(past, applied, before);
      if (before === 0) {
        this.log.add({
          kind: "notice",
          t_s: history.time(past.to),
          by: "page",
          text: "this page came late: of the time before, what changed the run is shown, and its events",
          bad: false,
        });
      }
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
    this.log = new EventLog();
    this.answered.clear();
    this.samples = [];
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
        this.clockSkew_s = frame.ts - nowMs / 1000;
        return;
      case "error":
        if (frame.command_id === null)
          this.note(`The server refused a message: ${frame.detail || frame.code}`);
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
        this.sample({ ts: frame.ts, t_s: this.history.now_s });
        for (const event of frame.events) {
          if (event.topic === LAG) this.lag = { lag_s: lagOf(event.data), ts: frame.ts };
          this.tellEvent(event);
        }
        for (const control of frame.controls) {
          this.helm.applied(control);
          // Was told already, by the answer to it.
          if (control.command_id !== null && this.answered.has(control.command_id)) continue;
          this.tellControl(control);
        }
        return;
      }
      case "command": {
        const refused = frame.status === "rejected";
        this.commands.answered(frame);
        this.answered.add(frame.command_id);
        if (!refused) {
          this.helm.applied(frame);
          // Told anew at the new pace.
          if (frame.command === "speed") this.lag = null;
        }
        this.log.add({
          ...this.at(frame.tick, "command"),
          by: this.author(frame.by, frame.command_id),
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
        this.lag = null;
        this.helm.entered(frame.status);
        if (frame.status === "running") this.runningSinceTs = frame.ts;
        if (isEnded(frame.status)) this.commands.ended();
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

  /** The log lines and the steering of a stretch whose log was not read: what is known of it, in the order of its ticks. */
  private recall({ events, controls }: Past, applied: readonly Control[], from: number): void {
    const lines: { readonly tick: number; readonly tell: () => void }[] = events.map((event) => ({
      tick: event.tick,
      tell: () => {
        this.tellEvent(event);
      },
    }));
    const told = new Set(applied.map(({ command_id }) => command_id));
    for (const control of [...controls.filter(({ command_id }) => !told.has(command_id)), ...applied]) {
      if (control.tick < from || (control.command_id !== null && this.answered.has(control.command_id)))
        continue;
      lines.push({
        tick: control.tick,
        tell: () => {
          this.helm.applied(control);
          this.tellControl(control);
        },
      });
    }
    for (const { command_id, tick } of applied) {
      if (command_id === null) continue;
      this.answered.add(command_id);
      this.commands.applied(command_id, tick);
    }
    for (const { tell } of lines.sort((one, other) => one.tick - other.tick)) tell();
  }

  private tellEvent(event: SimEvent): void {
    this.log.add({
      kind: "event",
      t_s: event.t_s,
      by: event.source,
      text: [event.topic, describe(event.data)].filter(Boolean).join(": "),
      bad: false,
    });
  }

  private tellControl(control: Control): void {
    this.log.add({
      kind: control.by.startsWith("controller:") ? "control" : "command",
      t_s: this.history?.time(control.tick) ?? null,
      by: this.author(control.by, control.command_id),
      text: [control.command, describe(control.args)].filter(Boolean).join(": "),
      bad: false,
    });
  }

  private begin(schema: Schema): void {
    this.history = new History(schema);
    this.helm.begin(schema);
  }

  /** `ann` for `user:ann`; says so where the command came from this page. */
  private author(by: string, commandId: string | null): string {
    const name = by.replace(/^(user|controller):/, "");
    return commandId !== null && this.commands.isOwn(commandId) ? `${name} (you)` : name;
  }

  private at(tick: number, kind: LogLine["kind"]): Pick<LogLine, "kind" | "t_s"> {
    return { kind, t_s: this.history ? this.history.time(tick) : null };
  }

  private reset(epoch: string, earliestOffset: number, earliestTick: number | null, reason: string): void {
    this.holeAnnounced = true;
    this.helm.forget();
    if (earliestOffset <= 1) this.helm.speed = this.session?.speed ?? null;
    const schema = this.history?.schema ?? this.session?.schema ?? null;
    if (this.cursor.reset(epoch, earliestOffset, reason)) {
      this.history = schema && earliestOffset > 1 ? new History(schema) : null;
      this.log = new EventLog();
      this.commands.logLost();
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
