/** The list's filters as the address of the page tells them, so that a link shows the same list. */

import type { SessionFilter } from "../api/sessions";
import { word } from "../app/search";
import { SESSION_STATUSES } from "../stream/frames";

/** What the address says, without what is no filter. */
export function filterOf(search: Readonly<Record<string, unknown>>): SessionFilter {
  const status = SESSION_STATUSES.find((known) => known === search["status"]);
  const scenario = word(search["scenario"]);
  const owner = word(search["owner"]);
  return {
    ...(status === undefined ? {} : { status }),
    ...(scenario === undefined ? {} : { scenario }),
    ...(owner === undefined ? {} : { owner }),
  };
}

export function isFiltered(filter: SessionFilter): boolean {
  return Object.keys(filter).length > 0;
}
