/** From series to the few points that a plot of a given width can show, keeping every minimum and maximum. */

import { bucketTicks, type Column, type Extremes } from "../stream/buffers";

/** Which extremes of a bucket are drawn: an envelope's lower edge needs only minima, its upper edge only maxima. */
export type Keep = "both" | "min" | "max";

export interface Trace {
  readonly column: Column;
  readonly keep: Keep;
  /** From the stored unit to the drawn one. Must not reverse the order. */
  readonly scale: (value: number) => number;
}

/** The shape that uPlot takes: x in s first, then one list a trace, `null` where there is nothing. */
export type Points = [number[], ...(number | null)[][]];

const found: Extremes = { lo: NaN, hi: NaN };

/**
 * Points of the ticks `[from, to)` for a plot `widthPx` wide: at most two a pixel. Buckets are aligned, so that points do not
 * dance while the stretch moves; the last one holds what there is of it.
 */
export function decimate(
  traces: readonly Trace[],
  from: number,
  to: number,
  length: number,
  tick_s: number,
  widthPx: number,
): Points {
  const ticks = bucketTicks(from, to, widthPx);
  const end = Math.min(to, length);
  const x: number[] = [];
  const columns = traces.map((): (number | null)[] => []);
  for (let at = from - (from % ticks); at < end; at += ticks) {
    x.push(at * tick_s);
    if (ticks > 1) x.push((at + ticks / 2) * tick_s);
    for (let i = 0; i < traces.length; i++) {
      const trace = traces[i];
      const column = columns[i];
      if (!trace || !column) continue;
      const { lo, hi } = trace.column.extremes(at, Math.min(at + ticks, end), found);
      const low = Number.isNaN(lo) ? null : trace.scale(trace.keep === "max" ? hi : lo);
      column.push(low);
      if (ticks > 1) column.push(Number.isNaN(hi) ? null : trace.scale(trace.keep === "min" ? lo : hi));
    }
  }
  return [x, ...columns];
}

/** Smallest and largest drawn value of the traces within `[from, to)`; NaN where there is none. */
export function extent(traces: readonly Trace[], from: number, to: number): readonly [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (const trace of traces) {
    const { lo, hi } = trace.column.extremes(from, to, found);
    if (Number.isNaN(lo)) continue;
    least = Math.min(least, trace.scale(lo));
    most = Math.max(most, trace.scale(hi));
  }
  return least <= most ? [least, most] : [NaN, NaN];
}
