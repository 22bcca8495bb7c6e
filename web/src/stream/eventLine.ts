/** An event stream in the place of a WebSocket that is stripped on the way. */

import { backoffMs } from "./backoff";
import { EVENT_SILENCE_MS, FIRST_EVENT_MS } from "./patience";
import type { SocketState } from "./socket";
import type { RawEvents, Surroundings } from "./surroundings";

export interface EventLineParts {
  /** Asked at each connect, so that it can carry the newest `since`. */
  readonly path: () => string;
  readonly onMessage: (data: unknown) => void;
  /** Whether all that was to come has come: then its end is no loss. */
  readonly isOver: () => boolean;
  /** It was lost, and its time of waiting is over. */
  readonly onAgain: () => void;
  readonly onState: () => void;
}

export class EventLine {
  /** Null while it is not in use. */
  state: SocketState | null = null;
  private readonly parts: EventLineParts;
  private readonly around: Surroundings;
  private raw: RawEvents | null = null;
  private failures = 0;
  private cancelTimer: () => void = () => undefined;

  constructor(parts: EventLineParts, around: Surroundings) {
    this.parts = parts;
    this.around = around;
  }

  /** Does nothing while it is in use. */
  open(): void {
    if (this.raw) return;
    this.cancelTimer();
    const raw = this.around.events(this.parts.path());
    this.raw = raw;
    this.enter({ phase: "connecting", attempt: this.failures });
    const heard = (event: { data: unknown }) => {
      this.failures = 0;
      if (this.state?.phase !== "open") this.enter({ phase: "open" });
      this.wait(EVENT_SILENCE_MS, () => {
        this.again("The event stream fell silent.");
      });
      this.parts.onMessage(event.data);
    };
    raw.onmessage = heard;
    raw.addEventListener("heartbeat", heard);
    raw.onerror = () => {
      if (this.parts.isOver()) this.end({ phase: "closed", code: 1000, message: "" });
      else this.again("The event stream was lost.");
    };
    this.wait(FIRST_EVENT_MS, () => {
      this.again("The event stream does not get through.");
    });
  }

  close(): void {
    if (this.state) this.end(null);
  }

  private again(message: string): void {
    const waitMs = backoffMs(this.failures, this.around.random());
    this.failures += 1;
    this.end({
      phase: "waiting",
      attempt: this.failures,
      retryAtMs: this.around.nowMs() + waitMs,
      message,
    });
    this.wait(waitMs, () => {
      this.end(null);
      this.parts.onAgain();
    });
  }

  private end(state: SocketState | null): void {
    this.cancelTimer();
    if (this.raw) this.raw.onmessage = this.raw.onerror = null;
    this.raw?.close();
    this.raw = null;
    this.enter(state);
  }

  private wait(ms: number, action: () => void): void {
    this.cancelTimer();
    this.cancelTimer = this.around.after(ms, action);
  }

  private enter(state: SocketState | null): void {
    this.state = state;
    this.parts.onState();
  }
}
