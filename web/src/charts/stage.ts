/**
 * What all charts of a run share: the stretch of time shown, the crosshair, and the one painter. Outside React: a chart joins
 * with `add` and is painted on an animation frame when something changed, never when a message arrives.
 */

import type { History } from "../stream/history";
import type { Run } from "../stream/run";

/** The stretch shown: the whole run, its newest seconds, or a stretch that a person chose. */
export type View =
  | { readonly kind: "whole" }
  | { readonly kind: "newest"; readonly seconds: number }
  | { readonly kind: "chosen"; readonly from_s: number; readonly to_s: number };

export interface Paintable {
  /** Draws the history as it is now. */
  paint(history: History): void;
  /** Shows the crosshair at a tick, or takes it away. */
  point(history: History, tick: number | null): void;
}

/** Painting may take at most this share of the main thread; slower machines paint less often rather than block. */
const DUTY = 0.5;
/** A frame that has painted for so long leaves the other charts to the next: people's clicks come in between. */
const FRAME_MS = 25;

export class Stage {
  readonly run: Run;
  view: View = { kind: "whole" };
  /** Tick under the crosshair. */
  pointed: number | null = null;
  /**
   * Tick that a person went back to: all that is shown is as of then, and the stretch stands still, until it is let go. The
   * run itself goes on.
   */
  seeked: number | null = null;
  /** End of the stretch shown while a view of the newest seconds stands still. */
  private heldTo = 0;
  /** A moment to go back to as soon as the run has come that far. */
  private wish_s: number | null = null;
  private readonly charts = new Set<Paintable>();
  private readonly viewWatchers = new Set<() => void>();
  private frame: number | null = null;
  private notBeforeMs = 0;
  /** Charts that the frame before had no time for. */
  private waiting: Paintable[] = [];
  private unwatch: (() => void) | null = null;

  constructor(run: Run) {
    this.run = run;
  }

  start(): () => void {
    this.unwatch = this.run.watch(() => {
      this.request();
    });
    this.request();
    return () => {
      this.unwatch?.();
      if (this.frame !== null) cancelAnimationFrame(this.frame);
      this.frame = null;
    };
  }

  add(chart: Paintable): () => void {
    this.charts.add(chart);
    this.request();
    return () => this.charts.delete(chart);
  }

  request(): void {
    this.frame ??= requestAnimationFrame((nowMs) => {
      this.frame = null;
      if (nowMs < this.notBeforeMs) {
        this.request();
        return;
      }
      this.paint();
    });
  }

  show(view: View): void {
    this.view = view;
    if (this.seeked !== null) this.hold(this.seeked);
    this.changed();
  }

  /** Tells when the stretch shown or the moment changes. */
  watchView(watcher: () => void): () => void {
    this.viewWatchers.add(watcher);
    return () => this.viewWatchers.delete(watcher);
  }

  point(tick: number | null): void {
    const history = this.run.history;
    if (!history || (tick === null && this.pointed === null)) return;
    const at = tick ?? this.seeked;
    this.pointed = at === null ? null : Math.max(0, Math.min(history.length - 1, at));
    for (const chart of this.charts) chart.point(history, this.pointed);
  }

  /** The tick that figures are read at: under the crosshair, else the one gone back to, else the newest; -1 before the first. */
  moment(history: History): number {
    return this.pointed ?? this.seeked ?? history.length - 1;
  }

  /** Goes back to a tick; to the newest one, or with `null`, back to live. */
  seek(tick: number | null): void {
    const history = this.run.history;
    const newest = (history?.length ?? 0) - 1;
    const to = tick === null || !history || tick >= newest ? null : Math.max(0, Math.round(tick));
    this.wish_s = null;
    if (to === this.seeked) return;
    if (to !== null && history) {
      if (this.seeked === null) this.heldTo = this.range(history)[1];
      this.seeked = to;
      this.hold(to);
    }
    this.seeked = this.pointed = to;
    if (history) for (const chart of this.charts) chart.point(history, to);
    this.changed();
  }

  /** Goes back to simulated time `t_s`, once it has come. */
  seekTime(t_s: number): void {
    this.wish_s = t_s;
    this.request();
  }

  /** Changes with what is known of the past, and with the lines that charts draw across the time. */
  pastKey(history: History): string {
    return `${history.revision} ${history.touches.length} ${this.seeked}`;
  }

  /** Moves the crosshair by a share of the stretch shown: for the arrow keys. */
  nudge(share: number): void {
    const history = this.run.history;
    if (!history) return;
    const [from, to] = this.range(history);
    const step = Math.sign(share) * Math.max(1, Math.round(Math.abs(share) * (to - from)));
    const start = this.pointed ?? (share > 0 ? from - step : Math.min(to, history.length) - step);
    this.point(Math.max(from, Math.min(to - 1, start + step)));
  }

  /** Ticks of the whole run: those planned, or of a run that ended early, those there were. */
  total({ length, schema }: History): number {
    return Math.max(1, this.run.ended && !this.run.catchingUp ? length : schema.n_ticks);
  }

  /** The ticks shown, `[from, to)`; at least one wide. */
  range(history: History): readonly [from: number, to: number] {
    const { tick_s } = history.schema;
    const view = this.view;
    switch (view.kind) {
      case "whole":
        return [0, this.total(history)];
      case "newest": {
        const wide = Math.max(1, Math.round(view.seconds / tick_s));
        const to = Math.max(wide, this.seeked === null ? history.length : this.heldTo);
        return [to - wide, to];
      }
      case "chosen": {
        const from = Math.max(0, Math.floor(view.from_s / tick_s));
        return [from, Math.max(from + 1, Math.ceil(view.to_s / tick_s))];
      }
    }
  }

  private changed(): void {
    for (const watcher of this.viewWatchers) watcher();
    this.request();
  }

  /** Moves a stretch that does not hold the tick so that it does, in the middle. */
  private hold(tick: number): void {
    const history = this.run.history;
    if (!history) return;
    const [from, to] = this.range(history);
    if (tick >= from && tick < to) return;
    const wide = to - from;
    const end = Math.max(wide, Math.min(history.length, Math.round(tick + wide / 2)));
    this.heldTo = end;
    if (this.view.kind === "chosen") {
      const { tick_s } = history.schema;
      this.view = { kind: "chosen", from_s: (end - wide) * tick_s, to_s: end * tick_s };
    }
  }

  private paint(): void {
    const history = this.run.history;
    if (!history) return;
    if (this.wish_s !== null && history.now_s > this.wish_s) {
      this.seek(Math.floor(this.wish_s / history.schema.tick_s + 1e-6));
    }
    const began = performance.now();
    let ended = began;
    if (this.waiting.length === 0) this.waiting = [...this.charts];
    while (ended - began < FRAME_MS) {
      const chart = this.waiting.shift();
      if (!chart) break;
      // May have left meanwhile.
      if (!this.charts.has(chart)) continue;
      chart.paint(history);
      if (this.pointed !== null) chart.point(history, this.pointed);
      ended = performance.now();
    }
    this.notBeforeMs = ended + (ended - began) * (1 / DUTY - 1);
    if (this.waiting.length > 0) this.request();
  }
}
