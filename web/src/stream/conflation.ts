/**
 * Whether this page takes every tick of a run, or over a connection that cannot carry them the newest alone (`mode=latest`). Decides from
 * what comes and when; knows no timers and no sockets.
 */

/**
 * A paced run's ticks that come this late, for so long, while they do come: the connection is the reason. A good one carries the log of the
 * time before this page in less.
 */
export const LATE_S = 5;
export const LATE_FOR_MS = 4_000;
/** Nothing was left out or late for so long: the connection carries all. Doubled each time that this was an error. */
export const CALM_MS = 15_000;
const MOST_CALM_MS = 300_000;

export class Conflation {
  /** The mode in force. */
  latest = false;
  private lateSinceMs: number | null = null;
  private calmSinceMs = 0;
  private calmMs = CALM_MS;
  private allSinceMs = Number.NEGATIVE_INFINITY;

  /** Ticks came. `late_s`: their age; null where nothing can be late, such as at full speed. Answers whether the mode is another one now. */
  ticks(late_s: number | null, nowMs: number): boolean {
    if (this.latest) {
      // What lies in buffers on the way is late too.
      if (late_s !== null && late_s > LATE_S) this.calmSinceMs = nowMs;
      if (nowMs - this.calmSinceMs < this.calmMs) return false;
      this.latest = false;
      this.lateSinceMs = null;
      this.allSinceMs = nowMs;
      return true;
    }
    if (late_s === null || late_s <= LATE_S) {
      this.lateSinceMs = null;
      return false;
    }
    this.lateSinceMs ??= nowMs;
    if (nowMs - this.lateSinceMs < LATE_FOR_MS) return false;
    this.tooSlow(nowMs);
    return true;
  }

  /** Ticks were left out. */
  skipped(nowMs: number): void {
    this.calmSinceMs = nowMs;
  }

  /** The connection could not carry all: the next takes the newest alone. */
  tooSlow(nowMs: number): void {
    if (this.latest) return;
    const tooSoon = nowMs - this.allSinceMs < 4 * this.calmMs;
    this.calmMs = tooSoon ? Math.min(MOST_CALM_MS, 2 * this.calmMs) : CALM_MS;
    this.latest = true;
    this.calmSinceMs = nowMs;
  }

  /** The run is over, or this page has let go of it. */
  end(): void {
    this.latest = false;
    this.lateSinceMs = null;
  }
}
