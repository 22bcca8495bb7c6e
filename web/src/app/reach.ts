/**
 * Whether the service answers, as this page's own requests found out. While it does not, it is asked now and then; nothing that was
 * shown before is thrown away meanwhile, so it has to be said that it may be old.
 */

import { Problem } from "../api/http";

/** A proxy in front of a service that is away answers with these. */
const AWAY = new Set([0, 502, 504]);
const FIRST_LOOK_MS = 1_000;
const LONGEST_MS = 10_000;

export interface ReachState {
  readonly away: boolean;
  /** When the service was found to be away (this page's clock). */
  readonly sinceMs: number;
}

interface Surroundings {
  readonly nowMs: () => number;
  readonly after: (ms: number, action: () => void) => () => void;
  /** Whether the service answers now. */
  readonly look: () => Promise<boolean>;
}

export class Reach {
  state: ReachState = { away: false, sinceMs: 0 };
  private waitMs = FIRST_LOOK_MS;
  private cancel: () => void = () => undefined;
  private readonly watchers = new Set<() => void>();
  private readonly around: Surroundings;

  constructor(around: Surroundings) {
    this.around = around;
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** A request failed; it says something of the service only where nobody answered. */
  failed(error: unknown): void {
    if (!(error instanceof Problem && AWAY.has(error.status)) || this.state.away) return;
    this.waitMs = FIRST_LOOK_MS;
    this.enter({ away: true, sinceMs: this.around.nowMs() });
    this.lookLater();
  }

  /** A request was answered. */
  answered(): void {
    this.cancel();
    if (this.state.away) this.enter({ away: false, sinceMs: 0 });
  }

  /** Asks now. */
  async look(): Promise<void> {
    this.cancel();
    if (await this.around.look()) this.answered();
    else if (this.state.away) this.lookLater();
  }

  private lookLater(): void {
    this.cancel = this.around.after(this.waitMs, () => void this.look());
    this.waitMs = Math.min(2 * this.waitMs, LONGEST_MS);
  }

  private enter(state: ReachState): void {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

async function healthy(): Promise<boolean> {
  try {
    return !AWAY.has((await fetch("/healthz", { cache: "no-store" })).status);
  } catch {
    return false;
  }
}

export const reach = new Reach({
  nowMs: () => Date.now(),
  after: (ms, action) => {
    const id = setTimeout(action, ms);
    return () => {
      clearTimeout(id);
    };
  },
  look: healthy,
});
