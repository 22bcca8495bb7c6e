/** What a comparison shows, without React and without the wire. */

import type { Json, Session } from "../stream/frames";

export type Series = readonly (number | null)[];

/** `scale` makes the shown figure of the service's. */
export const QUANTITIES = [
  { key: "v_min", title: "Lowest voltage", unit: "pu", digits: 4, scale: 1 },
  { key: "v_max", title: "Highest voltage", unit: "pu", digits: 4, scale: 1 },
  { key: "power", title: "Power of all datacenters", unit: "MW", digits: 3, scale: 1e-3 },
] as const;
export type Quantity = (typeof QUANTITIES)[number];
export type QuantityKey = Quantity["key"];

/** Runs on one time axis; each list of series is in the order of the runs. */
export interface Comparison {
  readonly t_s: readonly number[];
  readonly series: Readonly<Record<QuantityKey, readonly Series[]>>;
}

/** Each series less the first one; null where either has no value. */
export function differences(series: readonly Series[]): readonly Series[] {
  const [first] = series;
  if (!first) return [];
  return series.slice(1).map((values) =>
    values.map((value, i) => {
      const base = first[i] ?? null;
      return value === null || base === null ? null : value - base;
    }),
  );
}

/** Indices of at most `most` rows, evenly spread, the first and the last among them. */
export function sampled(length: number, most: number): readonly number[] {
  if (length <= most) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (length - 1)) / (most - 1)));
}

export interface Metric {
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  /** What makes the shown figure of OpenG2G's. */
  readonly scale: number;
}

const METRICS: Readonly<Record<string, Metric>> = {
  violation_time_s: { label: "Time outside the limits", unit: "s", digits: 1, scale: 1 },
  integral_violation_pu_s: { label: "Violation, integral", unit: "pu·s", digits: 2, scale: 1 },
  worst_vmin: { label: "Lowest voltage", unit: "pu", digits: 4, scale: 1 },
  worst_vmax: { label: "Highest voltage", unit: "pu", digits: 4, scale: 1 },
  mean_throughput_tps: { label: "Throughput, as OpenG2G counts", unit: "tokens/s", digits: 0, scale: 1 },
  integrated_throughput_tokens: {
    label: "Tokens, as OpenG2G counts",
    unit: "million",
    digits: 1,
    scale: 1e-6,
  },
  itl_deadline_fraction: { label: "Latency over its deadline", unit: "% of samples", digits: 2, scale: 100 },
};

export interface MetricRow extends Metric {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** The summaries side by side; a metric that this page does not know is shown as it comes. */
export function metricRows(sessions: readonly Pick<Session, "summary">[]): readonly MetricRow[] {
  const known = Object.keys(METRICS);
  const names = new Set(sessions.flatMap(({ summary }) => Object.keys(summary?.metrics ?? {})));
  const ordered = [
    ...known.filter((name) => names.has(name)),
    ...[...names].filter((name) => !known.includes(name)),
  ];
  return ordered.map((name) => {
    const metric = METRICS[name] ?? { label: name.replaceAll("_", " "), unit: "", digits: 4, scale: 1 };
    const values = sessions.map(({ summary }) => {
      const value = summary?.metrics[name] ?? null;
      return value === null ? null : value * metric.scale;
    });
    return { name, ...metric, values };
  });
}

/** A place of the configurations at which they differ; null or undefined where a run has nothing there. */
export interface ParameterRow {
  readonly path: string;
  readonly values: readonly (Json | undefined)[];
}

/** Without the empty lists whose items are told one by one. */
export function leaves(rows: readonly ParameterRow[]): readonly ParameterRow[] {
  return rows.filter(({ path }) => !rows.some((other) => other.path.startsWith(`${path}.`)));
}

export function figureText(value: number | null, digits: number): string {
  if (value === null) return "–";
  const text = Math.abs(value).toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** With its sign, also where it is zero: a difference is never mistaken for a value. */
export function differenceText(value: number | null, base: number | null, digits: number): string {
  if (value === null || base === null) return "–";
  const difference = value - base;
  const text = figureText(difference, digits);
  if (!/[1-9]/.test(text)) return `±${text}`;
  return difference < 0 ? text : `+${text}`;
}
