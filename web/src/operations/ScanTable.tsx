import { Popover } from "@mantine/core";
import { memo, useEffect, useMemo, useRef, useState } from "react";

import { CLASSES, type Place } from "../api/results";
import { announce } from "../app/announce";
import { FilterSelect } from "../components/FilterSelect";
import { figureText } from "../compare/model";
import { feederName } from "../sessions/facts";
import { metricText } from "../tasks/metrics";
import table from "../tasks/Task.module.css";
import { classText, SIGNS } from "./classes";
import { ClassSign } from "./ClassSign";
import { OpenPoint } from "./OpenPoint";
import classes from "./Scan.module.css";
import { ALL, type Column, COLUMNS, keyOf, type Order, rowsOf } from "./scanRows";

interface Props {
  readonly places: readonly Place[];
  /** Key of the row that was picked elsewhere. */
  readonly chosen: string | null;
  readonly onChoose: (key: string | null) => void;
  readonly empty: string;
}

/** Every site and scenario in a row; its name opens it as a session. */
export const ScanTable = memo(function ScanTable({ places, chosen, onChoose, empty }: Props) {
  const [filter, setFilter] = useState(ALL);
  const [order, setOrder] = useState<Order | null>(null);
  const rows = useMemo(() => rowsOf(places, filter, order), [places, filter, order]);
  const feeders = useMemo(() => [...new Set(places.map(({ feeder }) => feeder))], [places]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen !== null) box.current?.querySelector("tr[data-chosen]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const turn = (column: Column, label: string) => {
    const backwards = order?.column === column ? !order.backwards : false;
    setOrder({ column, backwards });
    announce(`Ordered by ${label}, ${backwards ? "largest" : "smallest"} first.`);
  };
  return (
    <section className={table["card"]} aria-labelledby="places-title">
      <header className={table["cardHead"]}>
        <h2 id="places-title" className={table["cardTitle"]}>
          Sites and scenarios{" "}
          <span className={table["unit"]}>
            {rows.length === places.length ? rows.length : `${rows.length} of ${places.length}`}
          </span>
        </h2>
        <span className={table["tools"]}>
          <FilterSelect
            label="Feeder"
            value={filter.feeder}
            options={feeders.map((value) => ({ value, label: feederName(value) }))}
            onChange={(feeder) => {
              setFilter({ ...filter, feeder });
            }}
          />
          <FilterSelect
            label="Class"
            value={filter.class}
            options={CLASSES.map((value) => ({ value, label: SIGNS[value].label }))}
            onChange={(name) => {
              setFilter({ ...filter, class: name });
            }}
          />
          <FilterSelect
            label="Kind"
            value={filter.kind}
            options={[
              { value: "site", label: "Sites" },
              { value: "scenario", label: "Scenarios" },
            ]}
            onChange={(kind) => {
              setFilter({ ...filter, kind });
            }}
          />
        </span>
      </header>
      {/* Focusable, so that the keyboard can scroll it. */}
      <div
        ref={box}
        className={table["tableBox"]}
        tabIndex={0}
        role="group"
        aria-label="Sites and scenarios, table"
      >
        <table className={table["table"]}>
          <thead>
            <tr>
              {COLUMNS.map(({ key, label }) => (
                <th
                  key={key}
                  scope="col"
                  data-words={key === "feeder" || key === "class" || undefined}
                  aria-sort={
                    order?.column === key ? (order.backwards ? "descending" : "ascending") : undefined
                  }
                >
                  <button
                    type="button"
                    className={table["sort"]}
                    onClick={() => {
                      turn(key, label);
                    }}
                  >
                    {label}
                    <span className={table["arrow"]} aria-hidden="true">
                      {order?.column === key ? (order.backwards ? "↓" : "↑") : ""}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((place) => (
              <Row key={keyOf(place)} place={place} chosen={chosen === keyOf(place)} onChoose={onChoose} />
            ))}
          </tbody>
        </table>
        {rows.length === 0 && (
          <p className={table["empty"]} style={{ height: 120 }}>
            {places.length === 0 ? empty : "None fits."}
          </p>
        )}
      </div>
    </section>
  );
});

interface RowProps {
  readonly place: Place;
  readonly chosen: boolean;
  readonly onChoose: (key: string | null) => void;
}

const Row = memo(function Row({ place, chosen, onChoose }: RowProps) {
  const { kind, name, feeder, session, reason } = place;
  const title = kind === "site" ? `bus ${name}` : name;
  return (
    <tr data-chosen={chosen || undefined} className={classes["place"]}>
      <th scope="row">
        {session === null ? (
          title
        ) : (
          <Popover
            opened={chosen}
            onChange={(shown) => {
              if (!shown) onChoose(null);
            }}
            position="bottom-start"
            trapFocus
            returnFocus
            withArrow
            width="min(320px, 92vw)"
          >
            <Popover.Target>
              <button
                type="button"
                className={table["pick"]}
                onClick={() => {
                  onChoose(chosen ? null : keyOf(place));
                }}
              >
                {title}
              </button>
            </Popover.Target>
            <Popover.Dropdown aria-label={`Open ${title}`}>
              {chosen && (
                <OpenPoint
                  title={`Open ${title} as a session?`}
                  facts={[
                    ["Feeder", feederName(feeder)],
                    ["Class", classText(place.class)],
                  ]}
                  reason={reason}
                  wish={session}
                  onClose={() => {
                    onChoose(null);
                  }}
                />
              )}
            </Popover.Dropdown>
          </Popover>
        )}
      </th>
      <td data-words>{feederName(feeder)}</td>
      <td data-words title={reason ?? undefined}>
        <span className={classes["class"]}>
          {place.class !== null && <ClassSign of={place.class} />} {classText(place.class)}
        </span>
      </td>
      <td>{metricText("worst_vmin", place.worst_vmin)}</td>
      <td>{metricText("worst_vmax", place.worst_vmax)}</td>
      <td>{metricText("violation_time_s", place.violation_time_s)}</td>
      <td>{metricText("integral_violation_pu_s", place.integral_violation_pu_s)}</td>
      <td>{figureText(place.mean_power_kw, 0)}</td>
      <td>{figureText(place.oscillation, 1)}</td>
    </tr>
  );
});
