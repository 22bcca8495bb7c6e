/** Reads the points and results of operations; what is not as the protocol says is a `BadFrame`. */

import { KINDS } from "../operations/status";
import {
  count,
  fields,
  type Fields,
  figure,
  flag,
  items,
  json,
  number,
  oneOf,
  optionalText,
  record,
  text,
} from "../stream/reader";
import {
  type Characterization,
  CLASSES,
  type CurvePoint,
  type DefaultRun,
  type Heatmap,
  type HostingLimit,
  LIMITS,
  type Metrics,
  type Outcome,
  type Place,
  type Point,
  POINT_STATUSES,
  type Result,
  type Scan,
  type SessionWish,
  type Variant,
  type Verification,
} from "./results";

const PARTS = ["default", "pv", "sensitivity", "cell", "site", "scenario", "verify"] as const;

function outcome(from: Fields, path: string): Outcome {
  return {
    status: oneOf(from["status"], POINT_STATUSES, `${path}.status`),
    reason: optionalText(from["reason"], `${path}.reason`),
  };
}

function metricsOf(value: unknown, path: string): Metrics {
  if (value === null || value === undefined) return null;
  // A whole summary also tells some by model; what is compared here are figures.
  const plain = Object.entries(fields(value, path)).filter(
    ([, one]) => typeof one !== "object" || one === null,
  );
  return record(Object.fromEntries(plain), path, figure);
}

function defaultRun(value: unknown, path: string): DefaultRun {
  const from = fields(value, path);
  return {
    ...outcome(from, path),
    metrics: metricsOf(from["metrics"], `${path}.metrics`),
    mean_power_kw: figure(from["mean_power_kw"], `${path}.mean_power_kw`),
    max_power_kw: figure(from["max_power_kw"], `${path}.max_power_kw`),
  };
}

function voltages(from: Fields, path: string) {
  return {
    mean_power_kw: figure(from["mean_power_kw"], `${path}.mean_power_kw`),
    worst_vmin: figure(from["worst_vmin"], `${path}.worst_vmin`),
    worst_vmax: figure(from["worst_vmax"], `${path}.worst_vmax`),
    violation_time_s: figure(from["violation_time_s"], `${path}.violation_time_s`),
    integral_violation_pu_s: figure(from["integral_violation_pu_s"], `${path}.integral_violation_pu_s`),
  };
}

function curvePoint(value: unknown, path: string): CurvePoint {
  const from = fields(value, path);
  return {
    ...outcome(from, path),
    ...voltages(from, path),
    index: count(from["index"], `${path}.index`),
    scale: number(from["scale"], `${path}.scale`),
    max_power_kw: figure(from["max_power_kw"], `${path}.max_power_kw`),
  };
}

function variant(value: unknown, path: string): Variant {
  const from = fields(value, path);
  return {
    ...outcome(from, path),
    value: json(from["value"]),
    metrics: metricsOf(from["metrics"], `${path}.metrics`),
  };
}

function place(value: unknown, path: string, kind: Place["kind"]): Place {
  const from = fields(value, path);
  return {
    ...outcome(from, path),
    ...voltages(from, path),
    kind,
    index: count(from["index"], `${path}.index`),
    feeder: text(from["feeder"], `${path}.feeder`),
    name: kind === "site" ? text(from["bus"], `${path}.bus`) : text(from["scenario"], `${path}.scenario`),
    class: from["class"] === null ? null : oneOf(from["class"], CLASSES, `${path}.class`),
    oscillation: figure(from["oscillation"], `${path}.oscillation`),
    session: session(from["session"], `${path}.session`),
  };
}

function session(value: unknown, path: string): SessionWish | null {
  if (value === null || value === undefined) return null;
  const from = fields(value, path);
  return {
    scenario: text(from["scenario"], `${path}.scenario`),
    overrides: record(from["overrides"], `${path}.overrides`, json),
    seed: figure(from["seed"], `${path}.seed`) ?? 0,
  };
}

/** `point` of a `progress` entry. */
export function parsePoint(value: unknown, path: string): Point {
  const from = fields(value, path);
  const part = oneOf(from["part"], PARTS, `${path}.part`);
  switch (part) {
    case "default":
      return { part, run: defaultRun(value, path) };
    case "pv":
      return { part, point: curvePoint(value, path) };
    case "sensitivity":
      return {
        part,
        index: count(from["index"], `${path}.index`),
        parameter: text(from["parameter"], `${path}.parameter`),
        base: json(from["base"]),
        direction: oneOf(from["direction"], ["low", "high"] as const, `${path}.direction`),
        variant: variant(value, path),
      };
    case "cell":
      return {
        part,
        cell: {
          ...outcome(from, path),
          x: count(from["x"], `${path}.x`),
          y: count(from["y"], `${path}.y`),
          value: figure(from["value"], `${path}.value`),
        },
      };
    case "verify":
      return { part, found: verified(from, path) };
    default:
      return { part: "place", place: place(value, path, part) };
  }
}

