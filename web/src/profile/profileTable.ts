import { pu } from "../app/format";
import type { TableData } from "../charts/ChartTable";
import type { Feeder } from "../api/feeder";
import { PHASES } from "../stream/frames";
import type { History } from "../stream/history";
import { profileOf, worstMoment } from "./profile";

/** The profile as figures: buses by distance, at a tick and at the worst one. */
export function profileTable(feeder: Feeder, history: History, tick: number): TableData {
  const worst = worstMoment(history);
  const rows = new Map<string, { readonly km: number; readonly now: string[]; readonly then: string[] }>();
  for (const { bus, phase, km, v } of profileOf(feeder, history).points) {
    const row = rows.get(bus) ?? { km, now: PHASES.map(() => ""), then: PHASES.map(() => "") };
    row.now[PHASES.indexOf(phase)] = pu(v.at(tick));
    if (worst) row.then[PHASES.indexOf(phase)] = pu(v.at(worst.tick));
    rows.set(bus, row);
  }
  const letters = PHASES.map((phase) => phase.toUpperCase());
  return {
    columns: [
      "Bus",
      "Distance [km]",
      ...letters.map((phase) => `${phase} now`),
      ...letters.map((phase) => `${phase} worst`),
    ],
    rows: [...rows]
      .sort(([, one], [, other]) => one.km - other.km)
      .map(([bus, { km, now, then }]) => [bus, km.toFixed(2), ...now, ...then]),
  };
}
