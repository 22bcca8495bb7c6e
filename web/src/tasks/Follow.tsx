import { useEffect } from "react";

import { useTaskWebSocket } from "../stream/useTaskWebSocket";
import type { LiveTask } from "./live";
import type { Hearing } from "./standing";
import { useHearing } from "./useHearing";

interface Props {
  readonly taskId: string;
  readonly live: LiveTask;
  /** Nothing more is to come: a closed socket is no loss. */
  readonly over: boolean;
  readonly onHearing: (hearing: Hearing) => void;
  /** What whoever looks is at it. */
  readonly onRole?: (role: string | null) => void;
}

/** Follows a task's events into `live`. An element of its own, so that an event does not draw the whole page anew. */
export function Follow({ taskId, live, over, onHearing, onRole }: Props) {
  const { events, readyState, fault, role, connect } = useTaskWebSocket(taskId);
  useEffect(() => {
    live.take(events);
  }, [live, events]);

  useEffect(() => {
    onRole?.(role);
  }, [role, onRole]);
  useHearing(readyState === "OPEN" && fault === null, over, onHearing);

  // A task that goes on after its end says so on a new connection.
  useEffect(() => {
    if (!over && readyState === "CLOSED" && fault === null && events.length > 0) connect();
    // Only when it comes to life again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [over]);
  return null;
}