export function parseResult(value: unknown, path: string): Result {
  const from = fields(value, path);
  const account = {
    simulations: count(from["simulations"], `${path}.simulations`),
    cached: count(from["cached"], `${path}.cached`),
    failed: count(from["failed"], `${path}.failed`),
    wall_s: figure(from["wall_s"], `${path}.wall_s`),
  };
  const op = oneOf(from["op"], KINDS, `${path}.op`);
  const read = { characterize, heatmap, scan, verify }[op];
  return { ...read(from, path), account };
}

function characterize(from: Fields, path: string): Characterization {
  const limit = from["hosting_limit"];
  return {
    op: "characterize",
    default: defaultRun(from["default"], `${path}.default`),
    pv_curve: items(from["pv_curve"], `${path}.pv_curve`, curvePoint),
    hosting_limit:
      limit === null || limit === undefined ? null : hostingLimit(limit, `${path}.hosting_limit`),
    sensitivity: items(from["sensitivity"], `${path}.sensitivity`, (element, at) => {
      const one = fields(element, at);
      return {
        index: count(one["index"], `${at}.index`),
        parameter: text(one["parameter"], `${at}.parameter`),
        base: json(one["base"]),
        low: variant(one["low"], `${at}.low`),
        high: variant(one["high"], `${at}.high`),
      };
    }),
  };
}

function hostingLimit(value: unknown, path: string): HostingLimit {
  const from = fields(value, path);
  return {
    scale: number(from["scale"], `${path}.scale`),
    mean_power_kw: number(from["mean_power_kw"], `${path}.mean_power_kw`),
    limited_by: oneOf(from["limited_by"], LIMITS, `${path}.limited_by`),
  };
}

const DONE: Outcome = { status: "done", reason: null };

function heatmap(from: Fields, path: string): Heatmap {
  const failures = new Map(
    items(from["failures"], `${path}.failures`, (element, at) => {
      const failure = fields(element, at);
      const [x, y] = [count(failure["x"], `${at}.x`), count(failure["y"], `${at}.y`)];
      return [`${x} ${y}`, outcome(failure, at)] as const;
    }),
  );
  const rows = items(from["values"], `${path}.values`, (row, at) => items(row, at, figure));
  const best = from["best"];
  const baseline = fields(from["baseline"], `${path}.baseline`);
  return {
    op: "heatmap",
    metric: text(from["metric"], `${path}.metric`),
    unit: text(from["unit"], `${path}.unit`),
    better: oneOf(from["better"], ["minimize", "maximize"] as const, `${path}.better`),
    param_x: text(from["param_x"], `${path}.param_x`),
    param_y: text(from["param_y"], `${path}.param_y`),
    x: items(from["x"], `${path}.x`, number),
    y: items(from["y"], `${path}.y`, number),
    cells: rows.flatMap((row, y) =>
      row.map((value, x) => ({
        x,
        y,
        value,
        ...(failures.get(`${x} ${y}`) ?? DONE),
      })),
    ),
    best:
      best === null || best === undefined
        ? null
        : {
            x: count(fields(best, `${path}.best`)["x"], `${path}.best.x`),
            y: count(fields(best, `${path}.best`)["y"], `${path}.best.y`),
          },
    baseline: {
      x: figure(baseline["x"], `${path}.baseline.x`),
      y: figure(baseline["y"], `${path}.baseline.y`),
    },
  };
}

function scan(from: Fields, path: string): Scan {
  const rules = record(from["rules"], `${path}.rules`, text);
  return {
    op: "scan",
    places: [
      ...items(from["sites"], `${path}.sites`, (element, at) => place(element, at, "site")),
      ...items(from["scenarios"], `${path}.scenarios`, (element, at) => place(element, at, "scenario")),
    ],
    rules: Object.fromEntries(
      CLASSES.flatMap((name) => (rules[name] === undefined ? [] : [[name, rules[name]]])),
    ),
  };
}

function verify(from: Fields, path: string): Verification {
  return {
    op: "verify",
    session_id: text(from["session_id"], `${path}.session_id`),
    found: verified(from, path),
  };
}

function verified(from: Fields, path: string): NonNullable<Verification["found"]> {
  return {
    identical: flag(from["identical"], `${path}.identical`),
    expected: optionalText(from["expected"], `${path}.expected`),
    digest: optionalText(from["digest"], `${path}.digest`),
    ticks: count(from["ticks"], `${path}.ticks`),
    first_difference: figure(from["first_difference"], `${path}.first_difference`),
    reason: optionalText(from["reason"], `${path}.reason`),
  };
}
