import { Text } from "@mantine/core";
import { useState } from "react";

import { parseTaskEvent, type TaskEvent } from "../stream/tasks";
import { useChannel } from "../stream/useChannel";
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
  const [events, setEvents] = useState<readonly TaskEvent[]>([]);
  const { state, fault } = useChannel({
    socket: `/api/ws/experiments/${encodeURIComponent(experimentId)}`,
    events: null,
    onEntry: (entry) => {
      const event = parseTaskEvent(entry);
      setEvents((before) => [...before, event]);
    },
    onReset: (another) => {
      if (another) setEvents([]);
    },
  });
  // 1000 is the end of the experiment, which its last event tells.
  const lost = state.phase === "waiting" || (state.phase === "closed" && state.code !== 1000);
  const away = lost ? state.message : "";
  return { events, note: fault ?? away };
}
