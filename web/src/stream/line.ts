/**
 * The line over which a run comes to this page, and on which commands go back: a WebSocket; where those are stripped on the way, an event
 * stream; where that is held back too, questions every 3 s. Who comes late to a long run gets its past from the recording first.
 */

import { backoffMs } from "./backoff";
import { POLL_EVERY_S } from "./badge";
import type { Args } from "./commands";
import { Conflation } from "./conflation";
import { isEnded } from "./frames";
import { MAX_POINTS, PastLoader } from "./past";
import { EVENT_SILENCE_MS, FAILURES, FIRST_EVENT_MS } from "./patience";
import { parseText } from "./parse";
import type { Run, Via } from "./run";
import { Refused, Server } from "./server";
import { gist, ReturningSocket, type SocketState } from "./socket";
import { type RawEvents, socketAddress, type Surroundings } from "./surroundings";

/** Values of the past (ticks x bus phases) from which on they come from the recording: the log would take too long to read. */
const MUCH = 200_000;
/** The server drops playheads that come faster. */
const PLAYHEAD_EVERY_MS = 250;

const CLOSED: SocketState = { phase: "closed", code: 1000, message: "" };

/** Closed because this page did not take in what came; the same code says that the broker is away. */
function isTooSlow({ closed }: Extract<SocketState, { phase: "waiting" }>): boolean {
  return closed?.code === 1013 && closed.reason.startsWith("too slow");
}

export class Line {
  state: SocketState = CLOSED;
  private readonly run: Run;
  private readonly around: Surroundings;
  private readonly server: Server;
  private readonly socket: ReturningSocket;
  private readonly past: PastLoader;
  private readonly conflation = new Conflation();
  private events: RawEvents | null = null;
  private endPast: (() => void) | null = null;
  private cancelTimer: () => void = () => undefined;
  /** A WebSocket was open once. */
  private wellOnce = false;
  private stripped = false;
  /** The recording cannot give the past: what the log still has is all there is. */
  private onlyLog = false;
  private failures = 0;
  /** Set anew by each beginning and end, so that what was asked before it is not listened to. */
  private turn = {};
  private playheadTick: number | null = null;
  private cancelPlayhead: (() => void) | null = null;

  constructor(sessionId: string, run: Run, around: Surroundings) {
    this.run = run;
    this.around = around;
    this.server = new Server(sessionId, around);
    this.past = new PastLoader(run, this.server, around);
    const path = `/api/ws/sessions/${encodeURIComponent(sessionId)}`;
    this.socket = new ReturningSocket(
      {
        name: `gridcast session ${sessionId}`,
        url: () => socketAddress(path, run.cursor.query() + (this.conflation.latest ? "&mode=latest" : "")),
        onMessage: (data) => {
          this.take(data);
        },
        onState: (state) => {
          this.onSocket(state);
        },
      },
      around,
    );
  }

  /** Connects now; does nothing while a connection is open or being made. */
  connect(): void {
    this.endPast ??= this.past.start();
    if (this.state.phase === "open" || this.state.phase === "connecting") return;
    this.climb();
  }

  /** Ends for good, unless `connect` is called again. */
  close(message = ""): void {
    this.leave();
    this.endPast?.();
    this.endPast = null;
    this.socket.close(message, true);
    this.endConflation();
    this.enter({ phase: "closed", code: 1000, message });
  }

