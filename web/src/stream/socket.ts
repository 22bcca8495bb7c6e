/**
 * A WebSocket that comes back: back-off with full jitter, the close-code table, and a watchdog for connections that are
 * open but dead. Knows nothing of sessions. Socket, timer, clock and chance are passed in.
 */

import { backoffMs } from "./backoff";
import { verdict } from "./closeCodes";
import type { RawSocket, Surroundings } from "./surroundings";

export type { RawSocket, Surroundings } from "./surroundings";

export type SocketState =
  | { readonly phase: "connecting"; readonly attempt: number }
  | { readonly phase: "open" }
  /** This page closed it; the other side has not said so yet. */
  | { readonly phase: "closing" }
  | {
      readonly phase: "waiting";
      readonly attempt: number;
      readonly retryAtMs: number;
      readonly message: string;
      /** As the server closed it. */
      readonly closed?: { readonly code: number; readonly reason: string };
    }
  | { readonly phase: "closed"; readonly code: number; readonly message: string };

export interface SocketOptions {
  /** What it is called on the browser's console, where it tells its states and messages at debug level. */
  readonly name: string;
  /** Asked at each connect, so that it can carry the newest `since`. */
  readonly url: () => string;
  readonly onMessage: (data: unknown) => void;
  readonly onState?: (state: SocketState) => void;
  /** Connects in a row that may fail; without end where it is not given. */
  readonly attempts?: number;
  /** Sent when nothing was heard for a while. Null where the server takes nothing in: then only the browser notices a dead connection. */
  readonly ping?: object | null;
}

/** The names that browsers give to the states of a WebSocket. */
export type ReadyState = "CONNECTING" | "OPEN" | "CLOSING" | "CLOSED";

export function readyState({ phase }: SocketState): ReadyState {
  const names = { connecting: "CONNECTING", open: "OPEN", closing: "CLOSING" } as const;
  return phase === "waiting" || phase === "closed" ? "CLOSED" : names[phase];
}

/** Messages kept for who comes to look. */
export const KEPT_MESSAGES = 100;
/** How long the other side has to answer a close. */
export const CLOSE_WITHIN_MS = 1_000;

/** The server answers pings at once. */
export const PING_EVERY_MS = 5_000;
/** Silence after a ping, or after a connect, that is taken for a dead connection. */
export const DEAD_AFTER_MS = 8_000;

/** Type, offset and size of a message. Never a piece of its text: on the console that would keep the whole of it in memory. */
export function gist(data: unknown): string {
  if (typeof data !== "string") return typeof data;
  const head = /^\{(?:"offset":(\d+),)?"type":"(\w{1,24})"/.exec(data);
  const what = head ? `${String(head[2])} ${head[1] ?? ""}`.trim() : "message";
  return `${what}, ${data.length} characters`;
}

export class ReturningSocket {
  state: SocketState = { phase: "closed", code: 1000, message: "" };
  /** The newest messages, oldest first. */
  readonly messages: unknown[] = [];
  private raw: RawSocket | null = null;
  /** The one that was closed and has not ended yet. */
  private closing: RawSocket | null = null;
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
    this.letGo();
    // Somebody asks again after all attempts were used up.
    if (this.state.phase === "closed") this.failures = 0;
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
      console.debug(this.options.name, "message", gist(event.data));
      this.messages.push(event.data);
      if (this.messages.length > KEPT_MESSAGES) this.messages.shift();
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

  /** Ends for good, unless `connect` is called again. `atOnce`: without waiting for the other side, and without keeping what it said. */
  close(message = "", atOnce = false): void {
    const raw = this.detach();
    this.letGo();
    const closed: SocketState = { phase: "closed", code: 1000, message };
    if (atOnce) this.messages.length = 0;
    if (!raw || atOnce) {
      raw?.close(1000);
      this.enter(closed);
      return;
    }
    const done = () => {
      this.cancelTimer();
      this.letGo();
      this.enter(closed);
    };
    this.closing = raw;
    raw.onclose = done;
    this.cancelTimer = this.around.after(CLOSE_WITHIN_MS, done);
    this.enter({ phase: "closing" });
    raw.close(1000);
  }

  private letGo(): void {
    if (this.closing) this.closing.onclose = null;
    this.closing = null;
  }

  private watch(): void {
    this.cancelTimer();
    const { ping = { type: "ping" } } = this.options;
    if (ping === null) return;
    this.cancelTimer = this.around.after(PING_EVERY_MS, () => {
      // Judged by an unanswered ping, not by the time since the last message: browsers run the timers of hidden tabs
      // as rarely as once a minute.
      const nowMs = this.around.nowMs();
      if (this.pingAtMs !== null && nowMs - this.pingAtMs >= DEAD_AFTER_MS) {
        this.abandon();
        return;
      }
      if (this.pingAtMs === null && this.send(ping)) this.pingAtMs = nowMs;
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
    if (this.failures >= (this.options.attempts ?? Infinity)) {
      this.enter({ phase: "closed", code, message: message || reason });
      return;
    }
    this.cancelTimer = this.around.after(waitMs, () => {
      this.connect();
    });
    this.enter({
      phase: "waiting",
      attempt: this.failures,
      retryAtMs: this.around.nowMs() + waitMs,
      message,
      closed: { code, reason },
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
    console.debug(this.options.name, state);
    this.options.onState?.(state);
  }
}
