import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { type Kind, KINDS, type Op, type OperationFilter } from "../operations/status";
import { VISIBILITIES, type Visibility } from "../stream/frames";
import {
  count,
  type Fields,
  fields,
  figure,
  json,
  number,
  oneOf,
  optionalText,
  record,
  text,
} from "../stream/reader";
import { TASK_STATUSES, type TaskStatus } from "../tasks/status";
import { page, remove, request } from "./http";
import { parseResult } from "./parseResults";
import type { Result } from "./results";
import type { Params } from "./tasks";

/** How far it is. */
export interface Progress {
  /** Points that are over, of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly pct: number;
  readonly msg: string;
  readonly eta_s: number | null;
}

export interface Operation {
  readonly id: string;
  readonly op: Kind;
  readonly title: string;
  /** What was asked, every default filled in. */
  readonly config: Params;
  readonly status: TaskStatus;
  readonly reason: string | null;
  readonly progress: Progress;
  readonly simulations: number;
  /** Simulations that somebody had asked for before. */
  readonly cached: number;
  readonly created: number;
  readonly started: number | null;
  readonly ended: number | null;
  readonly attempt: number;
  readonly owner: string;
  readonly visibility: Visibility;
  /** Null until it has completed, and in lists. */
  readonly result: Result | null;
}

/** What an operation is asked, as `POST /api/operations/{op}` takes it. What is as it would be anyway is left out. */
export interface NewOperation {
  readonly op: Op;
  readonly config: Params;
}

export function parseProgress(from: Fields, path: string): Progress {
  return {
    step: count(from["step"], `${path}.step`),
    steps: count(from["steps"], `${path}.steps`),
    pct: number(from["pct"], `${path}.pct`),
    msg: optionalText(from["msg"], `${path}.msg`) ?? "",
    eta_s: figure(from["eta_s"], `${path}.eta_s`),
  };
}

export function parseOperation(value: unknown, path = "operation"): Operation {
  const from = fields(value, path);
  const result = from["result"];
  return {
    id: text(from["id"], `${path}.id`),
    op: oneOf(from["op"], KINDS, `${path}.op`),
    title: text(from["title"], `${path}.title`),
    config: record(from["config"], `${path}.config`, json),
    status: oneOf(from["status"], TASK_STATUSES, `${path}.status`),
    reason: optionalText(from["reason"], `${path}.reason`),
    progress: parseProgress(fields(from["progress"], `${path}.progress`), `${path}.progress`),
    simulations: count(from["simulations"], `${path}.simulations`),
    cached: count(from["cached"], `${path}.cached`),
    created: number(from["created"], `${path}.created`),
    started: figure(from["started"], `${path}.started`),
    ended: figure(from["ended"], `${path}.ended`),
    attempt: count(from["attempt"], `${path}.attempt`),
    owner: text(from["owner"], `${path}.owner`),
    visibility: oneOf(from["visibility"], VISIBILITIES, `${path}.visibility`),
    result: result === null || result === undefined ? null : parseResult(result, `${path}.result`),
  };
}

export function isOver({ status }: Pick<Operation, "status">): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

const PAGE = 50;
/** A list has no socket of its own: it looks again while something is under way, and for what others start meanwhile. */
const WHILE_RUNNING_MS = 3_000;
const LOOK_AGAIN_MS = 30_000;

export const OPERATION_LISTS = ["operations", "list"] as const;

/** Operations without their results, newest first, page by page. */
export const operationsQuery = (filter: OperationFilter) =>
  infiniteQueryOptions({
    queryKey: [...OPERATION_LISTS, filter] as const,
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams({ limit: String(PAGE) });
      for (const [name, value] of Object.entries(filter)) {
        if (typeof value === "string") query.set(name, value);
      }
      if (pageParam !== null) query.set("cursor", pageParam);
      return request(`/api/operations?${query}`, (body) => page(body, parseOperation), { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ items }) => items.some((operation) => !isOver(operation)))
        ? WHILE_RUNNING_MS
        : LOOK_AGAIN_MS,
  });

const at = (operationId: string) => `/api/operations/${encodeURIComponent(operationId)}`;

/** The operation as it is now, with its result once it has completed. */
export const operationQuery = (operationId: string) =>
  queryOptions({
    queryKey: ["operations", operationId, "detail"] as const,
    queryFn: ({ signal }) => request(at(operationId), (body) => parseOperation(body), { signal }),
  });

/** `key` names the wish: the same key sent twice starts one operation. Answers at once; its channel tells the rest. */
export function createOperation({ op, config }: NewOperation, key: string): Promise<Operation> {
  return request(`/api/operations/${op}?wait=false`, (body) => parseOperation(body), {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(config),
  });
}

export function cancelOperation(operationId: string): Promise<Operation> {
  return request(`${at(operationId)}/cancel`, (body) => parseOperation(body), { method: "POST" });
}

/** Ends an operation and deletes all that is known of it. */
export function deleteOperation(operationId: string): Promise<void> {
  return remove(at(operationId));
}

/** Where the whole of it is, as a file. */
export function operationPath(operationId: string): string {
  return at(operationId);
}
