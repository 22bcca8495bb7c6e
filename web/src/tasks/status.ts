/** States of a task; apart from the rest, because every page's addresses know them. */
export const TASK_STATUSES = ["queued", "running", "recovering", "completed", "failed", "cancelled"] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** What a list of tasks is narrowed to; the service does the narrowing. */
export interface TaskFilter {
  readonly status?: TaskStatus | undefined;
  readonly scenario?: string | undefined;
}
