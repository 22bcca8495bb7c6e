import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { type Json, VISIBILITIES, type Visibility } from "../stream/frames";
import {
  count,
  figure,
  fields,
  flag,
  items,
  json,
  number,
  oneOf,
  optionalText,
  record,
  text,
} from "../stream/reader";
import { TASK_STATUSES, type TaskFilter, type TaskStatus } from "../tasks/status";
import { type Page, page, remove, request } from "./http";

export const EXPERIMENT_STATUSES = ["running", "completed", "pruned", "failed"] as const;
export type ExperimentStatus = (typeof EXPERIMENT_STATUSES)[number];

export const SAMPLERS = ["tpe", "random", "grid", "cmaes", "nsga2"] as const;
export type Sampler = (typeof SAMPLERS)[number];
export type Direction = "minimize" | "maximize";

/** Dotted path into the scenario's configuration -> value. */
export type Params = Readonly<Record<string, Json>>;

export type Parameter =
  | {
      readonly type: "float" | "int";
      readonly low: number;
      readonly high: number;
      readonly step?: number | null;
      readonly log?: boolean;
    }
  | { readonly type: "categorical"; readonly choices: readonly Json[] };

export interface Objective {
  readonly metric: string;
  /** Null: the direction that most people want. */
  readonly direction?: Direction | null;
  readonly weight?: number;
}

export interface Constraint {
  readonly metric: string;
  readonly min?: number | null;
  readonly max?: number | null;
}

export interface PhaseSpec {
  readonly name?: string | null;
  readonly seed?: number | null;
  readonly overrides?: Params;
}

/** What a task is asked, as `POST /api/tasks` takes it. What has a default may be left out. */
export interface NewTask {
  readonly scenario: string;
  readonly title?: string;
  readonly overrides?: Params;
  readonly seed?: number;
  readonly space: Readonly<Record<string, Parameter>>;
  readonly sampler: Sampler;
  readonly pruner?: "none" | "median";
  readonly objectives: readonly Objective[];
  readonly constraints?: readonly Constraint[];
  readonly phases?: readonly PhaseSpec[];
  readonly experiments: number;
  readonly parallelism: number;
  readonly baseline?: boolean;
  readonly stop?: { readonly target?: number; readonly patience?: number; readonly max_s?: number };
}

/** The same as the service tells it, every default filled in. */
export interface TaskSpec {
  readonly scenario: string;
  readonly seed: number;
  readonly space: Readonly<Record<string, Parameter>>;
  readonly sampler: string;
  readonly objectives: readonly Objective[];
  readonly constraints: readonly Constraint[];
  readonly phases: readonly PhaseSpec[];
  readonly parallelism: number;
}

/** One parameter set. What is only known at its end is null before. */
export interface Experiment {
  readonly id: string;
  /** The trial of the study; -1 for the baseline. */
  readonly number: number;
  readonly baseline: boolean;
  readonly status: ExperimentStatus;
  readonly params: Params;
  /** Its place among those that are over, from 1. */
  readonly iter: number | null;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly score: number | null;
  /** By how much each constraint is broken; at most 0 where it holds. */
  readonly broken: readonly number[];
  readonly error: string | null;
  readonly elapsed_s: number | null;
  readonly simulated_s: number | null;
  /** When it was begun (unix s); told of those under way. */
  readonly began: number | null;
  /** When it ended (unix s). */
  readonly ts: number | null;
}

export interface TaskProgress {
  readonly done: number;
  readonly total: number;
  readonly pct: number;
  readonly best_score: number | null;
  readonly best_experiment_id: string | null;
}

export interface Task {
  readonly id: string;
  readonly title: string;
  readonly scenario: string;
  readonly spec: TaskSpec;
  readonly status: TaskStatus;
  readonly reason: string | null;
  readonly progress: TaskProgress;
  readonly best: Experiment | null;
  readonly baseline: Experiment | null;
  /** Simulated seconds so far. */
  readonly cost: number;
  /** Simulations so far. */
  readonly calls: number;
  /** Share of each parameter in the differences between scores; null before the end. */
  readonly importances: Readonly<Record<string, number>> | null;
  /** Experiments that no other beats in all objectives at once. */
  readonly front: readonly string[];
  readonly created: number;
  readonly started: number | null;
  readonly ended: number | null;
  readonly attempt: number;
  readonly owner: string;
  readonly visibility: Visibility;
}

