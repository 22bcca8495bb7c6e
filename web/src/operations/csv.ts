/** An operation's result as lines of comma-separated values, for spreadsheets. Pure. */

import type { Finding } from "../api/results";
import type { Json } from "../stream/frames";

type Row = readonly (Json | undefined)[];

/** One field (RFC 4180). */
function field(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function lines(rows: readonly Row[]): string {
  return rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

export function csvOf(found: Finding): string {
  switch (found.op) {
    case "characterize":
      return lines(characterizeRows(found));
    case "heatmap":
      return lines(heatmapRows(found));
    case "scan":
      return lines(scanRows(found));
    case "verify":
      return lines(verifyRows(found));
  }
}

const POINT = [
  "mean_power_kw",
  "max_power_kw",
  "worst_vmin",
  "worst_vmax",
  "violation_time_s",
  "integral_violation_pu_s",
] as const;

/** One line a simulation: what was changed, and what came of it. */
function characterizeRows(found: Finding & { readonly op: "characterize" }): readonly Row[] {
  const runs = found.sensitivity.flatMap(({ parameter, low, high }) =>
    (["low", "high"] as const).flatMap((direction) => {
      const variant = { low, high }[direction];
      return variant ? [{ parameter, direction, ...variant }] : [];
    }),
  );
  const every = [found.default, ...runs].flatMap((run) => Object.keys(run?.metrics ?? {}));
  const others = [...new Set(every)].filter((name) => !POINT.some((known) => known === name));
  const head = ["part", "parameter", "direction", "value", "scale", "status", "reason", ...POINT, ...others];
  const figures = (metrics: Readonly<Record<string, number | null>> | null, power: Row) => [
    ...power,
    ...[...POINT.slice(2), ...others].map((name) => metrics?.[name]),
  ];
  const { default: run } = found;
  return [
    head,
    ...(run
      ? [
          [
            "default",
            null,
            null,
            null,
            1,
            run.status,
            run.reason,
            ...figures(run.metrics, [run.mean_power_kw, run.max_power_kw]),
          ],
        ]
      : []),
    ...found.pv_curve.map((point) => [
      "pv",
      null,
      null,
      null,
      point.scale,
      point.status,
      point.reason,
      ...POINT.map((name) => point[name]),
    ]),
    ...runs.map(({ parameter, direction, value, status, reason, metrics }) => [
      "sensitivity",
      parameter,
      direction,
      value,
      null,
      status,
      reason,
      ...figures(metrics, [null, null]),
    ]),
  ];
}

/** One line a cell. */
function heatmapRows({ param_x, param_y, metric, x, y, cells }: Finding & { readonly op: "heatmap" }) {
  return [
    [param_x, param_y, metric, "status", "reason"],
    ...cells.map((cell) => [x[cell.x], y[cell.y], cell.value, cell.status, cell.reason]),
  ];
}

const PLACE = [
  "kind",
  "feeder",
  "name",
  "class",
  "worst_vmin",
  "worst_vmax",
  "violation_time_s",
  "integral_violation_pu_s",
  "mean_power_kw",
  "oscillation",
  "status",
  "reason",
] as const;

/** One line a site or scenario. */
function scanRows({ places }: Finding & { readonly op: "scan" }): readonly Row[] {
  return [PLACE, ...places.map((place) => PLACE.map((name) => place[name]))];
}

function verifyRows({ session_id, found }: Finding & { readonly op: "verify" }): readonly Row[] {
  const entries = Object.entries(found ?? {});
  return [
    ["session_id", ...entries.map(([name]) => name)],
    [session_id, ...entries.map(([, value]) => value)],
  ];
}
