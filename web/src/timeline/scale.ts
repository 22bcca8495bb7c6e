/** Between ticks of the whole run and pixels of its timeline, and what stands where on it. Pure. */

import type { Extremes } from "../stream/buffers";
import type { History } from "../stream/history";
import type { LogLine } from "../stream/log";

/** Left edge of a tick, in px. */
export function xOf(tick: number, ticks: number, width: number): number {
  return (tick / Math.max(1, ticks)) * width;
}

/** The tick under a pixel; within the run. */
export function tickAt(x: number, ticks: number, width: number): number {
  const tick = Math.floor((x / Math.max(1, width)) * ticks);
  return Math.max(0, Math.min(ticks - 1, tick));
}

export type Step = "back" | "forth" | "farBack" | "farForth" | "first" | "live";

const STEPS_S = { back: -1, forth: 1, farBack: -60, farForth: 60 } as const;

/** Where a key leads from a tick: a tick, or null for the live edge. */
export function stepFrom(tick: number, step: Step, newest: number, tick_s: number): number | null {
  if (step === "first") return 0;
  if (step === "live") return null;
  const ticks = Math.round(STEPS_S[step] / tick_s) || Math.sign(STEPS_S[step]);
  const to = tick + ticks;
  return to >= newest ? null : Math.max(0, to);
}

const found: Extremes = { lo: NaN, hi: NaN };

/** Which pixel columns of a timeline hold a voltage out of the limits. Looks at each tick once as the run goes on. */
export class Violations {
  readonly under: Uint8Array;
  readonly over: Uint8Array;
  private readonly ticks: number;
  private done = 0;

  constructor(width: number, ticks: number) {
    this.under = new Uint8Array(width);
    this.over = new Uint8Array(width);
    this.ticks = Math.max(1, ticks);
  }

  /** Takes in what has come of the history. */
  extend(history: History): void {
    const { v_min, v_max } = history.schema;
    const width = this.under.length;
    const perColumn = this.ticks / width;
    const end = Math.min(history.length, this.ticks);
    // The column that was begun is looked at again: it may have been incomplete.
    for (let column = Math.floor(this.done / perColumn); column < width; column++) {
      const from = Math.floor(column * perColumn);
      if (from >= end) break;
      const to = Math.min(end, Math.max(from + 1, Math.ceil((column + 1) * perColumn)));
      for (const { min, max } of history.envelope) {
        if (min.extremes(from, to, found).lo < v_min) this.under[column] = 1;
        if (max.extremes(from, to, found).hi > v_max) this.over[column] = 1;
      }
    }
    this.done = end;
  }
}

/** A command on the timeline: who, what, when. */
export interface Marker {
  readonly t_s: number;
  readonly text: string;
  readonly refused: boolean;
}

export function markersOf(lines: readonly LogLine[]): readonly Marker[] {
  return lines
    .filter(({ kind, t_s }) => kind === "command" && t_s !== null)
    .map(({ t_s, by, text, bad }) => ({ t_s: t_s ?? 0, text: `${by} ${text}`, refused: bad }))
    .sort((one, other) => one.t_s - other.t_s);
}

/** The markers within `reach` px of a pixel. */
export function markersNear(
  markers: readonly Marker[],
  x: number,
  reach: number,
  total_s: number,
  width: number,
): readonly Marker[] {
  return markers.filter(({ t_s }) => Math.abs((t_s / total_s) * width - x) <= reach);
}

/** `45 s`, `12 min 03 s`, `1 h 02 min`: a stretch of simulated time as people say it. */
export function span(t_s: number): string {
  const whole = Math.floor(t_s + 1e-6);
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 60) return t_s < 10 ? `${(Math.floor(t_s * 10 + 1e-6) / 10).toString()} s` : `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
}

/** How far behind, in the largest unit alone: `4 min`. */
export function roughly(t_s: number): string {
  if (t_s < 60) return span(t_s);
  return t_s < 3600 ? `${Math.round(t_s / 60)} min` : span(t_s);
}
