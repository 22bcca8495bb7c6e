/** `gridcast` on the browser's console: what the page holds of each run that it shows, for those who doubt it. */

import type { Run } from "./run";

/** Of one run. Tick ranges are `[from, to)`. */
export interface Holding {
  readonly ticks: number;
  readonly offset: number;
  readonly epoch: string | null;
  readonly via: Run["via"];
  /** Not held tick by tick. */
  readonly missing: readonly { readonly from: number; readonly to: number }[];
  /** First tick without a voltage among those that are held, or null. */
  readonly firstEmpty: number | null;
}

declare global {
  interface Window {
    gridcast?: { readonly runs: Map<string, Run>; readonly holding: (sessionId: string) => Holding | null };
  }
}

function holding(run: Run): Holding {
  const { history, cursor, via } = run;
  const lines = history?.envelope[0]?.min;
  let firstEmpty: number | null = null;
  for (
    let tick = history?.holdings.fineFrom ?? 0;
    lines && tick < lines.length && firstEmpty === null;
    tick++
  ) {
    if (Number.isNaN(lines.at(tick))) firstEmpty = tick;
  }
  return {
    ticks: history?.length ?? 0,
    offset: cursor.offset,
    epoch: cursor.epoch,
    via,
    missing: history?.missing() ?? [],
    firstEmpty,
  };
}

/** Shows a run there until the answer is called. */
export function show(sessionId: string, run: Run): () => void {
  const runs = (window.gridcast ??= {
    runs: new Map<string, Run>(),
    holding: (id) => {
      const found = window.gridcast?.runs.get(id);
      return found ? holding(found) : null;
    },
  }).runs;
  runs.set(sessionId, run);
  return () => {
    if (runs.get(sessionId) === run) runs.delete(sessionId);
  };
}
