import { pu } from "../app/format";
import { PHASES } from "../stream/frames";
import type { History } from "../stream/history";
import type { TableData } from "./ChartTable";

/** All buses at a tick: their phases, and whether they are within the limits. */
export function busTable(history: History, tick: number): TableData {
  const { v_min, v_max } = history.schema;
  const rows = new Map<string, Map<string, number>>();
  for (const { bus, phase, v } of history.voltages) {
    const row = rows.get(bus) ?? new Map<string, number>();
    row.set(phase, v.at(tick));
    rows.set(bus, row);
  }
  return {
    columns: ["Bus", ...PHASES.map((phase) => `${phase.toUpperCase()} [pu]`), "Limits"],
    rows: [...rows].map(([bus, phases]) => {
      const values = [...phases.values()];
      const words = [
        values.some((v) => v < v_min) ? "under" : "",
        values.some((v) => v > v_max) ? "over" : "",
      ].filter(Boolean);
      return [
        bus,
        ...PHASES.map((phase) => (phases.has(phase) ? pu(phases.get(phase) ?? NaN) : "")),
        words.join(", ") || "within",
      ];
    }),
  };
}
