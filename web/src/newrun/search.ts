/** `/new?scenario=ieee34-ofo` opens the page with that scenario picked. */

export interface NewSearch {
  readonly scenario?: string;
}

export function newSearch(search: Readonly<Record<string, unknown>>): NewSearch {
  const { scenario } = search;
  return typeof scenario === "string" && scenario !== "" ? { scenario } : {};
}
