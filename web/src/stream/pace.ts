/** How fast a run goes, and by how much it lags behind the pace asked for, by its own clock. */

import type { Json, SimEvent } from "./frames";

/** The newest tick's own clock readings. */
interface Sample {
  readonly ts: number;
  readonly t_s: number;
}

const WINDOW_S = 2;
/** Topic of the event by which a session says that it falls behind its pace. */
const LAG = "session.lag";
/** A session that lags says so every 5 s. */
const LAG_HOLDS_S = 7;

function lagOf(data: Json): number {
  const lag_s = typeof data === "object" && data !== null && "lag_s" in data ? data["lag_s"] : 0;
  return typeof lag_s === "number" ? lag_s : 0;
}

export class Pace {
  private samples: Sample[] = [];
  private lag: { readonly lag_s: number; readonly ts: number } | null = null;

  /** Simulated seconds a real second, over the last two seconds; null where that says nothing. */
  get speed(): number | null {
    const newest = this.samples.at(-1);
    const oldest = this.samples[0];
    if (!newest || !oldest || newest.ts - oldest.ts < 0.1) return null;
    return (newest.t_s - oldest.t_s) / (newest.ts - oldest.ts);
  }

  /** Seconds of lag, as lately told; null where the run keeps its pace. */
  get behind_s(): number | null {
    if (this.lag === null || (this.samples.at(-1)?.ts ?? 0) - this.lag.ts > LAG_HOLDS_S) return null;
    return this.lag.lag_s;
  }

  ticked(newest: Sample): void {
    this.samples.push(newest);
    while (this.samples.length > 2 && newest.ts - (this.samples[1]?.ts ?? newest.ts) >= WINDOW_S) {
      this.samples.shift();
    }
  }

  heard({ topic, data }: SimEvent, ts: number): void {
    if (topic === LAG) this.lag = { lag_s: lagOf(data), ts };
  }

  /** After a gap, which must not count as slow running. */
  restart(): void {
    this.samples = [];
  }

  /** It runs anew, or at another pace. */
  changed(): void {
    this.lag = null;
  }
}
