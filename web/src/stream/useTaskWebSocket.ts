import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { ReadyState } from "./socket";
import { browser, type Surroundings } from "./surroundings";
import { parseTaskEvent, staleAfter, type TaskEvent } from "./tasks";
import { useChannel } from "./useChannel";

const KEPT_EVENTS = 500;

export interface TaskStream {
  readonly readyState: ReadyState;
  /** The newest events, oldest first. */
  readonly events: readonly TaskEvent[];
  /** What came that cannot be: then nothing more is taken in. */
  readonly fault: string | null;
  /** What whoever looks is at it; null until the server has said so. */
  readonly role: string | null;
  readonly connect: () => void;
  readonly disconnect: () => void;
}

/**
 * Follows a task while the component is mounted: keeps its newest events and makes the cached answers stale that they change
 * (`staleAfter`): `["tasks"]`, `["tasks", id, "detail" | "experiments" | "best"]`, `["experiments", id]`. Use one component instance per
 * task (`key={taskId}`).
 */
export function useTaskWebSocket(taskId: string, around: Surroundings = browser): TaskStream {
  const queries = useQueryClient();
  const [events, setEvents] = useState<readonly TaskEvent[]>([]);
  const task = encodeURIComponent(taskId);
  const { readyState, fault, role, connect, disconnect } = useChannel(
    {
      socket: `/api/ws/tasks/${task}`,
      events: `/api/tasks/${task}/events`,
      onEntry: (entry) => {
        const event = parseTaskEvent(entry);
        setEvents((kept) => [...kept.slice(1 - KEPT_EVENTS), event]);
        for (const queryKey of staleAfter(event)) void queries.invalidateQueries({ queryKey });
      },
      onReset: (another) => {
        if (another) setEvents([]);
        // What happened in between is not known: ask for all of it.
        void queries.invalidateQueries({ queryKey: ["tasks", taskId] });
      },
    },
    around,
  );
  return { readyState, events, fault, role, connect, disconnect };
}
