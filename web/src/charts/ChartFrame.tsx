import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useId, useState } from "react";

import classes from "./charts.module.css";
import { ChartTable, type TableData } from "./ChartTable";
import { useFolded } from "./useFolded";
import { css } from "./palette";
import type { LegendItem } from "./spec";
import type { Stage } from "./stage";

/** Left of every plot, for its axis: the same everywhere, so that the charts line up in time. */
export const GUTTER_PX = 58;
/** Right of every plot: half a time label. */
export const RIGHT_PX = 26;
const SUMMARY_EVERY_MS = 3_000;

interface Props {
  readonly stage: Stage;
  readonly title: string;
  readonly unit: string;
  readonly legend: readonly Pick<LegendItem, "label" | "color" | "width">[];
  readonly marksLabel?: string | null;
  /** Filled with the elements whose text the painter writes, one a legend item. */
  readonly readouts: RefObject<(HTMLElement | null)[]>;
  readonly summary: () => string;
  /** The same as figures, as of now. */
  readonly table: () => TableData;
  /** Of the plot, and of the table in its stead: nothing moves when they change places. */
  readonly heightPx: number;
  readonly tools?: ReactNode;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** Title, legend and keys around a plot. The plot is a picture to assistive technology, told by `summary`; or a table. */
export function ChartFrame(props: Props) {
  const { stage, title, unit, legend, marksLabel = null, readouts, aside, tools, children } = props;
  const id = useId();
  const [folded, setFolded] = useFolded(title);
  const [asTable, setAsTable] = useState(false);

  const onKeyDown = (event: KeyboardEvent) => {
    const share = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (share !== undefined) stage.nudge(share / 200);
    else if (event.key === "Escape") {
      stage.seek(null);
      stage.point(null);
      stage.show({ kind: "whole" });
    } else if (event.key === "Enter") stage.seek(stage.pointed);
    else return;
    event.preventDefault();
  };

  return (
    <section className={classes["chart"]} aria-labelledby={`${id}-title`}>
      <header className={classes["head"]}>
        <h2 id={`${id}-title`} className={classes["title"]}>
          <button
            type="button"
            className={classes["fold"]}
            aria-expanded={!folded}
            onClick={() => {
              setFolded(!folded);
            }}
          >
            <svg viewBox="0 0 10 10" width="9" height="9" aria-hidden="true">
              <path
                d={folded ? "M3 1l4 4-4 4" : "M1 3l4 4 4-4"}
                fill="none"
                stroke="currentColor"
                strokeWidth="1.6"
              />
            </svg>
            {title} <span className={classes["unit"]}>{unit}</span>
          </button>
        </h2>
        {!folded && (
          <ul className={classes["legend"]}>
            {legend.map((item, i) => (
              <li key={item.label}>
                <span className={classes["swatch"]} style={{ background: css(item.color) }} />
                {item.label}{" "}
                <output
                  className={classes["readout"]}
                  style={{ minWidth: `${item.width}ch` }}
                  aria-live="off"
                  ref={(element) => {
                    readouts.current[i] = element;
                  }}
                />
              </li>
            ))}
            {marksLabel !== null && (
              <li>
                <span className={classes["dash"]} />
                {marksLabel}
              </li>
            )}
            {aside}
          </ul>
        )}
        <span className={classes["tools"]}>
          {tools}
          {!folded && (
            <button
              type="button"
              className={classes["tool"]}
              aria-pressed={asTable}
              title={asTable ? "Show the chart" : "Show the figures as a table"}
              onClick={() => {
                setAsTable(!asTable);
              }}
            >
              {asTable ? "Chart" : "Table"}
            </button>
          )}
        </span>
      </header>
      {!folded && asTable && <ChartTable title={title} heightPx={props.heightPx} read={props.table} />}
      {!folded && !asTable && (
        <Plot stage={stage} summary={props.summary} onKeyDown={onKeyDown}>
          {children}
        </Plot>
      )}
    </section>
  );
}

interface PlotProps {
  readonly stage: Stage;
  readonly summary: () => string;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly children: ReactNode;
}

function Plot({ stage, summary, onKeyDown, children }: PlotProps) {
  const text = useSummary(summary);
  return (
    <div
      className={classes["plot"]}
      role="img"
      aria-label={text}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onBlur={() => {
        stage.point(null);
      }}
      onClick={() => {
        stage.seek(stage.pointed);
      }}
      onDoubleClick={() => {
        // Its first click has gone back to that moment.
        stage.seek(null);
        stage.show({ kind: "whole" });
      }}
    >
      {children}
    </div>
  );
}

function useSummary(summary: () => string): string {
  const [text, setText] = useState(summary);
  useEffect(() => {
    const id = setInterval(() => {
      setText(summary());
    }, SUMMARY_EVERY_MS);
    return () => {
      clearInterval(id);
    };
  }, [summary]);
  return text;
}
