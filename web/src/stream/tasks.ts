/** A task's events (docs/protocol.md, "Task events"): read, kept in order, and told which cached answers they make stale. */

import { BadFrame, count, type Fields, fields, json, oneOf, optionalText, text } from "./reader";
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

/** What comes over a task's socket: an event, or a frame about the connection only. */
export type TaskFrame =
  | { readonly kind: "event"; readonly event: TaskEvent }
  | { readonly kind: "hello"; readonly epoch: string }
  | { readonly kind: "reset"; readonly epoch: string; readonly earliest_offset: number }
  | { readonly kind: "aside" };

/** Throws a `BadFrame`. */
export function parseTaskFrame(data: unknown): TaskFrame {
  let from: Fields;
  try {
    from = fields(JSON.parse(text(data, "message")), "frame");
  } catch (error) {
    if (error instanceof SyntaxError) throw new BadFrame("message: not JSON");
    throw error;
  }
  if (from["type"] === "hello") return { kind: "hello", epoch: text(from["epoch"], "epoch") };
  if (from["type"] === "reset") {
    return {
      kind: "reset",
      epoch: text(from["epoch"], "epoch"),
      earliest_offset: count(from["earliest_offset"], "earliest_offset"),
    };
  }
  if (from["offset"] === undefined) return { kind: "aside" };
  const timestamp = from["timestamp"];
  return {
    kind: "event",
    event: {
      offset: count(from["offset"], "offset"),
      type: oneOf(from["type"], TASK_EVENTS, "type"),
      task_id: text(from["task_id"], "task_id"),
      experiment_id: optionalText(from["experiment_id"], "experiment_id"),
      timestamp: typeof timestamp === "number" ? timestamp : text(timestamp, "timestamp"),
      message: optionalText(from["message"], "message") ?? "",
      data: json(from["data"]),
    },
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