  /** Sends a command now or not at all; whether it went out. */
  command(id: string, command: string, args: Args): boolean {
    if (this.run.via === "socket") return this.socket.send({ type: "command", id, command, args });
    if (this.state.phase !== "open") return false;
    this.server.command(id, command, args).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 0) this.run.commands.disconnected();
      else this.run.commands.refused(id, error.message);
      this.run.changed();
    });
    return true;
  }

  /** Tells the others where this page looks; the newest of many moves, four times a second at most. */
  playhead(tick: number | null): void {
    if (tick === this.playheadTick) return;
    this.playheadTick = tick;
    if (!this.cancelPlayhead) this.tellPlayhead();
  }

  private tellPlayhead(): void {
    const tick = this.playheadTick;
    this.socket.send({ type: "playhead", tick });
    this.cancelPlayhead = this.around.after(PLAYHEAD_EVERY_MS, () => {
      this.cancelPlayhead = null;
      if (this.playheadTick !== tick) this.tellPlayhead();
    });
  }

  private enter(state: SocketState): void {
    this.state = state;
    if (state.phase === "open") this.run.changed();
    else this.run.quiet();
  }

  /** Leaves whatever is going on. */
  private leave(): void {
    this.turn = {};
    this.cancelTimer();
    this.cancelPlayhead?.();
    this.cancelPlayhead = null;
    if (this.events) this.events.onmessage = this.events.onerror = null;
    this.events?.close();
    this.events = null;
    this.run.loading = false;
  }

  /** Begins with the best way again. */
  private climb(): void {
    this.leave();
    this.set("socket");
    this.socket.connect();
  }

  private set(via: Via): void {
    if (via !== this.run.via) console.debug("gridcast stream by", via);
    this.run.via = via;
  }

  private take(data: unknown): void {
    const type = this.run.receive(() => parseText(data), this.around.nowMs());
    if (this.run.fault !== null) this.close(this.run.fault);
    else if (type === "hello" && this.isLate()) void this.catchUp();
    else if (type === "skipped") this.conflation.skipped(this.around.nowMs());
    else if (type === "ticks" && this.run.via === "socket") this.weigh();
  }

  /** Does the connection carry all ticks? Where the answer is another than before, it is made anew. */
  private weigh(): void {
    const { run, around } = this;
    const paced = run.helm.speed !== null && run.helm.speed !== "max" && !run.ended;
    if (!this.conflation.ticks(paced ? run.age_s(around.nowMs()) : null, around.nowMs())) return;
    this.socket.close("", true);
    this.conflate();
    this.socket.connect();
  }

  /** Tells which ticks come. */
  private conflate(): void {
    const { latest } = this.conflation;
    if (latest === this.run.conflated) return;
    this.run.conflated = latest;
    this.run.chronicle.note(
      latest
        ? "This connection cannot carry all ticks: from here on the newest come; the others are fetched when it can."
        : "This connection carries all ticks again; those that were left out are fetched.",
      latest,
    );
    this.run.changed();
  }

  private endConflation(): void {
    this.conflation.end();
    this.run.conflated = false;
  }

  // --- by WebSocket

  private onSocket(state: SocketState): void {
    if (this.run.via !== "socket" || this.run.loading) return;
    if (state.phase === "open") {
      this.wellOnce = true;
      this.stripped = false;
      // Asks for the server's clock at once: the age of the newest tick is told by it.
      this.socket.send({ type: "ping" });
      this.cancelPlayhead?.();
      this.tellPlayhead();
    }
    if (state.phase === "waiting" && isTooSlow(state)) {
      this.conflation.tooSlow(this.around.nowMs());
      this.conflate();
    }
    // Over: what was left out is fetched now.
    if (state.phase === "closed" && this.run.ended) this.endConflation();
    this.enter(state);
    if (state.phase !== "waiting") return;
    const most = this.stripped ? FAILURES.stripped : this.wellOnce ? FAILURES.wellOnce : FAILURES.usual;
    if (state.attempt >= most) void this.probe();
  }

  /** The socket fails: does the rest of the server answer? */
  private async probe(): Promise<void> {
    const { turn } = this;
    try {
      const session = await this.server.session();
      if (turn !== this.turn || this.state.phase === "open") return;
      this.stripped = true;
      this.set("events");
      this.socket.close("", true);
      this.run.greet(session, "log follows");
      if (this.isLate()) await this.fetchPast();
      if (turn === this.turn) this.listen();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  /** Whether there is so much before this page's time that the log is the wrong way to get it. */
  private isLate(): boolean {
    const { session, history, cursor } = this.run;
    if (this.onlyLog || cursor.offset > 0 || !session || !history) return false;
    return session.tick * history.voltages.length > MUCH;
  }

  /** Leaves the log alone until the past has come out of the recording. */
  private async catchUp(): Promise<void> {
    const { turn } = this;
    this.run.loading = true;
    this.socket.close("", true);
    await this.fetchPast();
    if (turn === this.turn) this.socket.connect();
  }

  /** Takes the past from the recording, so that the log goes on after it; from the log where there is none. */
  private async fetchPast(): Promise<void> {
    const { turn, run } = this;
    run.loading = true;
    this.enter({ phase: "connecting", attempt: 0 });
    try {
      const [past, applied] = await Promise.all([
        this.server.ticks(0, null, MAX_POINTS),
        this.server.applied(),
      ]);
      if (turn === this.turn) run.learn(past, applied);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.onlyLog = true;
    }
    if (turn === this.turn) run.loading = false;
  }

  // --- by event stream

  private listen(): void {
    this.set("events");
    this.enter({ phase: "connecting", attempt: this.failures });
    const events = this.around.events(this.server.eventsPath(this.run.cursor.query()));
    this.events = events;
    const heard = (event: { data: unknown }) => {
      this.failures = 0;
      if (this.state.phase !== "open") this.enter({ phase: "open" });
      this.wait(EVENT_SILENCE_MS, () => {
        this.again("The event stream fell silent.");
      });
      console.debug("gridcast events", gist(event.data));
      this.take(event.data);
      if (this.run.ended && !this.run.catchingUp) this.finish();
    };
    events.onmessage = heard;
    for (const type of ["heartbeat", "viewers"]) events.addEventListener(type, heard);
    events.onerror = () => {
      if (this.run.ended) this.finish();
      else if (this.state.phase === "open") this.again("The event stream was lost.");
      else this.pollFrom();
    };
    this.wait(FIRST_EVENT_MS, () => {
      this.pollFrom();
    });
  }

  // --- by asking

  private pollFrom(): void {
    this.leave();
    this.set("polling");
    void this.poll();
  }

  private async poll(): Promise<void> {
    const { turn, run } = this;
    try {
      const session = await this.server.session();
      if (turn !== this.turn) return;
      // How the run ended is told with its last ticks, not before them.
      if (!run.history) run.greet(session, "log follows");
      const length = run.history?.length ?? 0;
      if (run.history && session.tick > length) {
        const [past, applied] = await Promise.all([
          this.server.ticks(length, null, MAX_POINTS),
          this.server.applied(),
        ]);
        if (turn !== this.turn) return;
        run.learn(past, applied);
        run.newestTickTs = this.around.nowMs() / 1000 + run.clockSkew_s;
      }
      run.greet(session, "is all");
      this.failures = 0;
      if (this.state.phase !== "open") this.enter({ phase: "open" });
      if (isEnded(session.status) && run.tick >= session.tick) {
        this.finish();
        return;
      }
      this.wait(POLL_EVERY_S * 1_000, () => {
        void this.poll();
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (turn === this.turn) this.again(error.message);
    }
  }

  // --- of both

  /** Lost: back to the best way after a while. */
  private again(message: string): void {
    this.leave();
    const waitMs = backoffMs(this.failures, this.around.random());
    this.failures += 1;
    this.enter({
      phase: "waiting",
      attempt: this.failures,
      retryAtMs: this.around.nowMs() + waitMs,
      message,
    });
    this.wait(waitMs, () => {
      this.climb();
    });
  }

  private finish(): void {
    this.leave();
    this.enter(CLOSED);
  }

  private wait(ms: number, action: () => void): void {
    this.cancelTimer();
    this.cancelTimer = this.around.after(ms, action);
  }
}
