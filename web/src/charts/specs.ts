/** The charts of a run, made from its history. */

import { milliseconds, power, pu } from "../app/format";
import type { Column } from "../stream/buffers";
import type { History } from "../stream/history";
import { extent } from "./decimate";
import { seriesToken } from "./palette";
import type { ChartSpec } from "./spec";
import { VoltageLines } from "./VoltageLines";

const same = (value: number) => value;
const PLAIN = {
  marks: [],
  marksLabel: null,
  band: null,
  stepped: false,
  splits: null,
  underlay: null,
} as const;

/** Room above and below, and never a flat axis. */
function padded(least: number, most: number, flat: number): readonly [number, number] {
  if (Number.isNaN(least)) return [0, flat];
  const room = Math.max((most - least) * 0.08, flat * 0.05);
  return [least - room, most + room];
}

/** From 0 to a round number above. */
function fromZero(most: number, flat: number): readonly [number, number] {
  return [0, Number.isNaN(most) ? flat : Math.max(most * 1.12, flat * 0.2)];
}

/** Round voltages, so that the limits are among them. */
function puSplits(least: number, most: number): number[] {
  const step = [0.01, 0.025, 0.05, 0.1].find((one) => (most - least) / one <= 7) ?? 0.25;
  const splits = [];
  for (let i = Math.ceil(least / step - 1e-6); i * step <= most + 1e-9; i++) splits.push(i * step);
  return splits;
}

/** All charts of one history hold the same columns for its whole life, so that a spec is made once. */
export function voltageSpec(history: History): ChartSpec {
  const { v_min, v_max } = history.schema;
  const lines = new VoltageLines();
  return {
    ...PLAIN,
    title: "Voltage",
    unit: "pu",
    heightPx: 210,
    lines: history.envelope.flatMap(({ phase, min, max }) => [
      { column: min, keep: "min" as const, scale: same, color: `phase-${phase}` as const, widthPx: 1.75 },
      { column: max, keep: "max" as const, scale: same, color: `phase-${phase}` as const, widthPx: 1.75 },
    ]),
    legend: history.envelope.map(({ phase, min, max }) => ({
      label: `Phase ${phase.toUpperCase()}`,
      color: `phase-${phase}` as const,
      read: (tick) => figureOrDash(min.at(tick), (low) => `${pu(low)} – ${pu(max.at(tick))}`),
      width: 13,
    })),
    marks: [
      { value: v_min, color: "limit" },
      { value: v_max, color: "limit" },
    ],
    marksLabel: `limits ${v_min}, ${v_max}`,
    band: [v_min, v_max],
    // In steps of 0.01 pu, so that the axis stands still unless a voltage leaves it. A run away is cut off at the edge.
    range: (least, most) => [
      Math.max(0.5, Math.min(v_min - 0.01, Math.floor(least * 100 - 0.2) / 100 || Infinity)),
      Math.min(1.5, Math.max(v_max + 0.01, Math.ceil(most * 100 + 0.2) / 100 || -Infinity)),
    ],
    splits: puSplits,
    axisLabel: (v) => String(Math.round(v * 1e3) / 1e3),
    underlay: (plot, of, from, to) => {
      lines.draw(plot, of, from, to);
    },
    summary: () => {
      const traces = history.envelope.flatMap(({ min, max }) =>
        [min, max].map((column) => ({ column, keep: "both" as const, scale: same })),
      );
      const [least, most] = extent(traces, 0, history.length);
      return `Voltages of ${history.voltages.length} bus phases: lowest so far ${pu(least)} pu, highest ${pu(most)} pu; limits ${v_min} and ${v_max}.`;
    },
  };
}

/** The phases of one bus. */
export function busSpec(history: History, bus: string): ChartSpec {
  const { v_min, v_max } = history.schema;
  const lines = history.voltages.filter((line) => line.bus === bus);
  return {
    ...PLAIN,
    title: `Bus ${bus}`,
    unit: "pu",
    heightPx: 128,
    lines: lines.map(({ phase, v }) => ({
      column: v,
      keep: "both" as const,
      scale: same,
      color: `phase-${phase}` as const,
      widthPx: 1.5,
    })),
    legend: lines.map(({ phase, v }) => ({
      label: `Phase ${phase.toUpperCase()}`,
      color: `phase-${phase}` as const,
      read: (tick) => pu(v.at(tick)),
      width: 6,
    })),
    marks: [
      { value: v_min, color: "limit" },
      { value: v_max, color: "limit" },
    ],
    band: [v_min, v_max],
    range: (least, most) => padded(least, most, 0.02),
    axisLabel: (v) => v.toFixed(3),
    summary: () =>
      `Voltages of bus ${bus}: ${lines.map(({ phase, v }) => `phase ${phase.toUpperCase()} ${pu(v.last())}`).join(", ")} pu.`,
  };
}

