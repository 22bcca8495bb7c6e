/** What a row of the list says of a run, without React. */

import type { Scenario } from "../api/scenarios";
import type { ListedSession } from "../api/sessions";

/** Names of OpenG2G's metrics. */
const LOWEST = "worst_vmin";
const HIGHEST = "worst_vmax";
const OUTSIDE = "violation_time_s";

export interface Outcome {
  readonly lowest_pu: number | null;
  readonly highest_pu: number | null;
  readonly outside_s: number | null;
}

/** The figures over the whole run; null before its end, when nobody has summed them up yet. */
export function outcomeOf({ summary }: ListedSession): Outcome {
  const metric = (name: string) => summary?.metrics[name] ?? null;
  return { lowest_pu: metric(LOWEST), highest_pu: metric(HIGHEST), outside_s: metric(OUTSIDE) };
}

/** The feeder that a run is on: its own choice, else its scenario's; null while the catalogue is not there. */
export function feederOf(session: ListedSession, scenarios: readonly Scenario[] | undefined): string | null {
  const own = session.schema?.feeder ?? session.overrides["feeder"];
  if (typeof own === "string") return own;
  return scenarios?.find(({ name }) => name === session.scenario)?.feeder ?? null;
}

/** `IEEE 13` for `ieee13`. */
export function feederName(feeder: string): string {
  return feeder.replace(/^ieee(\d+)$/, "IEEE $1");
}

export function share({ tick, n_ticks }: { readonly tick: number; readonly n_ticks: number }): number {
  return n_ticks > 0 ? Math.min(1, tick / n_ticks) : 0;
}
