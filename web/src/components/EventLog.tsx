import { SegmentedControl, Text } from "@mantine/core";
import { useState } from "react";

import { clock } from "../app/format";
import { type Run } from "../stream/run";
import { useRunVersion } from "../stream/useSessionStream";
import classes from "./EventLog.module.css";

const SHOWN = 200;

/** What happened, newest first: states, people's commands, controllers' actions, the simulation's events. */
export function EventLog({ run }: { readonly run: Run }) {
  useRunVersion(run, 400);
  const [which, setWhich] = useState("all");
  const withRoutine = which === "all";
  const lines = run.log.newest(SHOWN, withRoutine);
  const hidden = run.log.total(withRoutine) - lines.length;
  return (
    <section className={classes["log"]} aria-labelledby="log-title">
      <header className={classes["head"]}>
        <h2 id="log-title" className={classes["title"]}>
          Events
        </h2>
        <SegmentedControl
          size="xs"
          aria-label="Events shown"
          value={which}
          onChange={setWhich}
          data={[
            { value: "all", label: "All" },
            { value: "people", label: "People and states" },
          ]}
        />
      </header>
      {lines.length === 0 ? (
        <Text size="sm" c="var(--gc-muted)">
          Nothing yet.
        </Text>
      ) : (
        // Focusable, so that the keyboard can scroll it.
        <div className={classes["scroll"]} tabIndex={0} role="group" aria-label="Events, newest first">
          <ol className={classes["lines"]}>
            {lines.map((line) => (
              <li key={line.id} className={classes["line"]} data-kind={line.kind} data-bad={line.bad}>
                <span className={classes["time"]}>{line.t_s === null ? "" : clock(line.t_s, true)}</span>
                <span>
                  <span className={classes["by"]}>{line.by}</span> {line.text}
                </span>
              </li>
            ))}
          </ol>
          {hidden > 0 && (
            <Text size="xs" c="var(--gc-muted)" mt={6}>
              {hidden.toLocaleString("en")} older {hidden === 1 ? "line" : "lines"} not shown.
            </Text>
          )}
        </div>
      )}
    </section>
  );
}
