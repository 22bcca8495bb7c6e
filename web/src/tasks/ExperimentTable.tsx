import { NativeSelect } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useMemo, useRef, useState } from "react";

import type { Experiment, TaskSpec } from "../api/tasks";
import { announce } from "../app/announce";
import { metricOf, metricText, scoreText } from "./metrics";
import { nameOf, valueText } from "./options";
import { type Column, FIRST_ORDER, fits, judged, type Order, ordered, SHOWN, type Shown } from "./rows";
import { lengthText } from "./standing";
import { State } from "./State";
import classes from "./Task.module.css";

const ROW_PX = 32;

const LABELS: Readonly<Record<Shown, string>> = {
  all: "All experiments",
  running: "Running",
  completed: "Done",
  kept: "Done, within the limits",
  pruned: "Pruned",
  failed: "Failed",
};

interface Props {
  readonly spec: TaskSpec;
  readonly experiments: readonly Experiment[];
  readonly names: ReadonlyMap<string, string>;
  readonly bestId: string | null;
  /** Those that no other beats in all objectives at once. */
  readonly front: readonly string[];
  readonly onPick: (experimentId: string) => void;
}

/** Every experiment in a row; only those in sight are drawn. */
export const ExperimentTable = memo(function ExperimentTable(props: Props) {
  const { spec, experiments, names, bestId, front, onPick } = props;
  const [order, setOrder] = useState<Order>(FIRST_ORDER);
  const [shown, setShown] = useState<Shown>("all");
  const rows = useMemo(
    () =>
      ordered(
        experiments.filter((experiment) => fits(experiment, shown)),
        order,
      ),
    [experiments, shown, order],
  );
  const metrics = useMemo(() => judged(spec), [spec]);
  const columns: readonly (readonly [Column, string])[] = [
    ["number", "Experiment"],
    ["status", "State"],
    ["score", "Score"],
    ...metrics.map((name) => [`metric:${name}`, metricOf(name).label] as const),
    ...Object.keys(spec.space).map((path) => [`param:${path}`, names.get(path) ?? path] as const),
    ["elapsed", "Took"],
    ["ended", "Order"],
  ];
  const scroll = useRef<HTMLDivElement>(null);
  // Its functions change with every scroll; nothing here remembers them.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    getItemKey: (i) => rows[i]?.id ?? i,
    overscan: 10,
  });
  const inSight = virtual.getVirtualItems();
  const before = inSight[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (inSight.at(-1)?.end ?? 0);
  const turn = (column: Column, label: string) => {
    const backwards = order.column === column ? !order.backwards : false;
    setOrder({ column, backwards });
    announce(`Ordered by ${label}, ${backwards ? "largest" : "smallest"} first.`);
  };
  return (
    <section className={classes["card"]} aria-labelledby="experiments-title">
      <header className={classes["cardHead"]}>
        <h2 id="experiments-title" className={classes["cardTitle"]}>
          Experiments{" "}
          <span className={classes["unit"]}>
            {rows.length === experiments.length ? rows.length : `${rows.length} of ${experiments.length}`}
          </span>
        </h2>
        <span className={classes["tools"]}>
          <NativeSelect
            size="xs"
            aria-label="Experiments shown"
            value={shown}
            data={SHOWN.filter((name) => name !== "kept" || spec.constraints.length > 0).map((name) => ({
              value: name,
              label: LABELS[name],
            }))}
            onChange={(event) => {
              setShown(SHOWN.find((name) => name === event.currentTarget.value) ?? "all");
            }}
          />
        </span>
      </header>
      {/* Focusable, so that the keyboard can scroll it. */}
      <div
        ref={scroll}
        className={classes["tableBox"]}
        tabIndex={0}
        role="group"
        aria-label="Experiments, table"
      >
        <table className={classes["table"]} aria-rowcount={rows.length + 1}>
          <thead>
            <tr aria-rowindex={1}>
              {columns.map(([column, label]) => (
                <th
                  key={column}
                  scope="col"
                  data-words={column === "status" || undefined}
                  title={column.startsWith("param:") ? column.slice(6) : undefined}
                  aria-sort={
                    order.column === column ? (order.backwards ? "descending" : "ascending") : undefined
                  }
                >
                  <button
                    type="button"
                    className={classes["sort"]}
                    onClick={() => {
                      turn(column, label);
                    }}
                  >
                    {label}
                    <span className={classes["arrow"]} aria-hidden="true">
                      {order.column === column ? (order.backwards ? "↓" : "↑") : ""}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Gap height={before} columns={columns.length} />
            {inSight.map(({ index }) => {
              const experiment = rows[index];
              return (
                experiment && (
                  <Row
                    key={experiment.id}
                    index={index}
                    experiment={experiment}
                    spec={spec}
                    metrics={metrics}
                    best={experiment.id === bestId}
                    front={front.includes(experiment.id)}
                    onPick={onPick}
                  />
                )
              );
            })}
            <Gap height={after} columns={columns.length} />
          </tbody>
        </table>
        {rows.length === 0 && (
          <p className={classes["empty"]} style={{ height: 120 }}>
            {experiments.length === 0 ? "Nothing was begun yet." : "None fits."}
          </p>
        )}
      </div>
    </section>
  );
});

/** Stands for the rows that are out of sight. */
function Gap({ height, columns }: { readonly height: number; readonly columns: number }) {
  if (height <= 0) return null;
  return (
    <tr className={classes["gap"]} aria-hidden="true">
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}

interface RowProps {
  readonly index: number;
  readonly experiment: Experiment;
  readonly spec: TaskSpec;
  readonly metrics: readonly string[];
  readonly best: boolean;
  readonly front: boolean;
  readonly onPick: (experimentId: string) => void;
}

const Row = memo(function Row({ index, experiment, spec, metrics, best, front, onPick }: RowProps) {
  const { id, status, baseline, score, params, elapsed_s, iter } = experiment;
  return (
    <tr
      aria-rowindex={index + 2}
      data-state={status}
      data-best={best || undefined}
      data-baseline={baseline || undefined}
    >
      <th scope="row">
        <button
          type="button"
          className={classes["pick"]}
          onClick={() => {
            onPick(id);
          }}
        >
          {nameOf(experiment)}
        </button>
      </th>
      <td data-words>
        <State experiment={experiment} best={best} front={front} />
      </td>
      <td>{scoreText(score)}</td>
      {metrics.map((name) => (
        <td key={name}>{metricText(name, experiment.metrics[name])}</td>
      ))}
      {Object.keys(spec.space).map((path) => (
        <td key={path}>{baseline ? "as it is" : valueText(params[path])}</td>
      ))}
      <td>{elapsed_s === null ? "–" : lengthText(elapsed_s)}</td>
      <td>{iter ?? "–"}</td>
    </tr>
  );
});
