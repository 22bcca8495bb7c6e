/** What the diagram says of each bus at a tick: its worst voltage, and whether that is within the limits. */

import type { Column } from "../stream/buffers";
import type { Phase } from "../stream/frames";
import type { History } from "../stream/history";

export type Standing = "inside" | "under" | "over" | "unknown";

export interface BusVoltages {
  readonly phases: readonly { readonly phase: Phase; readonly v: Column }[];
}

/** By bus; a bus that is not monitored is not there. */
export function voltagesByBus(history: History): ReadonlyMap<string, BusVoltages> {
  const found = new Map<string, { phase: Phase; v: Column }[]>();
  for (const { bus, phase, v } of history.voltages) {
    const list = found.get(bus);
    if (list) list.push({ phase, v });
    else found.set(bus, [{ phase, v }]);
  }
  for (const list of found.values()) list.sort((one, other) => one.phase.localeCompare(other.phase));
  return new Map([...found].map(([bus, phases]) => [bus, { phases }]));
}

/** The voltage of a bus furthest from the middle of the limits; NaN where there is none. */
export function worstPhase({ phases }: BusVoltages, tick: number, v_min: number, v_max: number): number {
  const middle = (v_min + v_max) / 2;
  let worst = NaN;
  let away = -1;
  for (const { v } of phases) {
    const value = v.at(tick);
    const distance = Math.abs(value - middle);
    if (distance > away) [worst, away] = [value, distance];
  }
  return worst;
}

export function standing(v: number, v_min: number, v_max: number): Standing {
  if (Number.isNaN(v)) return "unknown";
  return v < v_min ? "under" : v > v_max ? "over" : "inside";
}

const WORDS: Readonly<Record<Standing, string>> = {
  inside: "within the limits",
  under: "under the limit",
  over: "over the limit",
  unknown: "not monitored",
};

export function standingWord(of: Standing): string {
  return WORDS[of];
}
