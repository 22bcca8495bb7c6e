/** Sums over the workers, without React. */

import type { Worker, Workforce } from "../api/workers";

export interface Totals {
  readonly slots: number;
  readonly used: number;
  /** The largest lag of a paced session; null where none tells one. */
  readonly worstLag_s: number | null;
}

export function totals({ workers }: Workforce): Totals {
  const lags = workers.flatMap(({ sessions }) =>
    sessions.flatMap(({ lag_s }) => (lag_s === null ? [] : [lag_s])),
  );
  return {
    slots: sum(workers.map(({ slots }) => slots)),
    used: sum(workers.map(({ sessions }) => sessions.length)),
    worstLag_s: lags.length > 0 ? Math.max(...lags) : null,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Under half a second nobody sees it. */
const LAG_SHOWN_S = 0.5;

export function lagText(lag_s: number | null): string {
  if (lag_s === null) return "–";
  return lag_s < LAG_SHOWN_S ? "on time" : `${lag_s.toFixed(1)} s behind`;
}

export function isFull({ slots, sessions }: Worker): boolean {
  return sessions.length >= slots;
}
