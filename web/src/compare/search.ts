/** `/compare?ids=a,b,c`: the runs in the order in which they are shown; the first is what the others are compared with. */

export interface CompareSearch {
  readonly ids?: string;
}

/** As many as there are colours that people can tell apart. */
export const MOST_RUNS = 8;

export function compareSearch(search: Readonly<Record<string, unknown>>): CompareSearch {
  const ids = idsOf(search["ids"]);
  return ids.length > 0 ? { ids: ids.join(",") } : {};
}

/** Each id once, in order. The router reads an id of digits as a number. */
export function idsOf(value: unknown): readonly string[] {
  if (typeof value !== "string" && typeof value !== "number") return [];
  const ids = String(value)
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "");
  return [...new Set(ids)].slice(0, MOST_RUNS);
}

export function idsText(ids: readonly string[]): CompareSearch {
  return ids.length > 0 ? { ids: ids.join(",") } : {};
}
