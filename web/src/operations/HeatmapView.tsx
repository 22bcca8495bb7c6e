import { memo, useCallback, useMemo } from "react";

import type { Operation } from "../api/operations";
import type { Heatmap } from "../api/results";
import { metricOf, metricText } from "../tasks/metrics";
import { valueText } from "../tasks/options";
import { shortNames } from "../tasks/standing";
import { Facts } from "./Facts";
import { Cells } from "./heat";
import { HeatmapCard } from "./HeatmapCard";
import { sessionOf } from "./sessions";

interface Props {
  readonly found: Heatmap;
  readonly config: Operation["config"];
  readonly over: boolean;
}

/** A metric over two parameters. */
export const HeatmapView = memo(function HeatmapView({ found, config, over }: Props) {
  const names = useMemo(() => shortNames([found.param_x, found.param_y]), [found.param_x, found.param_y]);
  const wishOf = useCallback(
    (x: number, y: number) =>
      sessionOf(config, { [found.param_x]: found.x[x] ?? null, [found.param_y]: found.y[y] ?? null }),
    [config, found],
  );
  return (
    <>
      <Facts items={factsOf(found, names, over)} />
      <HeatmapCard heatmap={found} names={names} wishOf={wishOf} over={over} />
    </>
  );
});

function factsOf(found: Heatmap, names: ReadonlyMap<string, string>, over: boolean) {
  const { metric, best, better, x, y, baseline } = found;
  const cells = new Cells(found);
  const { unit } = metricOf(metric);
  const name = (path: string) => names.get(path) ?? path;
  const at = (valueX: number | null | undefined, valueY: number | null | undefined) =>
    `${name(found.param_x)} ${valueText(valueX ?? undefined)}, ${name(found.param_y)} ${valueText(valueY ?? undefined)}`;
  const failed = found.cells.filter((cell) => cells.state(cell) === "failed").length;
  const worst = better === "minimize" ? cells.highest : cells.lowest;
  return [
    {
      name: over ? "Best" : "Best so far",
      value: best ? metricText(metric, cells.at(best).value) : "–",
      note: best ? `${unit}; ${at(x[best.x], y[best.y])}` : unit,
    },
    { name: over ? "Worst" : "Worst so far", value: metricText(metric, worst), note: unit },
    {
      name: "The scenario’s own values",
      value:
        baseline.x === null && baseline.y === null
          ? "–"
          : [baseline.x, baseline.y].map((v) => valueText(v ?? undefined)).join(" / "),
      note: at(baseline.x, baseline.y),
    },
    {
      name: "Cells",
      value: `${found.cells.length} of ${x.length * y.length}`,
      note: failed > 0 ? `${failed} failed` : "",
    },
  ];
}
