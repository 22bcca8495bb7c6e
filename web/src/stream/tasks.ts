/** A task's events (docs/protocol.md, "Task events"): read, kept in order, and told which cached answers they make stale. */

import { count, type Fields, json, oneOf, optionalText, text } from "./reader";
import type { Json } from "./frames";

export const TASK_EVENTS = [
  "task_started",
  "task_progress",
  "task_completed",
  "task_failed",
  "task_cancelled",
  "experiment_started",
  "experiment_progress",
  "experiment_completed",
  "experiment_failed",
  "experiment_pruned",
  "benchmark_started",
  "benchmark_progress",
  "benchmark_completed",
] as const;
export type TaskEventType = (typeof TASK_EVENTS)[number];

export interface TaskEvent {
  readonly offset: number;
  readonly type: TaskEventType;
  readonly task_id: string;
  readonly experiment_id: string | null;
  readonly timestamp: string | number;
  readonly message: string;
  readonly data: Json;
}

/** An entry of a task's or an experiment's channel. Throws a `BadFrame`. */
export function parseTaskEvent(from: Fields): TaskEvent {
  const timestamp = from["timestamp"];
  return {
    offset: count(from["offset"], "offset"),
    type: oneOf(from["type"], TASK_EVENTS, "type"),
    task_id: text(from["task_id"], "task_id"),
    experiment_id: optionalText(from["experiment_id"], "experiment_id"),
    timestamp: typeof timestamp === "number" ? timestamp : text(timestamp, "timestamp"),
    message: optionalText(from["message"], "message") ?? "",
    data: json(from["data"]),
  };
}

/** Keys of the cached answers that an event makes stale; a key stands for all that begin with it. */
export function staleAfter({ type, task_id, experiment_id }: TaskEvent): readonly (readonly string[])[] {
  const task = ["tasks", task_id];
  const experiment = experiment_id === null ? [] : [["experiments", experiment_id]];
  switch (type) {
    case "task_started":
    case "task_completed":
    case "task_failed":
    case "task_cancelled":
      // The list of all tasks shows their states too.
      return [["tasks"]];
    case "task_progress":
      return [[...task, "detail"]];
    case "experiment_started":
      return [[...task, "experiments"], ...experiment];
    case "experiment_completed":
    case "experiment_failed":
    case "experiment_pruned":
      return [[...task, "detail"], [...task, "experiments"], [...task, "best"], ...experiment];
    case "experiment_progress":
    case "benchmark_started":
    case "benchmark_progress":
    case "benchmark_completed":
      return experiment;
  }
}
