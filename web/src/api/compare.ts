import { queryOptions } from "@tanstack/react-query";

import { type Comparison, leaves, type ParameterRow } from "../compare/model";
import { isEnded, type Session } from "../stream/frames";
import { fields, figures, items, json, list, number, record, text } from "../stream/reader";
import { request } from "./http";

export interface Compared {
  readonly comparison: Comparison;
  readonly parameters: readonly ParameterRow[];
  /** How many ticks of each run are gone, so that its lines have holes. */
  readonly missing: readonly number[];
}

/** `ids` in the order in which they were asked for: that of every list in the answer. */
export function parseCompared(value: unknown, ids: readonly string[]): Compared {
  const from = fields(value, "comparison");
  const series = fields(from["series"], "series");
  const t_s = list(series["t_s"], "series.t_s").map((t, i) => number(t, `series.t_s[${i}]`));
  const holes = record(from["missing"], "missing", (spans, path) =>
    list(spans, path).map((span, i) => {
      const [first, last] = list(span, `${path}[${i}]`).map((tick) => number(tick, `${path}[${i}]`));
      return 1 + (last ?? 0) - (first ?? 0);
    }),
  );
  const each = (name: string) =>
    ids.map((id) => {
      const path = `series.${id}`;
      return figures(fields(series[id], path)[name], t_s.length, `${path}.${name}`);
    });
  return {
    comparison: {
      t_s,
      series: { v_min: each("v_min"), v_max: each("v_max"), power: each("p_kw_total") },
    },
    missing: ids.map((id) => (holes[id] ?? []).reduce((sum, ticks) => sum + ticks, 0)),
    parameters: leaves(
      items(from["parameters"], "parameters", (element, path) => {
        const row = fields(element, path);
        const values = record(row["values"], `${path}.values`, json);
        return { path: text(row["path"], `${path}.path`), values: ids.map((id) => values[id]) };
      }),
    ),
  };
}

/** Points of each line: more than a chart has pixels to show. */
const POINTS = 800;
const WHILE_RUNNING_MS = 30_000;

/** `sessions`: what is known of the runs; it is looked again while one of them is not over. */
export const compareQuery = (ids: readonly string[], sessions: readonly Session[]) =>
  queryOptions({
    queryKey: ["compare", ids.join(",")],
    queryFn: ({ signal }) =>
      request(
        `/api/compare?${new URLSearchParams({ ids: ids.join(","), max_points: String(POINTS) })}`,
        (body) => parseCompared(body, ids),
        { signal },
      ),
    refetchInterval: sessions.every(({ status }) => isEnded(status)) ? false : WHILE_RUNNING_MS,
  });
