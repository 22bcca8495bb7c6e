import { NativeSelect, Text, TextInput } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useDeferredValue, useMemo, useRef, useState } from "react";

import { clock } from "../app/format";
import type { Stage } from "../charts/stage";
import type { Run } from "../stream/run";
import { useRunVersion } from "../stream/useSessionStream";
import classes from "./EventLog.module.css";
import { type EventRow, eventRows, type Kinds, rowText } from "./eventRows";

interface Props {
  readonly run: Run;
  readonly stage: Stage;
}

const ROW_PX = 24;
const KINDS: readonly { readonly value: Kinds; readonly label: string }[] = [
  { value: "all", label: "All" },
  { value: "people", label: "People and states" },
  { value: "control", label: "Controllers" },
  { value: "event", label: "Simulation" },
];

/** What happened, newest first: states, people's commands, controllers' actions, the simulation's events. */
export const EventLog = memo(function EventLog({ run, stage }: Props) {
  useRunVersion(run, 400);
  const [kinds, setKinds] = useState<Kinds>("all");
  const [search, setSearch] = useState("");
  const sought = useDeferredValue(search);
  const { log } = run;
  const total = log.total(true);
  const rows = useMemo(
    // The log tells by its total whether there is anything new.
    () => (total >= 0 ? eventRows(log.newest(Infinity), kinds, sought) : []),
    [log, total, kinds, sought],
  );
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    getItemKey: (i) => rows[i]?.id ?? i,
    overscan: 8,
  });
  return (
    <section className={classes["log"]} aria-labelledby="log-title">
      <header className={classes["head"]}>
        <h2 id="log-title" className={classes["title"]}>
          Events
        </h2>
        <TextInput
          size="xs"
          className={classes["search"]}
          aria-label="Search the events"
          placeholder="Search"
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
          }}
        />
        <NativeSelect
          size="xs"
          aria-label="Events shown"
          value={kinds}
          onChange={(event) => {
            const kind = KINDS.find(({ value }) => value === event.currentTarget.value);
            if (kind) setKinds(kind.value);
          }}
          data={KINDS.map(({ value, label }) => ({ value, label }))}
        />
      </header>
      {/* Focusable, so that the keyboard can scroll it. */}
      <div
        ref={scroll}
        className={classes["scroll"]}
        tabIndex={0}
        role="group"
        aria-label={`Events, newest first: ${rows.length} ${rows.length === 1 ? "row" : "rows"}`}
      >
        {rows.length === 0 && (
          <Text size="sm" c="var(--gc-muted)">
            {total === 0 ? "Nothing yet." : "Nothing fits."}
          </Text>
        )}
        <ol className={classes["lines"]} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const row = rows[index];
            return (
              row && (
                <li
                  key={key}
                  ref={virtual.measureElement}
                  data-index={index}
                  className={classes["line"]}
                  data-kind={row.kind}
                  data-bad={row.bad}
                  aria-setsize={rows.length}
                  aria-posinset={index + 1}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <Line row={row} run={run} stage={stage} />
                </li>
              )
            );
          })}
        </ol>
      </div>
    </section>
  );
});

const Line = memo(function Line({ row, run, stage }: Props & { readonly row: EventRow }) {
  const { t_s } = row;
  return (
    <>
      {t_s === null ? (
        <span />
      ) : (
        <button
          type="button"
          className={classes["time"]}
          title="Show the run as of this moment"
          tabIndex={-1}
          onClick={() => {
            stage.seek(Math.floor(t_s / (run.history?.schema.tick_s ?? 1) + 1e-6));
          }}
        >
          {clock(t_s, true)}
        </button>
      )}
      <span>
        <span className={classes["by"]}>{row.by.join(", ")}</span> {rowText(row)}
        {row.besides.length > 0 && (
          <span className={classes["by"]} title={row.besides.join("\n")}>
            {" "}
            · {row.besides.length} {row.besides.length === 1 ? "event" : "events"} of it
          </span>
        )}
      </span>
    </>
  );
});
