/** How much each parameter moves a metric: the rows of a tornado chart. Pure. */

import type { Characterization, Metrics, Variant } from "../api/results";

export interface Bar {
  readonly state: "waiting" | "done" | "failed";
  /** The metric at this value of the parameter; null where there is none. */
  readonly value: number | null;
  /** Its ends on the chart, as shares of its width. */
  readonly from: number;
  readonly to: number;
}

export interface TornadoRow {
  readonly parameter: string;
  /** From the lower to the higher of all three figures; null where there is nothing to compare. */
  readonly spread: number | null;
  readonly low: Bar;
  readonly high: Bar;
}

export interface Tornado {
  /** The metric of the scenario as it is; null until that is known. */
  readonly base: number | null;
  /** Where it lies, as a share of the chart's width. */
  readonly middle: number;
  readonly least: number;
  readonly most: number;
  /** The strongest first; those about which nothing is known last. */
  readonly rows: readonly TornadoRow[];
}

function metric(metrics: Metrics | undefined, name: string): number | null {
  return metrics?.[name] ?? null;
}

export function tornadoOf(found: Characterization, name: string): Tornado {
  const base = metric(found.default?.metrics, name);
  const values = found.sensitivity.flatMap(({ low, high }) =>
    [low, high].flatMap((variant) => metric(variant?.metrics, name) ?? []),
  );
  const all = base === null ? values : [base, ...values];
  const [least, most] = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0, 0];
  const place = (value: number) => (most === least ? 0.5 : (value - least) / (most - least));
  const middle = base === null ? 0.5 : place(base);
  const bar = (variant: Variant | null): Bar => {
    const value = metric(variant?.metrics, name);
    const to = value === null ? middle : place(value);
    return {
      state: variant === null ? "waiting" : variant.status !== "done" || value === null ? "failed" : "done",
      value,
      from: Math.min(middle, to),
      to: Math.max(middle, to),
    };
  };
  const rows = found.sensitivity.map(({ parameter, low, high }) => {
    const bars = { low: bar(low), high: bar(high) };
    const known = [bars.low.value, bars.high.value].flatMap((value) => value ?? []);
    const told = base === null ? known : [base, ...known];
    return {
      parameter,
      spread: known.length === 0 ? null : Math.max(...told) - Math.min(...told),
      ...bars,
    };
  });
  rows.sort((a, b) => (b.spread ?? -1) - (a.spread ?? -1));
  return { base, middle, least, most, rows };
}
