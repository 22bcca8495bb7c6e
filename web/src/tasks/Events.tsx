import { Text } from "@mantine/core";
import { useState } from "react";

import { Cursor } from "../stream/cursor";
import { BadFrame } from "../stream/reader";
import { parseTaskFrame, type TaskEvent } from "../stream/tasks";
import { useWebSocket } from "../stream/useWebSocket";
import { secondsOf } from "./live";
import classes from "./Task.module.css";

/** What an experiment tells about itself, on a channel of its own: what is past first, then as it happens. */
export function Events({ experimentId }: { readonly experimentId: string }) {
  const { events, note } = useEvents(experimentId);
  return (
    <>
      {note !== "" && (
        <Text size="sm" c="var(--gc-muted)">
          {note}
        </Text>
      )}
      <ol className={classes["events"]} tabIndex={0} aria-label="Events of the experiment">
        {events.map((event) => (
          <li key={event.offset}>
            <time>{new Date(secondsOf(event.timestamp) * 1000).toLocaleTimeString("en-GB")}</time>
            <span>
              {event.type.replaceAll("_", " ")}: {event.message}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function useEvents(experimentId: string) {
  const [cursor] = useState(() => new Cursor());
  const [events, setEvents] = useState<readonly TaskEvent[]>([]);
  const [fault, setFault] = useState("");
  const take = (data: unknown) => {
    const frame = parseTaskFrame(data);
    if (frame.kind === "hello") cursor.epoch ??= frame.epoch;
    else if (frame.kind === "reset") {
      if (cursor.reset(frame.epoch, frame.earliest_offset, "reset")) setEvents([]);
    } else if (frame.kind === "event") {
      const step = cursor.entry(frame.event.offset);
      if (!step.ok) throw new BadFrame(step.problem);
      setEvents((before) => [...before, frame.event]);
    }
  };
  const { state, disconnect } = useWebSocket({
    path: `/api/ws/experiments/${encodeURIComponent(experimentId)}`,
    query: () => cursor.query(),
    onMessage: (data) => {
      try {
        take(data);
      } catch (error) {
        if (!(error instanceof BadFrame)) throw error;
        setFault(`The server sent something that this page cannot read. ${error.message}`);
        disconnect();
      }
    },
  });
  // 1000 is the end of the experiment, which its last event tells.
  const lost = state.phase === "waiting" || (state.phase === "closed" && state.code !== 1000);
  const away = lost ? state.message : "";
  return { events, note: fault || away };
}
