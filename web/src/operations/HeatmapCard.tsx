import { useMemo } from "react";

import type { Heatmap, SessionWish } from "../api/results";
import type { TableData } from "../charts/ChartTable";
import { ChartCard } from "../components/ChartCard";
import { metricOf, metricText } from "../tasks/metrics";
import { valueText } from "../tasks/options";
import { Cells } from "./heat";
import { HeatGrid } from "./HeatGrid";

const ROWS_PX = { least: 22, most: 44 };
const FIELD_PX = { least: 260, most: 620 };
/** Of what stands around the cells. */
const AROUND_PX = 86;

interface Props {
  readonly heatmap: Heatmap;
  /** Path -> what people call it. */
  readonly names: ReadonlyMap<string, string>;
  /** What computes a cell's ticks. */
  readonly wishOf: (x: number, y: number) => SessionWish;
  readonly over: boolean;
}

/** Two parameters and a metric; fills in as its points come. */
export function HeatmapCard({ heatmap, names, wishOf, over }: Props) {
  const cells = useMemo(() => new Cells(heatmap), [heatmap]);
  const { label, unit } = metricOf(heatmap.metric);
  const heightPx = Math.max(
    FIELD_PX.least,
    Math.min(FIELD_PX.most, heatmap.y.length * rowPx(heatmap.y.length)),
  );
  return (
    <ChartCard
      title={label}
      unit={heatmap.unit || unit}
      heightPx={heightPx + AROUND_PX}
      table={() => tableOf(heatmap, cells, names)}
    >
      <HeatGrid
        heatmap={heatmap}
        cells={cells}
        names={names}
        wishOf={wishOf}
        heightPx={heightPx}
        over={over}
      />
    </ChartCard>
  );
}

function rowPx(rows: number): number {
  return Math.max(ROWS_PX.least, Math.min(ROWS_PX.most, Math.floor(560 / rows)));
}

function tableOf(heatmap: Heatmap, cells: Cells, names: ReadonlyMap<string, string>): TableData {
  const { x, y, metric, param_x, param_y } = heatmap;
  return {
    columns: [
      `${names.get(param_y) ?? param_y} ↓, ${names.get(param_x) ?? param_x} →`,
      ...x.map((value) => valueText(value)),
    ],
    rows: y
      .map((value, row) => [
        valueText(value),
        ...x.map((_, column) => {
          const spot = { x: column, y: row };
          const state = cells.state(spot);
          return state === "waiting"
            ? "…"
            : state === "failed"
              ? "failed"
              : metricText(metric, cells.at(spot).value);
        }),
      ])
      .reverse(),
  };
}
