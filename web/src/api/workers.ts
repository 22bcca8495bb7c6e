import { queryOptions } from "@tanstack/react-query";

import { count, fields, figure, items, text } from "../stream/reader";
import { request } from "./http";

/** A session's child process. */
export interface WorkerSession {
  readonly id: string;
  readonly pid: number;
  readonly attempt: number;
  readonly tick: number;
  /** By how much a paced session is behind the wall clock; null where nobody knows. */
  readonly lag_s: number | null;
}
export interface Worker {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly slots: number;
  readonly sessions: readonly WorkerSession[];
}
export interface Workforce {
  /** Sessions that wait for a free slot. */
  readonly queue_depth: number;
  readonly workers: readonly Worker[];
}

function parseSession(value: unknown, path: string): WorkerSession {
  const from = fields(value, path);
  return {
    id: text(from["id"], `${path}.id`),
    pid: count(from["pid"], `${path}.pid`),
    attempt: count(from["attempt"], `${path}.attempt`),
    tick: count(from["tick"], `${path}.tick`),
    lag_s: figure(from["lag_s"], `${path}.lag_s`),
  };
}

export function parseWorkforce(value: unknown): Workforce {
  const from = fields(value, "workers");
  return {
    queue_depth: count(from["queue_depth"], "queue_depth"),
    workers: items(from["workers"], "workers", (element, path) => {
      const worker = fields(element, path);
      return {
        id: text(worker["id"], `${path}.id`),
        host: text(worker["host"], `${path}.host`),
        pid: count(worker["pid"], `${path}.pid`),
        slots: count(worker["slots"], `${path}.slots`),
        sessions: items(worker["sessions"], `${path}.sessions`, parseSession),
      };
    }),
  };
}

/** Heartbeats come once a second; the page of workers is the one that looks at them that often. */
export const workersQuery = (everyMs: number) =>
  queryOptions({
    queryKey: ["workers"],
    queryFn: ({ signal }) => request("/api/workers", parseWorkforce, { signal }),
    refetchInterval: everyMs,
  });
