/** How many ticks a configuration asks for, and about how long they take. */

import type { Session } from "../stream/frames";
import type { Json } from "../stream/frames";
import { isList, isObject } from "./config";

/** Ticks a second at full speed on one core, measured (docs/architecture.md, "What a session costs"). */
const MEASURED: Readonly<Record<string, number>> = { ieee13: 9_900, ieee34: 6_600, ieee123: 3_300 };
/** Of the slowest feeder: better to promise too little. */
const UNKNOWN = 3_300;
/** Periods are given in whole microseconds at the finest. */
const SCALE = 1e6;

/** The base tick in seconds: the greatest common divisor of all periods; null while a period is no positive number. */
export function tickOf(config: Json): number | null {
  if (!isObject(config)) return null;
  const periods = [config["grid_dt_s"]];
  for (const part of ["datacenters", "controllers"]) {
    const items = config[part];
    if (isList(items)) for (const item of items) if (isObject(item)) periods.push(item["dt_s"]);
  }
  let tick = 0;
  for (const period of periods) {
    // Left empty: it keeps its default, which is not finer than the others in any scenario.
    if (period === undefined) continue;
    if (typeof period !== "number" || !(period > 0)) return null;
    tick = divisor(tick, Math.round(period * SCALE));
  }
  return tick > 0 ? tick / SCALE : null;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

export function ticksOf(config: Json): number | null {
  const tick_s = tickOf(config);
  const duration_s = isObject(config) ? config["duration_s"] : undefined;
  if (tick_s === null || typeof duration_s !== "number" || !(duration_s > 0)) return null;
  // A hair is added: 3,600 / 0.1 must not become 35,999.
  return Math.floor(duration_s / tick_s + 1e-6);
}

export interface Pace {
  readonly ticks_per_s: number;
  /** Whether it was measured here, on runs of the same scenario. */
  readonly here: boolean;
}

/** Ticks a second at full speed: the median of what runs of this scenario did here, else what was measured elsewhere. */
export function paceOf(scenario: string, feeder: string, sessions: readonly Session[]): Pace {
  const rates = sessions
    .filter((session) => session.scenario === scenario && session.speed === "max")
    .flatMap(({ summary }) => (summary && summary.ticks_per_s > 0 ? [summary.ticks_per_s] : []))
    .sort((a, b) => a - b);
  const median = rates[Math.floor(rates.length / 2)];
  return median === undefined
    ? { ticks_per_s: MEASURED[feeder] ?? UNKNOWN, here: false }
    : { ticks_per_s: median, here: true };
}

/** Wall-clock seconds of a run of `ticks`: never faster than the machine, never faster than the chosen speed. */
export function wallOf(ticks: number, tick_s: number, speed: number | "max", pace: Pace): number {
  const fastest = ticks / pace.ticks_per_s;
  return speed === "max" ? fastest : Math.max(fastest, (ticks * tick_s) / speed);
}

/** `3 s`, `2 min`, `1.5 h`: as rough as the estimate is. */
export function roughly(seconds: number): string {
  if (seconds < 1.5) return "a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
