/** What the addresses of the pages of analyses tell. */

import { word } from "../app/search";
import { TASK_STATUSES } from "../tasks/status";
import { KINDS, type Op, type OperationFilter, OPS } from "./status";

/** `/analyses?op=heatmap&status=running`. */
export function operationFilterOf(search: Readonly<Record<string, unknown>>): OperationFilter {
  const op = KINDS.find((known) => known === search["op"]);
  const status = TASK_STATUSES.find((known) => known === search["status"]);
  return { ...(op === undefined ? {} : { op }), ...(status === undefined ? {} : { status }) };
}

export interface NewOperationSearch {
  readonly op?: Op;
  readonly scenario?: string;
}

/** `/analyses/new?op=heatmap&scenario=ieee13-ofo`. */
export function newOperationSearch(search: Readonly<Record<string, unknown>>): NewOperationSearch {
  const op = OPS.find((known) => known === search["op"]);
  const scenario = word(search["scenario"]);
  return { ...(op === undefined ? {} : { op }), ...(scenario === undefined ? {} : { scenario }) };
}