export function powerSpecs(history: History): ChartSpec[] {
  return history.power.map(({ datacenter, bus, p_w }) => ({
    ...PLAIN,
    title: history.power.length > 1 ? `Power · ${datacenter}` : "Power",
    unit: `per phase, at bus ${bus}`,
    heightPx: 128,
    lines: p_w.map(({ phase, column }) => ({
      column,
      keep: "both" as const,
      scale: same,
      color: `phase-${phase}` as const,
      widthPx: 1.25,
    })),
    legend: p_w.map(({ phase, column }) => ({
      label: phase.toUpperCase(),
      color: `phase-${phase}` as const,
      read: (tick) => power(column.at(tick)),
      width: 7,
    })),
    range: (_, most) => fromZero(most, 100_000),
    axisLabel: (v) => (v >= 1e6 ? `${(v / 1e6).toFixed(1)} MW` : `${Math.round(v / 1e3)} kW`),
    summary: () =>
      `Power of ${datacenter}: ${p_w
        .map(({ phase, column }) => `phase ${phase.toUpperCase()} ${power(column.last())}`)
        .join(", ")}.`,
  }));
}

function modelName(history: History, datacenter: string, label: string): string {
  return history.power.length > 1 ? `${datacenter} · ${label}` : label;
}

const figureOrDash = (value: number, text: (value: number) => string) =>
  Number.isNaN(value) ? "–" : text(value);

export function batchSpec(history: History): ChartSpec {
  return {
    ...PLAIN,
    title: "Batch size",
    unit: "requests, log scale",
    heightPx: 128,
    lines: history.models.map((model, i) => ({
      column: model.batch,
      keep: "both",
      scale: (batch) => Math.log2(Math.max(1, batch)),
      color: seriesToken(i),
      widthPx: 1.75,
    })),
    legend: history.models.map((model, i) => ({
      label: modelName(history, model.datacenter, model.label),
      color: seriesToken(i),
      read: (tick) => figureOrDash(model.batch.at(tick), String),
      width: 4,
    })),
    stepped: true,
    range: (least, most) => (Number.isNaN(least) ? [3, 9] : [Math.floor(least) - 0.5, Math.ceil(most) + 0.5]),
    splits: (least, most) => {
      const splits = [];
      for (let power = Math.ceil(least); power <= most; power++) splits.push(power);
      return splits;
    },
    axisLabel: (log2) => String(2 ** log2),
    summary: () =>
      `Batch sizes: ${history.models
        .map((model) => `${model.label} ${figureOrDash(model.batch.last(), String)}`)
        .join(", ")}.`,
  };
}

export function latencySpec(history: History): ChartSpec {
  return {
    ...PLAIN,
    title: "Latency",
    unit: "time between tokens, ms",
    heightPx: 128,
    lines: history.models.map((model, i) => ({
      column: model.itl_s,
      keep: "both",
      scale: (t_s) => t_s * 1e3,
      color: seriesToken(i),
      widthPx: 1.25,
    })),
    legend: history.models.map((model, i) => ({
      label: modelName(history, model.datacenter, model.label),
      color: seriesToken(i),
      read: (tick) =>
        model.deadline_s === null
          ? milliseconds(model.itl_s.at(tick))
          : `${milliseconds(model.itl_s.at(tick))} of ${Math.round(model.deadline_s * 1e3)}`,
      width: 11,
    })),
    marks: history.models.flatMap((model, i) =>
      model.deadline_s === null ? [] : [{ value: model.deadline_s * 1e3, color: seriesToken(i) }],
    ),
    marksLabel: "deadline",
    range: (_, most) => {
      const deadlines = history.models.map((model) => (model.deadline_s ?? 0) * 1e3);
      return fromZero(Math.max(most || 0, ...deadlines), 50);
    },
    axisLabel: (ms) => `${Math.round(ms)}`,
    summary: () =>
      `Latency: ${history.models
        .map((model) => {
          const late = model.deadline_s !== null && model.itl_s.last() > model.deadline_s;
          return `${model.label} ${milliseconds(model.itl_s.last())}${late ? ", over its deadline" : ""}`;
        })
        .join("; ")}.`,
  };
}

function stepsSpec(
  title: string,
  unit: string,
  flat: number,
  series: readonly { name: string; column: Column }[],
  text: (value: number) => string,
  stepped: boolean,
): ChartSpec {
  return {
    ...PLAIN,
    title,
    unit,
    heightPx: 128,
    lines: series.map(({ column }, i) => ({
      column,
      keep: "both",
      scale: same,
      color: seriesToken(i),
      widthPx: 1.75,
    })),
    legend: series.map(({ name, column }, i) => ({
      label: name,
      color: seriesToken(i),
      read: (tick) => figureOrDash(column.at(tick), text),
      width: 7,
    })),
    stepped,
    range: (least, most) => padded(least, most, flat),
    axisLabel: text,
    summary: () =>
      `${title}: ${series.map(({ name, column }) => `${name} ${figureOrDash(column.last(), text)}`).join(", ")}.`,
  };
}

export function tapsSpec(history: History): ChartSpec {
  return stepsSpec("Tap positions", "ratio", 0.1, history.taps, (ratio) => ratio.toFixed(4), true);
}

export function storageSpecs(history: History): ChartSpec[] {
  const { storages } = history;
  const columns = (pick: (storage: (typeof storages)[number]) => Column) =>
    storages.map((storage) => ({ name: storage.name, column: pick(storage) }));
  return [
    stepsSpec(
      "Storage power",
      "kW",
      100,
      columns((s) => s.p_kw),
      (kw) => kw.toFixed(0),
      false,
    ),
    stepsSpec(
      "Storage charge",
      "share of capacity",
      0.2,
      columns((s) => s.soc),
      (soc) => soc.toFixed(2),
      false,
    ),
  ];
}
