/** Where the service's words about a refused operation belong in its form. */

import type { FieldProblem } from "../api/http";
import type { Draft } from "./draft";
import type { Op } from "./status";

export interface Refusals {
  /** Name of a field of the form -> what is wrong with it. */
  readonly at: ReadonlyMap<string, string>;
  /** What has no field. */
  readonly homeless: readonly string[];
}

/** Fields of the config that the form shows under their own names. */
const FIELDS: Readonly<Record<Op, readonly string[]>> = {
  characterize: ["name", "seed", "duration_s", "pv_points", "pv_max_scale", "sensitivity", "step"],
  heatmap: [
    "name",
    "seed",
    "duration_s",
    "param_x",
    "x_min",
    "x_max",
    "x_steps",
    "param_y",
    "y_min",
    "y_max",
    "y_steps",
    "metric",
  ],
  scan: ["duration_s", "feeders", "scenarios"],
};

/** Fields are called by their names, and `params.PATH`. */
export function refusals(problems: readonly FieldProblem[], op: Op, draft: Draft): Refusals {
  const at = new Map<string, string>();
  const homeless: string[] = [];
  for (const { loc, msg } of problems) {
    const field = fieldOf(loc, op, draft);
    if (field === null) homeless.push(loc === "" ? msg : `${loc}: ${msg}`);
    else {
      const before = at.get(field);
      at.set(field, before === undefined ? msg : `${before}; ${msg}`);
    }
  }
  return { at, homeless };
}

function fieldOf(loc: string, op: Op, draft: Draft): string | null {
  const [head = ""] = loc.split(".");
  if (FIELDS[op].includes(head)) return head;
  if (head !== "params") return null;
  const path = loc.slice("params.".length);
  const row = draft.changes.find((change) => path === change.path || path.startsWith(`${change.path}.`));
  return row ? `params.${row.path}` : null;
}
