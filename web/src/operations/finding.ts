/** What is known of an operation's result: the whole of it once it is told, before that what its points make. Pure. */

import type { Operation } from "../api/operations";
import type {
  Cell,
  Characterization,
  CurvePoint,
  Finding,
  Heatmap,
  Place,
  Point,
  Scan,
  Sensitivity,
} from "../api/results";
import type { Json } from "../stream/frames";
import { metricOf } from "../tasks/metrics";

/** What the page knows of the scenario before the operation tells of it. */
export interface Known {
  /** The scenario's value at a dotted path, the operation's own changes included. */
  readonly valueAt: (path: string) => Json | undefined;
  /** Whether the field at a path takes whole numbers only. */
  readonly isWhole: (path: string) => boolean;
}

export function findingOf(
  { op, config, result }: Pick<Operation, "op" | "config" | "result">,
  points: readonly Point[],
  known: Known,
): Finding {
  if (result) return result;
  switch (op) {
    case "characterize":
      return characterization(points);
    case "heatmap":
      return heatmap(config, points, known);
    case "scan":
      return scan(points);
    case "verify":
      return {
        op,
        session_id: word(config["session_id"]),
        found: points.find((point) => point.part === "verify")?.found ?? null,
      };
  }
}

function characterization(points: readonly Point[]): Characterization {
  const curve = new Map<number, CurvePoint>();
  const sensitivity = new Map<number, Sensitivity>();
  let run: Characterization["default"] = null;
  for (const point of points) {
    if (point.part === "default") run = point.run;
    else if (point.part === "pv") curve.set(point.point.index, point.point);
    else if (point.part === "sensitivity") {
      const { index, parameter, base, direction, variant } = point;
      const before = sensitivity.get(index) ?? { index, parameter, base, low: null, high: null };
      sensitivity.set(index, { ...before, [direction]: variant });
    }
  }
  return {
    op: "characterize",
    default: run,
    pv_curve: [...curve.values()].sort((a, b) => a.scale - b.scale),
    hosting_limit: null,
    sensitivity: [...sensitivity.values()].sort((a, b) => a.index - b.index),
  };
}

function heatmap(config: Operation["config"], points: readonly Point[], known: Known): Heatmap {
  const cells = new Map<string, Cell>();
  for (const point of points)
    if (point.part === "cell") cells.set(`${point.cell.x} ${point.cell.y}`, point.cell);
  const metric = metricOf(word(config["metric"]));
  const [param_x, param_y] = [word(config["param_x"]), word(config["param_y"])];
  const axis = (name: "x" | "y", path: string) =>
    axisOf(
      figure(config[`${name}_min`]),
      figure(config[`${name}_max`]),
      figure(config[`${name}_steps`]),
      known.isWhole(path),
    );
  const own = (path: string) => {
    const value = known.valueAt(path);
    return typeof value === "number" ? value : null;
  };
  const all = [...cells.values()];
  return {
    op: "heatmap",
    metric: metric.name,
    unit: metric.unit,
    better: metric.better,
    param_x,
    param_y,
    x: axis("x", param_x),
    y: axis("y", param_y),
    cells: all,
    best: bestOf(all, metric.better),
    baseline: { x: own(param_x), y: own(param_y) },
  };
}

function word(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function figure(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}

/** `steps` values from `low` to `high`, evenly spread, both ends included. */
export function axisOf(low: number, high: number, steps: number, whole: boolean): readonly number[] {
  return Array.from({ length: steps }, (_, i) => {
    const value = steps < 2 ? low : low + ((high - low) * i) / (steps - 1);
    return whole ? Math.round(value) : Number(value.toPrecision(12));
  });
}

/** The best of the cells that have a value; the first of several. */
export function bestOf(cells: readonly Cell[], better: Heatmap["better"]): Heatmap["best"] {
  let best: (Cell & { readonly value: number }) | null = null;
  for (const cell of cells) {
    const { value } = cell;
    if (value === null) continue;
    if (best === null || (better === "minimize" ? value < best.value : value > best.value)) {
      best = { ...cell, value };
    }
  }
  return best && { x: best.x, y: best.y };
}

function scan(points: readonly Point[]): Scan {
  const places = new Map<string, Place>();
  for (const point of points) {
    if (point.part === "place") places.set(`${point.place.kind} ${point.place.index}`, point.place);
  }
  return { op: "scan", places: [...places.values()].sort(byPlace), rules: {} };
}

/** Sites first, each in the order of the scan. */
function byPlace(one: Place, other: Place): number {
  if (one.kind !== other.kind) return one.kind === "site" ? -1 : 1;
  return one.index - other.index;
}
