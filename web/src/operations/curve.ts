/** What the charts of a P-V curve draw. Pure but for the colours in force; nothing is animated. */

import type { Characterization, CurvePoint, HostingLimit } from "../api/results";
import { power } from "../app/format";
import { resolve } from "../charts/palette";
import { metricOf, metricText } from "../tasks/metrics";
import { axis, type ChartOption, tooltip } from "../tasks/options";
import type { Band } from "./limits";

const TEXT = "11px system-ui, sans-serif";
/** About (0, 0): a cross for what has no figures. */
const CROSS = "path://M-4-4L4 4M4-4L-4 4";

/** Metrics of a curve that tell of violation. */
export const VIOLATIONS = ["integral_violation_pu_s", "violation_time_s"] as const;
export type Violation = (typeof VIOLATIONS)[number];

/** Power of a point (MW): what it had, or what its scale comes to where it has no figures. */
export function megawatts(point: CurvePoint, curve: readonly CurvePoint[]): number | null {
  if (point.mean_power_kw !== null) return point.mean_power_kw / 1e3;
  // Power goes with the scale, less exactly than what was computed.
  const known = curve.find(({ scale, mean_power_kw }) => scale > 0 && mean_power_kw !== null);
  return known?.mean_power_kw ? (known.mean_power_kw / known.scale / 1e3) * point.scale : null;
}

export const LIMIT_WORDS: Readonly<Record<HostingLimit["limited_by"], string>> = {
  undervoltage: "undervoltage",
  overvoltage: "overvoltage",
  both: "under- and overvoltage",
  diverged: "no solution of the power flow",
};

function card(curve: readonly CurvePoint[]) {
  return (id: string) => {
    const point = curve.find(({ index }) => `pv-${index}` === id);
    if (!point) return "";
    const lines = [
      `<b>${point.scale.toFixed(2)} × the datacenters</b>`,
      ...(point.mean_power_kw === null ? [] : [`mean power: ${power(point.mean_power_kw * 1e3)}`]),
      ...(["worst_vmin", "worst_vmax", ...VIOLATIONS] as const).flatMap((name) =>
        point[name] === null
          ? []
          : [`${metricOf(name).label}: ${metricText(name, point[name])} ${metricOf(name).unit}`],
      ),
      ...(point.status !== "done" ? ["failed: no solution at this size"] : []),
    ];
    return lines.join("<br>");
  };
}

function powerAxis(view: CurveView) {
  return {
    ...axis("MW"),
    type: "value",
    min: 0,
    max: view.most_mw,
    nameLocation: "end",
    nameGap: 6,
  };
}

export interface CurveView {
  readonly curve: readonly CurvePoint[];
  readonly limit: HostingLimit | null;
  readonly band: Band;
  /** The right end of the axis of power. */
  readonly most_mw: number;
}

export function curveView({ pv_curve, hosting_limit }: Characterization, band: Band): CurveView {
  const powers = pv_curve.map((point) => megawatts(point, pv_curve) ?? 0);
  const most = Math.max(0.001, ...powers, (hosting_limit?.mean_power_kw ?? 0) / 1e3);
  return { curve: pv_curve, limit: hosting_limit, band, most_mw: Number((most * 1.04).toPrecision(3)) };
}

/** A vertical dashed line where the feeder takes no more, with its name. */
function limitMark({ limit, most_mw }: CurveView, from: number, to: number) {
  const at = (limit?.mean_power_kw ?? 0) / 1e3;
  const right = at < 0.7 * most_mw;
  return {
    type: "line",
    silent: true,
    symbol: "none",
    animation: false,
    lineStyle: { color: resolve("ink"), type: "dashed", width: 1.4 },
    endLabel: {
      show: limit !== null,
      formatter: "hosting limit",
      color: resolve("ink"),
      fontSize: 11,
      align: right ? "left" : "right",
      offset: [right ? 2 : -14, 8],
    },
    data: limit === null ? [] : [{ value: [at, from] }, { value: [at, to] }],
  };
}

/** A limit of the band, or with `origin` the band itself. */
function level(value: number, most: number, origin: number | null) {
  return {
    type: "line",
    silent: true,
    symbol: "none",
    animation: false,
    z: 1,
    lineStyle: { color: resolve("limit"), type: "dashed", width: 1, opacity: 0.8 },
    ...(origin === null ? {} : { areaStyle: { color: resolve("band"), opacity: 1, origin } }),
    data: [{ value: [0, value] }, { value: [most, value] }],
  };
}

