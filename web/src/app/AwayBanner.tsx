import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useSyncExternalStore } from "react";

import { announce } from "./announce";
import { reach } from "./reach";
import classes from "./Shell.module.css";

/** Says that the service does not answer, for as long as it does not. */
export function AwayBanner() {
  const { away, sinceMs } = useSyncExternalStore(reach.watch, () => reach.state);
  const queries = useQueryClient();
  const wasAway = useRef(false);
  useEffect(() => {
    if (away) announce("The service does not answer. What is shown may be out of date.");
    else if (wasAway.current) {
      announce("The service answers again.");
      void queries.invalidateQueries();
    }
    wasAway.current = away;
  }, [away, queries]);

  if (!away) return null;
  const since = new Date(sinceMs).toLocaleTimeString("en-GB");
  return (
    <div className={classes["away"]} data-testid="away">
      <span>
        <strong>The service does not answer</strong> since {since}. What is shown may be out of date; this
        page goes on asking.
      </span>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => {
          void reach.look();
        }}
      >
        Ask now
      </Button>
    </div>
  );
}
