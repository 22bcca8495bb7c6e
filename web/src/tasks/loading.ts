import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { Page } from "../api/http";
import {
  type Experiment,
  experimentsKey,
  fetchExperiments,
  fetchTask,
  isOver,
  type Task,
  taskKey,
} from "../api/tasks";
import { Calm } from "./calm";

/** How often the service is asked at most, whatever happens meanwhile. */
const EVERY_MS = 500;
/** Where events do not come. */
export const POLL_EVERY_MS = 3_000;

type Fetch = (cursor: string | null) => Promise<Page<Experiment>>;

/** All experiments of a task. Those that are over do not change: only pages that hold others are asked for again. */
export class ExperimentPages {
  private readonly full: Page<Experiment>[] = [];
  private readonly fetch: Fetch;

  constructor(fetch: Fetch) {
    this.fetch = fetch;
  }

  async all(): Promise<readonly Experiment[]> {
    const rest: Page<Experiment>[] = [];
    for (;;) {
      const before = rest.at(-1) ?? this.full.at(-1);
      if (before?.nextCursor === null) break;
      const page = await this.fetch(before?.nextCursor ?? null);
      const settled = page.nextCursor !== null && page.items.every(({ status }) => status !== "running");
      if (settled && rest.length === 0) this.full.push(page);
      else rest.push(page);
      // A page beside a settled one may tell an experiment twice that ended in between.
    }
    const found = new Map<string, Experiment>();
    for (const { items } of [...this.full, ...rest]) {
      for (const item of items) {
        if (item.status !== "running" || !found.has(item.id)) found.set(item.id, item);
      }
    }
    return [...found.values()];
  }
}

function openTask(taskId: string, queries: QueryClient) {
  const pages = new ExperimentPages((cursor) => fetchExperiments(taskId, cursor));
  return {
    detail: new Calm(
      () => fetchTask(taskId),
      (task) => queries.setQueryData<Task>(taskKey(taskId), task),
      EVERY_MS,
    ),
    experiments: new Calm(
      () => pages.all(),
      (all) => queries.setQueryData<readonly Experiment[]>(experimentsKey(taskId), all),
      EVERY_MS,
    ),
  };
}

/** A task and its experiments, as the service tells them; asked for when events say so, and every 3 s where none come. */
export function useTask(taskId: string, polling: boolean) {
  const queries = useQueryClient();
  const [source] = useState(() => openTask(taskId, queries));
  const task = useQuery({
    queryKey: taskKey(taskId),
    queryFn: () => source.detail.get(),
    refetchInterval: ({ state }) =>
      polling && !(state.data && isOver(state.data.status)) ? POLL_EVERY_MS : false,
  });
  const unfinished = task.data !== undefined && !isOver(task.data.status);
  const experiments = useQuery({
    queryKey: experimentsKey(taskId),
    queryFn: () => source.experiments.get(),
    refetchInterval: polling && unfinished ? POLL_EVERY_MS : false,
  });
  // What was told of its experiments may be from just before its end, and nothing else would ask again.
  const over = task.data !== undefined && !unfinished;
  const { refetch } = experiments;
  useEffect(() => {
    if (polling && over) void refetch();
  }, [polling, over, refetch]);
  return { task, experiments };
}