/** What failed, on the lower edge at the power that its size comes to. */
function failedMarks({ curve }: CurveView, y: number) {
  return {
    type: "scatter",
    animation: false,
    symbol: CROSS,
    symbolSize: 9,
    z: 4,
    itemStyle: { color: "transparent", borderColor: resolve("limit"), borderWidth: 1.8 },
    data: curve
      .filter(({ status }) => status !== "done")
      .flatMap((point) => {
        const at = megawatts(point, curve);
        return at === null ? [] : [{ id: `pv-${point.index}`, value: [at, y] }];
      }),
  };
}

function voltageLine(view: CurveView, name: "worst_vmin" | "worst_vmax") {
  const { curve, band } = view;
  const color = resolve(name === "worst_vmin" ? "series-1" : "series-2");
  return {
    type: "line",
    name: metricOf(name).label,
    animation: false,
    z: 3,
    symbolSize: 7,
    lineStyle: { color, width: 2 },
    itemStyle: { color },
    data: curve.flatMap((point) => {
      const [at, value] = [megawatts(point, curve), point[name]];
      if (at === null || value === null) return [];
      const under = value < band.v_min;
      const outside = under || value > band.v_max;
      return [
        {
          id: `pv-${point.index}`,
          value: [at, value],
          // Out of the band it is a triangle that points where the voltage went.
          symbol: outside ? "triangle" : "circle",
          symbolSize: outside ? 10 : 6,
          symbolRotate: under ? 180 : 0,
        },
      ];
    }),
  };
}

/** Room above and below what is drawn: whole hundredths, so that the axis stays while points come. */
export function voltageEnds({ curve, band }: Pick<CurveView, "curve" | "band">): readonly [number, number] {
  const values = curve.flatMap(({ worst_vmin, worst_vmax }) =>
    [worst_vmin, worst_vmax].flatMap((value) => (value === null ? [] : [value])),
  );
  const low = Math.min(band.v_min - 0.01, ...values);
  const high = Math.max(band.v_max + 0.01, ...values);
  return [Math.floor(low * 100 - 0.25) / 100, Math.ceil(high * 100 + 0.25) / 100];
}

/** Worst voltages over the power of the datacenters, in the band that they should keep. */
export function voltageOption(view: CurveView): ChartOption {
  const [low, high] = voltageEnds(view);
  const { band, most_mw } = view;
  return {
    animation: false,
    textStyle: { font: TEXT },
    grid: { left: 48, right: 34, top: 14, bottom: 28 },
    tooltip: tooltip(card(view.curve)),
    xAxis: powerAxis(view),
    yAxis: {
      ...axis(""),
      type: "value",
      min: low,
      max: high,
      axisLabel: { color: resolve("muted"), fontSize: 11, formatter: (v: number) => v.toFixed(2) },
    },
    series: [
      level(band.v_max, most_mw, band.v_min),
      level(band.v_min, most_mw, null),
      voltageLine(view, "worst_vmin"),
      voltageLine(view, "worst_vmax"),
      failedMarks(view, low + (high - low) * 0.03),
      limitMark(view, low, high),
    ],
  };
}

/** How much of the band is broken, over the power of the datacenters. */
export function violationOption(view: CurveView, name: Violation): ChartOption {
  const { curve } = view;
  const values = curve.flatMap((point) => (point[name] === null ? [] : [point[name]]));
  const high = Math.max(...values, 0) || 1;
  return {
    animation: false,
    textStyle: { font: TEXT },
    grid: { left: 56, right: 34, top: 14, bottom: 28 },
    tooltip: tooltip(card(curve)),
    xAxis: powerAxis(view),
    yAxis: { ...axis(""), type: "value", min: 0, max: Number((high * 1.1).toPrecision(2)) },
    series: [
      {
        type: "line",
        animation: false,
        symbol: "circle",
        symbolSize: 6,
        lineStyle: { color: resolve("series-7"), width: 2 },
        itemStyle: { color: resolve("series-7") },
        areaStyle: { color: resolve("series-7"), opacity: 0.1 },
        data: curve.flatMap((point) => {
          const [at, value] = [megawatts(point, curve), point[name]];
          return at === null || value === null ? [] : [{ id: `pv-${point.index}`, value: [at, value] }];
        }),
      },
      failedMarks(view, high * 0.03),
      limitMark(view, 0, high * 1.1),
    ],
  };
}
