import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { Cursor } from "./cursor";
import { BadFrame } from "./reader";
import type { ReadyState } from "./socket";
import { browser, type Surroundings } from "./surroundings";
import { parseTaskFrame, staleAfter, type TaskEvent } from "./tasks";
import { useWebSocket } from "./useWebSocket";

const KEPT_EVENTS = 500;

export interface TaskStream {
  readonly readyState: ReadyState;
  /** The newest events, oldest first. */
  readonly events: readonly TaskEvent[];
  /** What came that cannot be: then nothing more is taken in. */
  readonly fault: string | null;
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
  const [cursor] = useState(() => new Cursor());
  const [events, setEvents] = useState<readonly TaskEvent[]>([]);
  const [fault, setFault] = useState<string | null>(null);

  const take = useCallback(
    (data: unknown): string | null => {
      const frame = parseTaskFrame(data);
      switch (frame.kind) {
        case "hello":
          cursor.epoch ??= frame.epoch;
          return null;
        case "reset":
          if (cursor.reset(frame.epoch, frame.earliest_offset, "reset")) setEvents([]);
          // What happened in between is not known: ask for all of it.
          void queries.invalidateQueries({ queryKey: ["tasks", taskId] });
          return null;
        case "aside":
          return null;
        case "event": {
          const step = cursor.entry(frame.event.offset);
          if (!step.ok) return step.problem;
          setEvents((kept) => [...kept.slice(1 - KEPT_EVENTS), frame.event]);
          for (const queryKey of staleAfter(frame.event)) void queries.invalidateQueries({ queryKey });
          return null;
        }
      }
    },
    [cursor, queries, taskId],
  );

  const socket = useWebSocket(
    {
      path: `/api/ws/tasks/${encodeURIComponent(taskId)}`,
      query: () => cursor.query(),
      onMessage: (data) => {
        let problem: string | null;
        try {
          problem = take(data);
        } catch (error) {
          if (!(error instanceof BadFrame)) throw error;
          problem = `The server sent something that this page cannot read. ${error.message}`;
        }
        if (problem === null) return;
        setFault(problem);
        socket.disconnect();
      },
    },
    around,
  );
  return {
    readyState: socket.readyState,
    events,
    fault,
    connect: () => {
      setFault(null);
      socket.connect();
    },
    disconnect: socket.disconnect,
  };
}
