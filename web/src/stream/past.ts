/** Fetches what the page holds only in outline: the stretches that somebody looks at, and holes that the recording can fill. */

import type { Hole } from "./history";
import type { Run } from "./run";
import { Refused, type Server } from "./server";
import type { Surroundings } from "./surroundings";

/** Stretches of which the extremes are asked for: about the width of a plot on a large screen, in pixels. */
export const MAX_POINTS = 2_048;
/** Looks are gathered for so long: a pointer or a drag passes many ticks. */
const GATHER_MS = 120;
/** Around what is looked at, so that the next small step finds it there: a share of it, and at least so many ticks. */
const MARGIN = 0.25;
const LEAST_MARGIN = 256;
/** After a refusal nothing is asked for that long. */
const REST_MS = 10_000;

export class PastLoader {
  private asking = false;
  private cancel: (() => void) | null = null;
  private notBeforeMs = 0;
  /** Holes that the recording could not fill either: where they begin. */
  private readonly lost = new Set<number>();
  private readonly run: Run;
  private readonly server: Server;
  private readonly around: Surroundings;

  constructor(run: Run, server: Server, around: Surroundings) {
    this.run = run;
    this.server = server;
    this.around = around;
  }

  /** Looks now and then whether something was looked at in vain, until the answer is called. */
  start(): () => void {
    this.again();
    return () => {
      this.cancel?.();
      this.cancel = null;
    };
  }

  private again(): void {
    this.cancel = this.around.after(GATHER_MS, () => {
      void this.look();
      this.again();
    });
  }

  private async look(): Promise<void> {
    const { history } = this.run;
    if (!history || this.asking || this.run.loading || this.around.nowMs() < this.notBeforeMs) return;
    const wished = history.holdings.wished();
    // A slow connection has no room for what nobody looks at.
    const hole = this.run.conflated ? null : this.nextHole(history.holes);
    const [from, to] = hole ?? (wished ? this.widened(wished, history.length) : [0, 0]);
    if (from >= to) return;
    const held = history.holdings.detail(from, to);
    const stretch = Math.ceil((to - from) / MAX_POINTS);
    if (!hole && held && held.stretch <= stretch) return;
    this.asking = true;
    try {
      this.run.learn(await this.server.ticks(from, to, MAX_POINTS));
      if (hole) this.giveUp(history.holes, hole);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.notBeforeMs = this.around.nowMs() + REST_MS;
      if (hole && error.status >= 400 && error.status < 500) this.giveUp(history.holes, hole);
    } finally {
      this.asking = false;
    }
  }

  /** The first stretch of holes that lie close together. */
  private nextHole(holes: readonly Hole[]): readonly [from: number, to: number] | null {
    let stretch: readonly [from: number, to: number] | null = null;
    for (const { from, to } of holes) {
      if (this.lost.has(from)) continue;
      if (stretch && from - stretch[1] > LEAST_MARGIN) break;
      stretch = [stretch?.[0] ?? from, to];
    }
    return stretch;
  }

  /** What is a hole still will stay one. */
  private giveUp(holes: readonly Hole[], [begin, end]: readonly [from: number, to: number]): void {
    for (const { from, to } of holes) if (from >= begin && to <= end) this.lost.add(from);
  }

  private widened([from, to]: readonly [number, number], length: number): readonly [number, number] {
    const margin = Math.max(LEAST_MARGIN, Math.ceil((to - from) * MARGIN));
    return [Math.max(0, from - margin), Math.min(length, to + margin)];
  }
}
