/** Where the service's words about a refused task belong in its form. */

import type { FieldProblem } from "../api/http";
import type { Draft } from "./draft";

export interface Refusals {
  /** Name of a field of the form -> what is wrong with it. */
  readonly at: ReadonlyMap<string, string>;
  /** What has no field. */
  readonly homeless: readonly string[];
}

const NO_REFUSALS: Refusals = { at: new Map(), homeless: [] };

/** Fields of a row of the search space. */
const OF_ROW = ["low", "high", "step", "log", "choices", "type"];

/**
 * Fields are called `space`, `space.PATH`, `space.PATH.low` and so on, `objectives.0.metric`, `constraints.0`, `seeds`, `duration_s`,
 * and by the names of the draft.
 */
export function refusals(problems: readonly FieldProblem[], draft: Draft): Refusals {
  if (problems.length === 0) return NO_REFUSALS;
  const at = new Map<string, string>();
  const homeless: string[] = [];
  for (const { loc, msg } of problems) {
    const field = fieldOf(loc, draft);
    if (field === null) homeless.push(loc === "" ? msg : `${loc}: ${msg}`);
    else {
      const before = at.get(field);
      at.set(field, before === undefined ? msg : `${before}; ${msg}`);
    }
  }
  return { at, homeless };
}

const PLAIN = ["title", "sampler", "pruner", "experiments", "parallelism", "baseline"];

function fieldOf(loc: string, draft: Draft): string | null {
  const parts = loc.split(".");
  const [head = "", second = ""] = parts;
  if (PLAIN.includes(head)) return head;
  if (head === "stop") return ["target", "patience", "max_s"].includes(second) ? second : "target";
  if (head === "phases" || head === "seed") return "seeds";
  if (loc === "overrides.duration_s" || loc === "duration_s") return "duration_s";
  if (head === "objectives" || head === "constraints") {
    const rows = head === "objectives" ? draft.objectives : draft.constraints;
    const field = parts[2] ?? "metric";
    return second !== "" && rows[Number(second)] ? `${head}.${second}.${field}` : head;
  }
  if (head === "space") {
    const rest = parts.slice(1).join(".");
    const row = draft.space.find(({ path }) => rest === path || rest.startsWith(`${path}.`));
    if (!row) return "space";
    const inner = rest.slice(row.path.length + 1).split(".")[0] ?? "";
    return OF_ROW.includes(inner) && inner !== "type" ? `space.${row.path}.${inner}` : `space.${row.path}`;
  }
  return null;
}
