/**
 * A WebSocket that comes back: back-off with full jitter, the close-code table, and a watchdog for connections that are
 * open but dead. Knows nothing of sessions. Socket, timer, clock and chance are passed in.
 */

import { backoffMs } from "./backoff";
import { verdict } from "./closeCodes";

/** The part of a browser's WebSocket that is used. */
export interface RawSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface Surroundings {
  readonly open: (url: string) => RawSocket;
  readonly random: () => number;
  readonly nowMs: () => number;
  /** Runs `action` once after `ms`; the answer cancels it. */
  readonly after: (ms: number, action: () => void) => () => void;
}

export type SocketState =
  | { readonly phase: "connecting"; readonly attempt: number }
  | { readonly phase: "open" }
  | {
      readonly phase: "waiting";
      readonly attempt: number;
      readonly retryAtMs: number;
      readonly message: string;
    }
  | { readonly phase: "closed"; readonly code: number; readonly message: string };

export interface SocketOptions {
  /** Asked at each connect, so that it can carry the newest `since`. */
  readonly url: () => string;
  readonly onMessage: (data: unknown) => void;
  readonly onState: (state: SocketState) => void;
}

/** The server answers pings at once. */
export const PING_EVERY_MS = 5_000;
/** Silence after a ping, or after a connect, that is taken for a dead connection. */
export const DEAD_AFTER_MS = 8_000;

export class ReturningSocket {
  state: SocketState = { phase: "closed", code: 1000, message: "" };
  private raw: RawSocket | null = null;
  private failures = 0;
  /** When the ping was sent that nothing came after yet. */
  private pingAtMs: number | null = null;
  private cancelTimer: () => void = () => undefined;
  private readonly options: SocketOptions;
  private readonly around: Surroundings;

  constructor(options: SocketOptions, around: Surroundings) {
    this.options = options;
    this.around = around;
  }

  /** Connects now, also while waiting for a retry; does nothing while a connection is open or being made. */
  connect(): void {
    if (this.raw) return;
    this.cancelTimer();
    this.enter({ phase: "connecting", attempt: this.failures });
    const raw = this.around.open(this.options.url());
    this.raw = raw;
    raw.onopen = () => {
      this.pingAtMs = null;
      this.watch();
      this.enter({ phase: "open" });
    };
    raw.onmessage = (event) => {
      // An accepted socket may still be refused a moment later; only a message proves that this connection is good.
      this.failures = 0;
      this.pingAtMs = null;
      this.options.onMessage(event.data);
    };
    raw.onclose = (event) => {
      this.lost(event.code, event.reason);
    };
    // A handshake that never answers is given up like a connection that falls silent.
    this.cancelTimer = this.around.after(DEAD_AFTER_MS, () => {
      this.abandon();
    });
  }

  /** False where there is no open connection: nothing is kept to be sent later. */
  send(message: object): boolean {
    if (this.state.phase !== "open" || !this.raw) return false;
    this.raw.send(JSON.stringify(message));
    return true;
  }

  /** Ends for good. */
  close(message = ""): void {
    const raw = this.detach();
    raw?.close(1000);
    this.enter({ phase: "closed", code: 1000, message });
  }

  private watch(): void {
    this.cancelTimer();
    this.cancelTimer = this.around.after(PING_EVERY_MS, () => {
      // Judged by an unanswered ping, not by the time since the last message: browsers run the timers of hidden tabs
      // as rarely as once a minute.
      const nowMs = this.around.nowMs();
      if (this.pingAtMs !== null && nowMs - this.pingAtMs >= DEAD_AFTER_MS) {
        this.abandon();
        return;
      }
      if (this.pingAtMs === null && this.send({ type: "ping" })) this.pingAtMs = nowMs;
      this.watch();
    });
  }

  /** A half-open connection answers `close()` only after the browser's own long time-out, so it is not waited for. */
  private abandon(): void {
    const raw = this.raw;
    this.lost(1006, "");
    raw?.close();
  }

  private lost(code: number, reason: string): void {
    this.detach();
    const { reconnect, message } = verdict(code);
    if (!reconnect) {
      this.enter({ phase: "closed", code, message: message || reason });
      return;
    }
    const waitMs = backoffMs(this.failures, this.around.random());
    this.failures += 1;
    this.cancelTimer = this.around.after(waitMs, () => {
      this.connect();
    });
    this.enter({
      phase: "waiting",
      attempt: this.failures,
      retryAtMs: this.around.nowMs() + waitMs,
      message,
    });
  }

  private detach(): RawSocket | null {
    this.cancelTimer();
    const raw = this.raw;
    if (raw) raw.onopen = raw.onmessage = raw.onclose = null;
    this.raw = null;
    return raw;
  }

  private enter(state: SocketState): void {
    this.state = state;
    this.options.onState(state);
  }
}

export const browser: Surroundings = {
  open: (url) => new WebSocket(url) as RawSocket,
  random: () => Math.random(),
  nowMs: () => Date.now(),
  after: (ms, action) => {
    const id = setTimeout(action, ms);
    return () => {
      clearTimeout(id);
    };
  },
};
