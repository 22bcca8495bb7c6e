/** The rows of the table of experiments: which, and in which order. Pure. */

import type { Experiment, TaskSpec } from "../api/tasks";
import { shown } from "../newrun/Fields";
import type { Json } from "../stream/frames";
import { keeps } from "./standing";

export const SHOWN = ["all", "running", "completed", "kept", "pruned", "failed"] as const;
export type Shown = (typeof SHOWN)[number];

/** `param:PATH`, `metric:NAME`, or one of the fields. */
export type Column =
  `param:${string}` | `metric:${string}` | "number" | "status" | "score" | "elapsed" | "ended";

export interface Order {
  readonly column: Column;
  readonly backwards: boolean;
}

/** As they were begun: while a task runs, rows change where they stand, and new ones come below. */
export const FIRST_ORDER: Order = { column: "number", backwards: false };

export function fits(experiment: Experiment, shown: Shown): boolean {
  if (shown === "all") return true;
  if (shown === "kept") return experiment.status === "completed" && keeps(experiment);
  return experiment.status === shown;
}

export function valueAt(experiment: Experiment, column: Column): Json {
  if (column.startsWith("param:")) return experiment.params[column.slice(6)] ?? null;
  if (column.startsWith("metric:")) return experiment.metrics[column.slice(7)] ?? null;
  switch (column) {
    case "number":
      return experiment.number;
    case "status":
      return experiment.status;
    case "score":
      return experiment.score;
    case "elapsed":
      return experiment.elapsed_s;
    default:
      return experiment.status === "running" ? 1e9 + experiment.number : experiment.iter;
  }
}

export function ordered(
  experiments: readonly Experiment[],
  { column, backwards }: Order,
): readonly Experiment[] {
  const sign = backwards ? -1 : 1;
  return [...experiments].sort((one, other) => {
    const [a, b] = [valueAt(one, column), valueAt(other, column)];
    // What has no such figure comes last, whichever way round.
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * shown(a).localeCompare(shown(b), "en", { numeric: true });
  });
}

/** Metrics worth a column: those that are judged, if the score is not the same figure. */
export function judged({
  objectives,
  constraints,
}: Pick<TaskSpec, "objectives" | "constraints">): readonly string[] {
  const names = [...objectives, ...constraints].map(({ metric }) => metric);
  const [only] = objectives;
  const plain = objectives.length === 1 && (only?.weight ?? 1) === 1 ? only?.metric : undefined;
  return [...new Set(names)].filter((name) => name !== plain);
}
