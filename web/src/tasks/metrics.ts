/** The metrics by which experiments are judged: names are OpenG2G's, as `GET .../experiments` tells them. */

import type { Direction, Objective } from "../api/tasks";
import { figureText } from "../compare/model";

export interface Metric {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  /** Where most people want it. */
  readonly better: Direction;
}

export const METRICS: readonly Metric[] = [
  {
    name: "integral_violation_pu_s",
    label: "Voltage violation, integral",
    unit: "pu·s",
    digits: 3,
    better: "minimize",
  },
  { name: "violation_time_s", label: "Time outside the limits", unit: "s", digits: 1, better: "minimize" },
  { name: "worst_vmin", label: "Lowest voltage", unit: "pu", digits: 4, better: "maximize" },
  { name: "worst_vmax", label: "Highest voltage", unit: "pu", digits: 4, better: "minimize" },
  { name: "mean_throughput_tps", label: "Mean throughput", unit: "tokens/s", digits: 0, better: "maximize" },
  {
    name: "integrated_throughput_tokens",
    label: "Tokens in all",
    unit: "tokens",
    digits: 0,
    better: "maximize",
  },
  {
    name: "itl_deadline_fraction",
    label: "Latency over its deadline",
    unit: "share",
    digits: 4,
    better: "minimize",
  },
];

/** A metric that this page does not know is shown as it comes. */
export function metricOf(name: string): Metric {
  return (
    METRICS.find((metric) => metric.name === name) ?? {
      name,
      label: name.replaceAll("_", " "),
      unit: "",
      digits: 4,
      better: "minimize",
    }
  );
}

export function metricText(name: string, value: number | null | undefined): string {
  return figureText(value ?? null, metricOf(name).digits);
}

export function toward({ metric, direction }: Objective): Direction {
  return direction ?? metricOf(metric).better;
}

/** Where the score shall go. One objective is its own score; of several the weighted sum is made small. */
export function directionOf(objectives: readonly Objective[]): Direction {
  const [only, ...others] = objectives;
  return only && others.length === 0 ? toward(only) : "minimize";
}

/** What is made small or large, in a few words. */
export function aimText(objectives: readonly Objective[]): string {
  return objectives
    .map((objective) => {
      const { label } = metricOf(objective.metric);
      const weight =
        objectives.length > 1 || (objective.weight ?? 1) !== 1 ? `${objective.weight ?? 1} × ` : "";
      return `${toward(objective) === "minimize" ? "↓" : "↑"} ${weight}${label}`;
    })
    .join(" + ");
}

/** A score or a parameter: as many digits as tell it apart from others. */
export function scoreText(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e10 || size < 1e-4) return value.toExponential(3).replace("-", "−").replace("e−", "e-");
  const digits = Math.max(0, Math.min(6, 4 - Math.floor(Math.log10(size))));
  return figureText(value, digits);
}
