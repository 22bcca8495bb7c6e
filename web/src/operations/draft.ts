/** The form of a new operation as typed, and what is asked of the service for it. Pure. */

import type { NewOperation } from "../api/operations";
import type { Params } from "../api/tasks";
import type { Json } from "../stream/frames";
import { type Candidate, rowFor, type Typed } from "../tasks/draft";
import type { Op } from "./status";

/** What a field is where nothing is typed: the service's own defaults. */
export const PRESETS = {
  duration_s: { characterize: 600, heatmap: 300, scan: 120 },
  pv_points: 20,
  pv_max_scale: 2,
  step: 0.2,
  metric: "integral_violation_pu_s",
} as const;

export const FEEDERS = ["ieee13", "ieee34", "ieee123"] as const;
/** Simulations of a scan by feeder: its sites. */
export const MOST_CELLS = 1_000;
/** Parameters of a sensitivity analysis at most, each in two directions. */
export const SENSITIVE = 15;

/** A field of the scenario that is another one than the scenario has. */
export interface Change {
  readonly path: string;
  readonly value: string;
}

export interface AxisDraft {
  /** Empty: none chosen yet. */
  readonly path: string;
  readonly min: Typed;
  readonly max: Typed;
  readonly steps: Typed;
}

export interface Draft {
  readonly changes: readonly Change[];
  readonly seed: Typed;
  readonly duration_s: Typed;
  readonly pv_points: Typed;
  readonly pv_max_scale: Typed;
  readonly sensitivity: boolean;
  readonly step: Typed;
  readonly x: AxisDraft;
  readonly y: AxisDraft;
  readonly metric: string;
  readonly feeders: readonly string[];
  readonly scenarios: boolean;
}

/** What an axis may be: numbers, in the order of the scenario. */
export function numbersOf(known: readonly Candidate[]): readonly Candidate[] {
  return known.filter(({ type, value }) => type !== "categorical" && typeof value === "number");
}

/** What people look at first: by the last word of a path. */
const TELLING = [
  "voltage_dual_step_size",
  "primal_step_size",
  "replicas",
  "base_kw_per_phase",
  "peak_kw",
  "source_pu",
  "power_factor",
];

function leaf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

/** Two different numbers of the scenario to begin with. */
function firstAxes(numbers: readonly Candidate[]): readonly (Candidate | undefined)[] {
  const telling = TELLING.flatMap((name) => numbers.find(({ path }) => leaf(path) === name) ?? []);
  const others = numbers.filter((candidate) => !telling.includes(candidate));
  return [...telling, ...others].slice(0, 2);
}

const STEPS = 10;

/** A range about the value that the scenario has, half of it to twice as much within what is allowed. */
export function axisFor(candidate: Candidate | undefined, steps: Typed = STEPS): AxisDraft {
  if (!candidate) return { path: "", min: "", max: "", steps };
  const { path, value, type, least, most } = candidate;
  if (typeof value !== "number" || value === 0) {
    const { low, high } = rowFor(candidate, 0);
    return { path, min: low, max: high, steps };
  }
  const ends = [value / 2, value * 2].sort((a, b) => a - b);
  let [min = 0, max = 1] = ends.map((end) => Number(end.toPrecision(6)));
  if (type === "int") [min, max] = [Math.floor(min), Math.ceil(max)];
  if (least !== null) min = Math.max(min, least);
  if (most !== null) max = Math.min(max, most);
  return { path, min, max, steps };
}

export function firstDraft(known: readonly Candidate[]): Draft {
  const [x, y] = firstAxes(numbersOf(known));
  return {
    changes: [],
    seed: "",
    duration_s: "",
    pv_points: "",
    pv_max_scale: "",
    sensitivity: true,
    step: "",
    x: axisFor(x),
    y: axisFor(y),
    metric: PRESETS.metric,
    feeders: FEEDERS,
    scenarios: true,
  };
}

/** What is no number stays as it was typed: the service says what it wants instead. */
function number(typed: Typed): Json {
  const value = typeof typed === "number" ? typed : Number(typed);
  return typed === "" || !Number.isFinite(value) ? typed : value;
}

function given(name: string, typed: Typed): Params {
  return typed === "" ? {} : { [name]: number(typed) };
}

/** As the field's own value is: what is a text in the scenario stays one, though it looks like a number. */
export function valueOf(typed: string, own: Json | undefined): Json {
  if (typeof own === "string") return typed;
  try {
    return JSON.parse(typed) as Json;
  } catch {
    return typed;
  }
}

function paramsOf(changes: readonly Change[], known: readonly Candidate[]): Params {
  if (changes.length === 0) return {};
  const own = (path: string) => known.find((candidate) => candidate.path === path)?.value;
  return { params: Object.fromEntries(changes.map(({ path, value }) => [path, valueOf(value, own(path))])) };
}

function axis(name: "x" | "y", { path, min, max, steps }: AxisDraft): Params {
  return {
    [`param_${name}`]: path,
    ...given(`${name}_min`, min),
    ...given(`${name}_max`, max),
    ...given(`${name}_steps`, steps),
  };
}

/** The operation of the form. What is as it would be anyway is left out. */
export function wishOf(op: Op, scenario: string, draft: Draft, known: readonly Candidate[]): NewOperation {
  const common = { ...given("duration_s", draft.duration_s), ...paramsOf(draft.changes, known) };
  const about = { name: scenario, ...(draft.seed === 0 ? {} : given("seed", draft.seed)), ...common };
  switch (op) {
    case "characterize":
      return {
        op,
        config: {
          ...about,
          ...given("pv_points", draft.pv_points),
          ...given("pv_max_scale", draft.pv_max_scale),
          ...(draft.sensitivity ? given("step", draft.step) : { sensitivity: false }),
        },
      };
    case "heatmap":
      return {
        op,
        config: {
          ...about,
          ...axis("x", draft.x),
          ...axis("y", draft.y),
          ...(draft.metric === PRESETS.metric ? {} : { metric: draft.metric }),
        },
      };
    case "scan":
      return {
        op,
        config: {
          ...common,
          ...(draft.feeders.length === FEEDERS.length ? {} : { feeders: draft.feeders }),
          ...(draft.scenarios ? {} : { scenarios: false }),
        },
      };
  }
}

/** Simulations that it takes at most; null where nobody can tell before it is asked. */
export function simulationsOf({ op, config }: NewOperation): number | null {
  const figure = (name: string, preset: number) => {
    const value = config[name] ?? preset;
    return typeof value === "number" ? value : null;
  };
  switch (op) {
    case "characterize": {
      const points = figure("pv_points", PRESETS.pv_points);
      if (points === null) return null;
      return 1 + points + (config["sensitivity"] === false ? 0 : 2 * SENSITIVE);
    }
    case "heatmap": {
      const [x, y] = [config["x_steps"], config["y_steps"]];
      return typeof x === "number" && typeof y === "number" ? x * y : null;
    }
    case "scan":
      return null;
  }
}
