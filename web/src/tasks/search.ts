/** What the addresses of the pages of tasks tell. */

import { word } from "../app/search";
import { TASK_STATUSES, type TaskFilter } from "./status";

/** `/tasks?status=running&scenario=ieee13-ofo`. */
export function taskFilterOf(search: Readonly<Record<string, unknown>>): TaskFilter {
  const status = TASK_STATUSES.find((known) => known === search["status"]);
  const scenario = word(search["scenario"]);
  return { ...(status === undefined ? {} : { status }), ...(scenario === undefined ? {} : { scenario }) };
}

export interface NewTaskSearch {
  readonly scenario?: string;
}

/** `/tasks/new?scenario=ieee34-ofo`. */
export function newTaskSearch(search: Readonly<Record<string, unknown>>): NewTaskSearch {
  const scenario = word(search["scenario"]);
  return scenario === undefined ? {} : { scenario };
}

export interface TaskSearch {
  readonly experiment?: string;
}

/** `/tasks/t1?experiment=t1-7` shows that experiment. */
export function taskSearch(search: Readonly<Record<string, unknown>>): TaskSearch {
  const experiment = word(search["experiment"]);
  return experiment === undefined ? {} : { experiment };
}
