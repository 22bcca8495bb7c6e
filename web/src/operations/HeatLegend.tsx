import type { Heatmap } from "../api/results";
import { metricText } from "../tasks/metrics";
import { type Cells, ramp, STAR } from "./heat";
import classes from "./Heatmap.module.css";

interface Props {
  readonly heatmap: Heatmap;
  readonly cells: Cells;
  readonly scheme: "light" | "dark";
  /** Where the scenario's own values lie; null outside of the map. */
  readonly baseline: { readonly x: number | null; readonly y: number | null };
  readonly over: boolean;
}

/** What colours and signs mean. Its lines are always there, so that a first failure moves nothing. */
export function HeatLegend({ heatmap, cells, scheme, baseline, over }: Props) {
  const { better, metric } = heatmap;
  const [good, bad] = better === "minimize" ? [cells.lowest, cells.highest] : [cells.highest, cells.lowest];
  const inside = baseline.x !== null && baseline.y !== null;
  return (
    <ul className={classes["legend"]} aria-label="Colours and signs of the heatmap">
      <li>
        better <span className={classes["end"]}>{metricText(metric, good)}</span>
        <span className={classes["ramp"]} style={{ background: ramp(scheme) }} aria-hidden="true" />
        <span className={classes["end"]}>{metricText(metric, bad)}</span> worse
      </li>
      <li>
        <span className={classes["swatch"]} aria-hidden="true">
          <svg viewBox="-6 -6 12 12" width="12" height="12" className={classes["star"]}>
            <path d={STAR} />
          </svg>
        </span>
        best{over ? "" : " so far"}
      </li>
      <li>
        <span className={classes["swatch"]} aria-hidden="true">
          <svg viewBox="-9 -9 18 18" width="14" height="14" className={classes["crossSign"]}>
            <path d="M-7 0H7M0-7V7" />
          </svg>
        </span>
        the scenario’s own values{inside ? "" : " (outside of the map)"}
      </li>
      <li>
        <span className={classes["swatch"]} data-state="failed" aria-hidden="true" /> failed
      </li>
      {!over && (
        <li>
          <span className={classes["swatch"]} data-state="waiting" aria-hidden="true" /> not yet
        </li>
      )}
    </ul>
  );
}
