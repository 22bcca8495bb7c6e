import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useId, useState } from "react";

import classes from "./charts.module.css";
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
  readonly legend: readonly Pick<LegendItem, "label" | "color">[];
  readonly marksLabel?: string | null;
  /** Filled with the elements whose text the painter writes, one a legend item. */
  readonly readouts: RefObject<(HTMLElement | null)[]>;
  readonly summary: () => string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** Title, legend and keys around a plot. The plot is a picture to assistive technology, told by `summary`. */
export function ChartFrame(props: Props) {
  const { stage, title, unit, legend, marksLabel = null, readouts, aside, children } = props;
  const id = useId();
  const summary = useSummary(props.summary);

  const onKeyDown = (event: KeyboardEvent) => {
    const share = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (share !== undefined) stage.nudge(share / 200);
    else if (event.key === "Escape") {
      stage.pin(null);
      stage.point(null);
      stage.show({ kind: "whole" });
    } else if (event.key === "Enter") stage.pin(stage.pointed);
    else return;
    event.preventDefault();
  };

  return (
    <section className={classes["chart"]} aria-labelledby={`${id}-title`}>
      <header className={classes["head"]}>
        <h2 id={`${id}-title`} className={classes["title"]}>
          {title} <span className={classes["unit"]}>{unit}</span>
        </h2>
        <ul className={classes["legend"]}>
          {legend.map((item, i) => (
            <li key={item.label}>
              <span className={classes["swatch"]} style={{ background: css(item.color) }} />
              {item.label}{" "}
              <output
                className={classes["readout"]}
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
      </header>
      <div
        className={classes["plot"]}
        role="img"
        aria-label={summary}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onBlur={() => {
          stage.point(null);
        }}
        onClick={() => {
          stage.pin(stage.pointed);
        }}
        onDoubleClick={() => {
          // Its first click has pinned the crosshair.
          stage.pin(null);
          stage.show({ kind: "whole" });
        }}
      >
        {children}
      </div>
    </section>
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
