/** Voltage against distance: which points and lines a profile has, and when the run was at its worst. Pure. */

import type { Column, Extremes } from "../stream/buffers";
import type { Phase } from "../stream/frames";
import type { History } from "../stream/history";
import { distances_km } from "../diagram/graph";
import type { Feeder } from "../api/feeder";

export interface ProfilePoint {
  readonly bus: string;
  readonly phase: Phase;
  readonly km: number;
  readonly v: Column;
}

export interface Profile {
  readonly points: readonly ProfilePoint[];
  /** Pairs of points that a line, switch, transformer or regulator joins. */
  readonly links: readonly (readonly [from: ProfilePoint, to: ProfilePoint])[];
  readonly most_km: number;
}

/** Monitored bus phases by their distance from the source. What is not monitored has no point, and breaks the line. */
export function profileOf(feeder: Feeder, history: History): Profile {
  const far = distances_km(feeder);
  const points = history.voltages.flatMap(({ bus, phase, v }): ProfilePoint[] => {
    const km = far.get(bus);
    return km === undefined ? [] : [{ bus, phase, km, v }];
  });
  const byName = new Map(points.map((point) => [`${point.bus}.${point.phase}`, point]));
  const links = feeder.edges.flatMap(({ from, to, phases }) =>
    phases.flatMap((phase): (readonly [ProfilePoint, ProfilePoint])[] => {
      const [one, other] = [byName.get(`${from}.${phase}`), byName.get(`${to}.${phase}`)];
      return one && other ? [[one, other]] : [];
    }),
  );
  return { points, links, most_km: points.reduce((most, { km }) => Math.max(most, km), 0) };
}

export interface Worst {
  readonly tick: number;
  /** Beyond the nearer limit; negative while every voltage is within. */
  readonly beyond_pu: number;
}

const found: Extremes = { lo: NaN, hi: NaN };

interface Peak {
  readonly beyond_pu: number;
  readonly column: Column;
  readonly value: number;
  readonly side: "lo" | "hi";
}

/** A look at the whole run is cheap; finding the tick is not, and is done again only when the peak is another one. */
const remembered = new WeakMap<History, { readonly key: string; readonly worst: Worst }>();

/** The tick at which a voltage was furthest beyond a limit, or nearest to one; null before the first tick. */
export function worstMoment(history: History): Worst | null {
  const peak = peakOf(history);
  if (!peak) return null;
  const key = `${peak.value} ${peak.side} ${history.revision}`;
  const known = remembered.get(history);
  if (known?.key === key) return known.worst;
  const worst = { tick: tickOf(peak, history.length), beyond_pu: peak.beyond_pu };
  remembered.set(history, { key, worst });
  return worst;
}

function peakOf(history: History): Peak | null {
  const { v_min, v_max } = history.schema;
  let peak: Peak | null = null;
  for (const { min, max } of history.envelope) {
    const { lo } = min.extremes(0, history.length, found);
    if (v_min - lo > (peak?.beyond_pu ?? -Infinity)) {
      peak = { beyond_pu: v_min - lo, column: min, value: lo, side: "lo" };
    }
    const { hi } = max.extremes(0, history.length, found);
    if (hi - v_max > (peak?.beyond_pu ?? -Infinity)) {
      peak = { beyond_pu: hi - v_max, column: max, value: hi, side: "hi" };
    }
  }
  return peak;
}

/** Halves the stretch, and keeps to the first half that holds the peak. */
function tickOf({ column, value, side }: Peak, length: number): number {
  let from = 0;
  let to = length;
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (column.extremes(from, middle, found)[side] === value) to = middle;
    else from = middle;
  }
  return from;
}