/** What a session is asked for to compute the very ticks of one phase of an experiment. */
export interface PhaseSession {
  readonly scenario: string;
  readonly overrides: Params;
  readonly seed: number;
  readonly title: string;
}

export interface ExperimentDetail extends Experiment {
  readonly sessions: readonly PhaseSession[];
}

export function isOver(status: TaskStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

function parseParameter(value: unknown, path: string): Parameter {
  const from = fields(value, path);
  const type = oneOf(from["type"], ["float", "int", "categorical"] as const, `${path}.type`);
  if (type === "categorical") {
    return { type, choices: items(from["choices"], `${path}.choices`, json) };
  }
  return {
    type,
    low: number(from["low"], `${path}.low`),
    high: number(from["high"], `${path}.high`),
    step: figure(from["step"], `${path}.step`),
    log: from["log"] === true,
  };
}

function parseSpec(value: unknown, path: string): TaskSpec {
  const from = fields(value, path);
  return {
    scenario: text(from["scenario"], `${path}.scenario`),
    seed: count(from["seed"], `${path}.seed`),
    space: record(from["space"], `${path}.space`, parseParameter),
    sampler: text(from["sampler"], `${path}.sampler`),
    objectives: items(from["objectives"], `${path}.objectives`, (element, at) => {
      const objective = fields(element, at);
      const direction = optionalText(objective["direction"], `${at}.direction`);
      return {
        metric: text(objective["metric"], `${at}.metric`),
        direction: direction === null ? null : oneOf(direction, ["minimize", "maximize"] as const, at),
        weight: number(objective["weight"], `${at}.weight`),
      };
    }),
    constraints: items(from["constraints"], `${path}.constraints`, (element, at) => {
      const constraint = fields(element, at);
      return {
        metric: text(constraint["metric"], `${at}.metric`),
        min: figure(constraint["min"], `${at}.min`),
        max: figure(constraint["max"], `${at}.max`),
      };
    }),
    phases: items(from["phases"], `${path}.phases`, (element, at) => {
      const phase = fields(element, at);
      return {
        name: optionalText(phase["name"], `${at}.name`),
        seed: figure(phase["seed"], `${at}.seed`),
        overrides: record(phase["overrides"], `${at}.overrides`, json),
      };
    }),
    parallelism: count(from["parallelism"], `${path}.parallelism`),
  };
}

export function parseExperiment(value: unknown, path: string): Experiment {
  const from = fields(value, path);
  return {
    id: text(from["id"], `${path}.id`),
    number: number(from["number"], `${path}.number`),
    baseline: flag(from["baseline"], `${path}.baseline`),
    status: oneOf(from["status"], EXPERIMENT_STATUSES, `${path}.status`),
    params: record(from["params"], `${path}.params`, json),
    iter: figure(from["iter"], `${path}.iter`),
    metrics: record(from["metrics"] ?? {}, `${path}.metrics`, figure),
    score: figure(from["score"], `${path}.score`),
    broken: items(from["broken"] ?? [], `${path}.broken`, number),
    error: optionalText(from["error"], `${path}.error`),
    elapsed_s: figure(from["elapsed_s"], `${path}.elapsed_s`),
    simulated_s: figure(from["simulated_s"], `${path}.simulated_s`),
    began: figure(from["began"], `${path}.began`),
    ts: figure(from["ts"], `${path}.ts`),
  };
}

export function parseProgress(value: unknown, path: string): TaskProgress {
  const from = fields(value, path);
  return {
    done: count(from["done"], `${path}.done`),
    total: count(from["total"], `${path}.total`),
    pct: number(from["pct"], `${path}.pct`),
    best_score: figure(from["best_score"], `${path}.best_score`),
    best_experiment_id: optionalText(from["best_experiment_id"], `${path}.best_experiment_id`),
  };
}

export function parseTask(value: unknown, path = "task"): Task {
  const from = fields(value, path);
  const one = (name: string) =>
    from[name] === null || from[name] === undefined ? null : parseExperiment(from[name], `${path}.${name}`);
  return {
    id: text(from["id"], `${path}.id`),
    title: text(from["title"], `${path}.title`),
    scenario: text(from["scenario"], `${path}.scenario`),
    spec: parseSpec(from["spec"], `${path}.spec`),
    status: oneOf(from["status"], TASK_STATUSES, `${path}.status`),
    reason: optionalText(from["reason"], `${path}.reason`),
    progress: parseProgress(from["progress"], `${path}.progress`),
    best: one("best"),
    baseline: one("baseline"),
    cost: number(from["cost"], `${path}.cost`),
    calls: count(from["calls"], `${path}.calls`),
    importances: from["importances"] ? record(from["importances"], `${path}.importances`, number) : null,
    front: items(from["front"] ?? [], `${path}.front`, text),
    created: number(from["created"], `${path}.created`),
    started: figure(from["started"], `${path}.started`),
    ended: figure(from["ended"], `${path}.ended`),
    attempt: count(from["attempt"], `${path}.attempt`),
    owner: text(from["owner"], `${path}.owner`),
    visibility: oneOf(from["visibility"], VISIBILITIES, `${path}.visibility`),
  };
}

function parseDetail(value: unknown): ExperimentDetail {
  const from = fields(value, "experiment");
  return {
    ...parseExperiment(value, "experiment"),
    sessions: items(from["sessions"], "experiment.sessions", (element, path) => {
      const session = fields(element, path);
      return {
        scenario: text(session["scenario"], `${path}.scenario`),
        overrides: record(session["overrides"], `${path}.overrides`, json),
        seed: count(session["seed"], `${path}.seed`),
        title: text(session["title"], `${path}.title`),
      };
    }),
  };
}

const PAGE = 50;
/** Tasks under way tell about themselves; this is for those that others start meanwhile. */
const LOOK_AGAIN_MS = 30_000;

export const TASK_LISTS = ["tasks", "list"] as const;

/** Tasks, newest first, page by page. */
export const tasksQuery = (filter: TaskFilter) =>
  infiniteQueryOptions({
    queryKey: [...TASK_LISTS, filter] as const,
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams({ limit: String(PAGE) });
      for (const [name, value] of Object.entries(filter)) {
        if (typeof value === "string") query.set(name, value);
      }
      if (pageParam !== null) query.set("cursor", pageParam);
      return request(`/api/tasks?${query}`, (body) => page(body, parseTask), { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: LOOK_AGAIN_MS,
  });

const at = (taskId: string) => `/api/tasks/${encodeURIComponent(taskId)}`;

/** The keys that `useTaskWebSocket` makes stale. */
export const taskKey = (taskId: string) => ["tasks", taskId, "detail"] as const;
export const experimentsKey = (taskId: string) => ["tasks", taskId, "experiments"] as const;

export function fetchTask(taskId: string): Promise<Task> {
  return request(at(taskId), (body) => parseTask(body));
}

const EXPERIMENTS_PAGE = 200;

/** One page of a task's experiments: those that are over in the order in which they ended, then those under way. */
export function fetchExperiments(taskId: string, cursor: string | null): Promise<Page<Experiment>> {
  const query = new URLSearchParams({ limit: String(EXPERIMENTS_PAGE) });
  if (cursor !== null) query.set("cursor", cursor);
  return request(`${at(taskId)}/experiments?${query}`, (body) => page(body, parseExperiment));
}

/** One experiment, with the sessions that compute its ticks. */
export const experimentQuery = (taskId: string, experimentId: string) =>
  queryOptions({
    queryKey: ["experiments", experimentId],
    queryFn: ({ signal }) =>
      request(`${at(taskId)}/experiments/${encodeURIComponent(experimentId)}`, parseDetail, { signal }),
    staleTime: Infinity,
  });

/** `key` names the wish: the same key sent twice starts one task. */
export function createTask(wish: NewTask, key: string): Promise<Task> {
  return request("/api/tasks", (body) => parseTask(body), {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(wish),
  });
}

export function cancelTask(taskId: string): Promise<Task> {
  return request(`${at(taskId)}/cancel`, (body) => parseTask(body), { method: "POST" });
}

export function resumeTask(taskId: string): Promise<Task> {
  return request(`${at(taskId)}/resume`, (body) => parseTask(body), { method: "POST" });
}

/** Ends a task and deletes all that is known of it. */
export function deleteTask(taskId: string): Promise<void> {
  return remove(at(taskId));
}
