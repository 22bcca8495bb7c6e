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

export class Stage {
  readonly run: Run;
  view: View = { kind: "whole" };
  /** Tick under the crosshair. */
  pointed: number | null = null;
  /** Tick that a person chose: the crosshair stays there while no pointer moves it. */
  pinned: number | null = null;
  private readonly charts = new Set<Paintable>();
  private readonly viewWatchers = new Set<() => void>();
  private frame: number | null = null;
  private notBeforeMs = 0;
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
    for (const watcher of this.viewWatchers) watcher();
    this.request();
  }

  /** Tells when the stretch shown or the pin changes. */
  watchView(watcher: () => void): () => void {
    this.viewWatchers.add(watcher);
    return () => this.viewWatchers.delete(watcher);
  }

  point(tick: number | null): void {
    const history = this.run.history;
    if (!history || (tick === null && this.pointed === null)) return;
    const at = tick ?? this.pinned;
    this.pointed = at === null ? null : Math.max(0, Math.min(history.length - 1, at));
    for (const chart of this.charts) chart.point(history, this.pointed);
  }

  /** Holds the crosshair at a tick; `null` lets it go. */
  pin(tick: number | null): void {
    if (tick === this.pinned) return;
    this.pinned = tick;
    if (tick === null || this.pointed === null) this.point(tick);
    for (const watcher of this.viewWatchers) watcher();
    this.request();
  }

  /** What lines charts draw across the time: a key that changes when they do. */
  marksKey(history: History): string {
    return `${history.touches.length} ${this.pinned}`;
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

  /** The ticks shown, `[from, to)`; at least one wide. */
  range(history: History): readonly [from: number, to: number] {
    const { tick_s, n_ticks } = history.schema;
    const view = this.view;
    switch (view.kind) {
      case "whole":
        // A run that ended early has no more to show than it did.
        return [0, Math.max(1, this.run.ended && !this.run.catchingUp ? history.length : n_ticks)];
      case "newest": {
        const wide = Math.max(1, Math.round(view.seconds / tick_s));
        const to = Math.max(wide, history.length);
        return [to - wide, to];
      }
      case "chosen": {
        const from = Math.max(0, Math.floor(view.from_s / tick_s));
        return [from, Math.max(from + 1, Math.ceil(view.to_s / tick_s))];
      }
    }
  }

  private paint(): void {
    const history = this.run.history;
    if (!history) return;
    const began = performance.now();
    for (const chart of this.charts) chart.paint(history);
    if (this.pointed !== null) for (const chart of this.charts) chart.point(history, this.pointed);
    const ended = performance.now();
    this.notBeforeMs = ended + (ended - began) * (1 / DUTY - 1);
  }
}
