/** The rows of a scan's table: which, and in which order. Pure. */

import { CLASSES, type Place } from "../api/results";

export const COLUMNS = [
  { key: "name", label: "Site or scenario" },
  { key: "feeder", label: "Feeder" },
  { key: "class", label: "Class" },
  { key: "worst_vmin", label: "Lowest, pu" },
  { key: "worst_vmax", label: "Highest, pu" },
  { key: "violation_time_s", label: "Outside, s" },
  { key: "integral_violation_pu_s", label: "Violation, pu·s" },
  { key: "mean_power_kw", label: "Mean power, kW" },
  { key: "oscillation", label: "Turns a minute" },
] as const;
export type Column = (typeof COLUMNS)[number]["key"];

export interface Order {
  readonly column: Column;
  readonly backwards: boolean;
}

export interface ScanFilter {
  /** Empty: any. */
  readonly feeder: string;
  readonly class: string;
  readonly kind: string;
}

export const ALL: ScanFilter = { feeder: "", class: "", kind: "" };

export function keyOf({ kind, feeder, name }: Place): string {
  return `${kind} ${feeder} ${name}`;
}

function valueAt(place: Place, column: Column): number | string | null {
  // From harmless to worst.
  if (column !== "class") return place[column];
  return place.class === null ? null : CLASSES.indexOf(place.class);
}

/** What fits, ordered; in the order of the scan where no other is wished. What has no such figure comes last, whichever way round. */
export function rowsOf(places: readonly Place[], filter: ScanFilter, order: Order | null): readonly Place[] {
  const fitting = places.filter(
    (place) =>
      (filter.feeder === "" || place.feeder === filter.feeder) &&
      (filter.class === "" || place.class === filter.class) &&
      (filter.kind === "" || place.kind === filter.kind),
  );
  if (!order) return fitting;
  const sign = order.backwards ? -1 : 1;
  return fitting.sort((one, other) => {
    const [a, b] = [valueAt(one, order.column), valueAt(other, order.column)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  });
}
