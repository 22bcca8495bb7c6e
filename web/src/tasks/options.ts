/** What the charts of a task draw, from its experiments. Pure but for the colours in force; nothing is animated. */

import type { Experiment, Parameter } from "../api/tasks";
import { resolve } from "../charts/palette";
import { shown } from "../newrun/Fields";
import type { Json } from "../stream/frames";
import { scoreText } from "./metrics";
import { keeps, type Step } from "./standing";

export type ChartOption = Readonly<Record<string, unknown>>;

const TEXT = "11px system-ui, sans-serif";

/** ECharts writes HTML: words of others stay words. */
function safe(words: string): string {
  return words.replace(
    /[&<>"]/g,
    (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign] ?? "",
  );
}

export function nameOf({ baseline, number }: Pick<Experiment, "baseline" | "number">): string {
  return baseline ? "Baseline" : `#${number}`;
}

export function valueText(value: Json | undefined): string {
  if (value === undefined) return "–";
  if (typeof value !== "number") return shown(value);
  const text = scoreText(value);
  return text.includes("e") ? text : text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

export function axis(name: string) {
  const line = { lineStyle: { color: resolve("grid") } };
  return {
    name,
    nameTextStyle: { color: resolve("muted"), fontSize: 11 },
    axisLine: line,
    axisTick: line,
    splitLine: line,
    axisLabel: { color: resolve("muted"), fontSize: 11, hideOverlap: true },
  };
}

function scoreAxis(log: boolean) {
  return {
    ...axis(""),
    type: log ? "log" : "value",
    scale: true,
    axisLabel: { color: resolve("muted"), fontSize: 11, formatter: (value: number) => scoreText(value) },
  };
}

interface Item {
  readonly data: { readonly id?: string; readonly value: readonly Json[] };
}

export function tooltip(words: (id: string) => string) {
  return {
    trigger: "item",
    confine: true,
    transitionDuration: 0,
    backgroundColor: resolve("surface"),
    borderColor: resolve("grid"),
    textStyle: { color: resolve("ink"), fontSize: 12 },
    formatter: ({ data }: Item) => (data.id === undefined ? "" : words(data.id)),
  };
}

/** Name, score and parameters of an experiment, a line each. */
export function card(all: ReadonlyMap<string, Experiment>, names: ReadonlyMap<string, string>) {
  return (id: string) => {
    const experiment = all.get(id);
    if (!experiment) return "";
    const lines = Object.entries(experiment.params).map(
      ([path, value]) => `${safe(names.get(path) ?? path)}: ${safe(valueText(value))}`,
    );
    return [`<b>${nameOf(experiment)}</b>: ${scoreText(experiment.score)}`, ...lines].join("<br>");
  };
}

/** A disc; an empty triangle for what breaks a limit. */
function markOf(experiment: Experiment, token: "muted" | "phase-a") {
  if (keeps(experiment)) return { symbol: "circle" };
  return {
    symbol: "triangle",
    itemStyle: { color: "transparent", borderColor: resolve(token), borderWidth: 1.4 },
  };
}

/** A dashed line at the baseline's score, with its name at the right. */
function baselineMark(score: number | null, from: Json, to: Json) {
  return {
    type: "line",
    silent: true,
    symbol: "none",
    animation: false,
    lineStyle: { color: resolve("muted"), type: "dashed", width: 1.2 },
    endLabel: {
      show: score !== null,
      formatter: "baseline",
      color: resolve("muted"),
      fontSize: 11,
      offset: [-52, -9],
    },
    data: score === null ? [] : [{ value: [from, score] }, { value: [to, score] }],
  };
}

export interface ScoreView {
  readonly steps: readonly Step[];
  readonly baseline: number | null;
  readonly total: number;
  readonly log: boolean;
  readonly names: ReadonlyMap<string, string>;
}

/** Each score in the order of the ends, and the best so far above (or below) them. */
export function trajectoryOption({ steps, baseline, total, log, names }: ScoreView): ChartOption {
  const all = new Map(steps.map(({ experiment }) => [experiment.id, experiment]));
  const scored = steps.filter(({ experiment }) => experiment.score !== null);
  const last = steps.at(-1);
  const best = steps.filter((step) => step.leads || step === last).filter((step) => step.best !== null);
  return {
    animation: false,
    textStyle: { font: TEXT },
    grid: { left: 60, right: 18, top: 14, bottom: 28 },
    tooltip: tooltip(card(all, names)),
    xAxis: { ...axis(""), type: "value", min: 0, max: Math.max(total, steps.length, 1), minInterval: 1 },
    yAxis: scoreAxis(log),
    series: [
      {
        type: "scatter",
        animation: false,
        symbolSize: 6,
        itemStyle: { color: resolve("muted"), opacity: 0.65 },
        data: scored.map(({ iter, experiment }) => ({
          id: experiment.id,
          value: [iter, experiment.score],
          ...markOf(experiment, "muted"),
        })),
      },
      {
        type: "line",
        step: "end",
        animation: false,
        silent: true,
        symbol: "none",
        lineStyle: { color: resolve("phase-a"), width: 2 },
        data: best.map((step) => ({ value: [step.iter, step.best] })),
      },
      {
        type: "scatter",
        animation: false,
        symbolSize: 8,
        itemStyle: { color: resolve("phase-a") },
        data: steps
          .filter(({ leads }) => leads)
          .map(({ iter, experiment }) => ({ id: experiment.id, value: [iter, experiment.score] })),
      },
      baselineMark(baseline, 0, Math.max(total, steps.length, 1)),
    ],
  };
}

/** Whether a parameter takes some values only. */
function isCategory(parameter: Parameter | undefined): boolean {
  return parameter?.type === "categorical";
}

export function place(parameter: Parameter | undefined, value: Json | undefined): Json {
  if (value === undefined) return null;
  return isCategory(parameter) ? valueText(value) : value;
}

export interface ScatterView {
  readonly experiments: readonly Experiment[];
  readonly path: string;
  readonly parameter: Parameter | undefined;
  readonly bestId: string | null;
  readonly baseline: number | null;
  readonly log: boolean;
  readonly names: ReadonlyMap<string, string>;
}

/** One parameter against the score; the best is a diamond, what breaks a limit an empty triangle. */
export function scatterOption(view: ScatterView): ChartOption {
  const { experiments, path, parameter, bestId, baseline, log, names } = view;
  const scored = experiments.filter(({ score, baseline: base }) => score !== null && !base);
  const all = new Map(scored.map((experiment) => [experiment.id, experiment]));
  const categories =
    parameter?.type === "categorical" ? parameter.choices.map((choice) => valueText(choice)) : null;
  const range = parameter && parameter.type !== "categorical" ? parameter : null;
  return {
    animation: false,
    textStyle: { font: TEXT },
    grid: { left: 60, right: 18, top: 14, bottom: 28 },
    tooltip: tooltip(card(all, names)),
    xAxis: categories
      ? { ...axis(""), type: "category", data: categories }
      : {
          ...axis(""),
          type: range?.log === true ? "log" : "value",
          ...(range && range.high > range.low ? { min: range.low, max: range.high } : { scale: true }),
          axisLabel: { color: resolve("muted"), fontSize: 11, hideOverlap: true, formatter: tick },
        },
    yAxis: scoreAxis(log),
    series: [
      {
        type: "scatter",
        animation: false,
        data: scored
          .filter(({ id }) => id !== bestId)
          .map((experiment) => ({
            id: experiment.id,
            value: [place(parameter, experiment.params[path]), experiment.score],
            ...markOf(experiment, "phase-a"),
          })),
        symbolSize: 8,
        itemStyle: { color: resolve("phase-a"), opacity: 0.6 },
      },
      {
        type: "scatter",
        animation: false,
        symbol: "diamond",
        symbolSize: 15,
        itemStyle: { color: resolve("phase-b"), borderColor: resolve("surface"), borderWidth: 1 },
        data: scored
          .filter(({ id }) => id === bestId)
          .map(({ id, params, score }) => ({ id, value: [place(parameter, params[path]), score] })),
      },
      categories
        ? baselineMark(baseline, categories[0] ?? null, categories.at(-1) ?? null)
        : baselineMark(baseline, range?.low ?? 0, range?.high ?? 1),
    ],
  };
}

export function tick(value: number): string {
  return String(Number(value.toPrecision(3)));
}
