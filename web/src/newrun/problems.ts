/** Where the service's words about a refused run belong in the form. */

import type { FieldProblem } from "../api/http";

/** Fields of the request itself; every other place is a path into the scenario's configuration. */
export const RUN_FIELDS = ["scenario", "seed", "speed", "on_idle", "title"] as const;

/** Dotted path -> what is wrong there. Several words about one place become one. */
export function byPath(problems: readonly FieldProblem[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { loc, msg } of problems) {
    const path = loc.replace(/^overrides\.?/, "");
    const before = found.get(path);
    found.set(path, before === undefined ? msg : `${before}; ${msg}`);
  }
  return found;
}

/** Whether something is wrong at a path or below it. */
export function touches(problems: ReadonlyMap<string, string>, path: string): boolean {
  if (path === "") return problems.size > 0;
  return [...problems.keys()].some((key) => key === path || key.startsWith(`${path}.`));
}
