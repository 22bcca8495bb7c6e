import type { TaskStatus } from "../tasks/status";

/** Operations that are asked for; apart from the rest, because every page's addresses know them. */
export const OPS = ["characterize", "heatmap", "scan"] as const;
export type Op = (typeof OPS)[number];

/** What a list of operations may hold: a session is verified from elsewhere. */
export const KINDS = [...OPS, "verify"] as const;
export type Kind = (typeof KINDS)[number];

/** The same states as a task's. */
export type OperationStatus = TaskStatus;

/** What a list of operations is narrowed to; the service does the narrowing. */
export interface OperationFilter {
  readonly op?: Kind | undefined;
  readonly status?: OperationStatus | undefined;
}
