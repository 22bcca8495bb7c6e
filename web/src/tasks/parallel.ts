/** Parallel coordinates: every parameter of every experiment, and its score. */

import type { Direction, Experiment, Parameter } from "../api/tasks";
import { resolve } from "../charts/palette";
import { scoreText } from "./metrics";
import { axis, card, type ChartOption, place, tick, tooltip, valueText } from "./options";
import { beats } from "./standing";

/** Axes of the parallel coordinates at most: more of them are lines nobody can follow. */
export const MOST_AXES = 10;

export interface ParallelView {
  readonly experiments: readonly Experiment[];
  readonly space: Readonly<Record<string, Parameter>>;
  readonly direction: Direction;
  readonly bestId: string | null;
  readonly names: ReadonlyMap<string, string>;
  readonly width: number;
}

/** Every experiment as a line over its parameters to its score: the better, the stronger; the best on top. */
export function parallelOption(view: ParallelView): ChartOption {
  const { experiments, space, direction, bestId, names, width } = view;
  const scored = experiments.filter(({ score, baseline }) => score !== null && !baseline);
  const all = new Map(scored.map((experiment) => [experiment.id, experiment]));
  const paths = Object.keys(space).slice(0, MOST_AXES);
  const ranks = ranksOf(scored, direction);
  const ordered = [...scored].sort((a, b) => strength(a.id) - strength(b.id));
  function strength(id: string): number {
    return id === bestId ? 2 : (ranks.get(id) ?? 0);
  }
  return {
    animation: false,
    tooltip: tooltip(card(all, names)),
    parallel: {
      left: 60,
      right: 70,
      top: 34,
      bottom: 18,
      parallelAxisDefault: {
        nameLocation: "end",
        nameGap: 14,
        nameTruncate: { maxWidth: Math.max(40, (width - 130) / Math.max(1, paths.length) - 10) },
        ...axis(""),
      },
    },
    parallelAxis: [
      ...paths.map((path, dim) => ({ dim, ...parallelAxis(space[path]), name: names.get(path) ?? path })),
      // The better is on top.
      {
        dim: paths.length,
        ...parallelAxis(undefined),
        name: "Score",
        inverse: direction === "minimize",
        nameLocation: direction === "minimize" ? "start" : "end",
      },
    ],
    series: [
      {
        type: "parallel",
        animation: false,
        smooth: false,
        // Many lines in one go are a task too long for a page that is being read.
        progressive: 200,
        data: ordered.map(({ id, params, score }) => ({
          id,
          value: [...paths.map((path) => place(space[path], params[path]) ?? "-"), score],
          lineStyle:
            id === bestId
              ? { color: resolve("phase-b"), width: 2.6, opacity: 1 }
              : { color: resolve("phase-a"), width: 1, opacity: 0.06 + 0.5 * (ranks.get(id) ?? 0) ** 2 },
        })),
      },
    ],
  };
}

function parallelAxis(parameter: Parameter | undefined) {
  if (parameter?.type === "categorical") {
    return { type: "category", data: parameter.choices.map((choice) => valueText(choice)) };
  }
  const label = { axisLabel: { color: resolve("muted"), fontSize: 11, formatter: tick } };
  if (!parameter)
    return { type: "value", scale: true, axisLabel: { ...label.axisLabel, formatter: scoreText } };
  return {
    type: parameter.log === true ? "log" : "value",
    ...(parameter.high > parameter.low ? { min: parameter.low, max: parameter.high } : { scale: true }),
    ...label,
  };
}

/** From 0 for the worst to 1 for the best: by rank, since a few scores are often far off. */
export function ranksOf(
  experiments: readonly Experiment[],
  direction: Direction,
): ReadonlyMap<string, number> {
  const ordered = [...experiments].sort((a, b) =>
    beats(a, b, direction) ? 1 : beats(b, a, direction) ? -1 : 0,
  );
  return new Map(ordered.map(({ id }, i) => [id, ordered.length > 1 ? i / (ordered.length - 1) : 1]));
}
