/** What operations find (docs/analyses.md): points as they come one by one, and the results that they are folded into. */

import type { Json } from "../stream/frames";
import type { Direction, Params } from "./tasks";

/** `refused`: the scenario does not take the value. `failed`: its process died again and again. */
export const POINT_STATUSES = ["done", "diverged", "refused", "failed"] as const;
export type PointStatus = (typeof POINT_STATUSES)[number];
/** Name -> value, as a run's summary tells them; null where the point failed. */
export type Metrics = Readonly<Record<string, number | null>> | null;

/** What became of one simulation. */
export interface Outcome {
  readonly status: PointStatus;
  /** Why it has no figures. */
  readonly reason: string | null;
}

export interface DefaultRun extends Outcome {
  readonly metrics: Metrics;
  readonly mean_power_kw: number | null;
  readonly max_power_kw: number | null;
}

/** All datacenters `scale` times as large as in the scenario. */
export interface CurvePoint extends Outcome {
  readonly index: number;
  readonly scale: number;
  readonly mean_power_kw: number | null;
  readonly max_power_kw: number | null;
  readonly worst_vmin: number | null;
  readonly worst_vmax: number | null;
  readonly violation_time_s: number | null;
  readonly integral_violation_pu_s: number | null;
}

export const LIMITS = ["undervoltage", "overvoltage", "both", "diverged"] as const;

export interface HostingLimit {
  readonly scale: number;
  readonly mean_power_kw: number;
  readonly limited_by: (typeof LIMITS)[number];
}

/** A parameter at another value. */
export interface Variant extends Outcome {
  readonly value: Json;
  readonly metrics: Metrics;
}

export interface Sensitivity {
  readonly index: number;
  readonly parameter: string;
  readonly base: Json;
  /** Null until it has come. */
  readonly low: Variant | null;
  readonly high: Variant | null;
}

export interface Characterization {
  readonly op: "characterize";
  readonly default: DefaultRun | null;
  readonly pv_curve: readonly CurvePoint[];
  readonly hosting_limit: HostingLimit | null;
  /** The strongest first. */
  readonly sensitivity: readonly Sensitivity[];
}

/** By its places on the axes. */
export interface Cell extends Outcome {
  readonly x: number;
  readonly y: number;
  readonly value: number | null;
}

export interface Heatmap {
  readonly op: "heatmap";
  readonly metric: string;
  readonly unit: string;
  readonly better: Direction;
  readonly param_x: string;
  readonly param_y: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly cells: readonly Cell[];
  readonly best: { readonly x: number; readonly y: number } | null;
  /** The scenario's own values; null for what is left to its default. */
  readonly baseline: { readonly x: number | null; readonly y: number | null };
}

export const CLASSES = [
  "within_band",
  "undervoltage",
  "overvoltage",
  "both",
  "oscillating",
  "diverged",
] as const;
export type VoltageClass = (typeof CLASSES)[number];

/** What a session is asked for to compute the very ticks of a point. */
export interface SessionWish {
  readonly scenario: string;
  readonly overrides: Params;
  readonly seed: number;
}

/** A bus where a datacenter could stand, or a scenario of the catalogue. */
export interface Place extends Outcome {
  readonly kind: "site" | "scenario";
  readonly index: number;
  readonly feeder: string;
  /** The bus, or the scenario's name. */
  readonly name: string;
  /** Null where nothing is known of its voltages. */
  readonly class: VoltageClass | null;
  readonly worst_vmin: number | null;
  readonly worst_vmax: number | null;
  readonly violation_time_s: number | null;
  readonly integral_violation_pu_s: number | null;
  readonly mean_power_kw: number | null;
  readonly oscillation: number | null;
  readonly session: SessionWish | null;
}

export interface Scan {
  readonly op: "scan";
  readonly places: readonly Place[];
  /** What makes one of a class; empty until the scan is over. */
  readonly rules: Partial<Readonly<Record<VoltageClass, string>>>;
}

/** A session's ticks, computed again. */
export interface Verification {
  readonly op: "verify";
  readonly session_id: string;
  /** Null until it is known. */
  readonly found: {
    readonly identical: boolean;
    readonly expected: string | null;
    /** Null where the second run came to no end. */
    readonly digest: string | null;
    readonly ticks: number;
    readonly first_difference: number | null;
    readonly reason: string | null;
  } | null;
}

/** What all results tell beside their own. */
export interface Account {
  readonly simulations: number;
  readonly cached: number;
  readonly failed: number;
  readonly wall_s: number | null;
}

export type Finding = Characterization | Heatmap | Scan | Verification;
export type Result = Finding & { readonly account: Account };

/** An item of the result, as it comes. */
export type Point =
  | { readonly part: "default"; readonly run: DefaultRun }
  | { readonly part: "pv"; readonly point: CurvePoint }
  | {
      readonly part: "sensitivity";
      readonly index: number;
      readonly parameter: string;
      readonly base: Json;
      readonly direction: "low" | "high";
      readonly variant: Variant;
    }
  | { readonly part: "cell"; readonly cell: Cell }
  | { readonly part: "place"; readonly place: Place }
  | { readonly part: "verify"; readonly found: NonNullable<Verification["found"]> };
