/** The frames of `/api/ws/sessions/{id}` (docs/protocol.md, "Session entries" and "WebSocket"), after `parse`. */

export type Phase = "a" | "b" | "c";
export const PHASES: readonly Phase[] = ["a", "b", "c"];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A figure, or `null` where there is none (idle model, component not due in this tick). */
export type Figure = number | null;
export type Figures = readonly Figure[];

export const SESSION_STATUSES = [
  "queued",
  "starting",
  "running",
  "paused",
  "recovering",
  "completed",
  "stopped",
  "failed",
] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** What every entry of a channel's log carries: its offset (from 1, by 1) and when it was written (unix s). */
interface Entry {
  readonly offset: number;
  readonly ts: number;
}

export interface ModelInfo {
  readonly label: string;
  readonly itl_deadline_s: Figure;
  readonly feasible_batch_sizes: readonly number[];
}
export interface DatacenterInfo {
  readonly name: string;
  readonly bus: string;
  readonly models: readonly ModelInfo[];
}
export interface StorageInfo {
  readonly name: string;
  readonly bus: string;
  readonly rated_power_kw: number;
}
export interface ControllerInfo {
  readonly name: string;
  /** At the start of the run. */
  readonly enabled: boolean;
}

export interface Schema {
  readonly scenario: string;
  readonly feeder: string;
  readonly seed: number;
  readonly workload: string;
  readonly tick_s: number;
  readonly n_ticks: number;
  readonly v_min: number;
  readonly v_max: number;
  readonly bus_phases: readonly (readonly [bus: string, phase: Phase])[];
  readonly datacenters: readonly DatacenterInfo[];
  readonly regulators: readonly string[];
  readonly storages: readonly StorageInfo[];
  readonly controllers: readonly ControllerInfo[];
}

export interface DatacenterTicks {
  /** One `[a, b, c]` in W a tick; `null` where the datacenter was not due. */
  readonly p_w: readonly (Figures | null)[];
  readonly batch: Readonly<Record<string, Figures>>;
  readonly replicas: Readonly<Record<string, Figures>>;
  readonly itl_s: Readonly<Record<string, Figures>>;
}
export interface StorageTicks {
  readonly p_kw: Figures;
  readonly q_kvar: Figures;
  readonly soc: Figures;
}
export interface SimEvent {
  readonly tick: number;
  readonly t_s: number;
  readonly source: string;
  readonly topic: string;
  readonly data: Json;
}
export interface Control {
  readonly tick: number;
  readonly by: string;
  /** Null where no person's command stands behind it. */
  readonly command_id: string | null;
  readonly command: string;
  readonly args: Json;
}

export interface SchemaFrame extends Entry {
  readonly type: "schema";
  readonly schema: Schema;
}
export interface TicksFrame extends Entry {
  readonly type: "ticks";
  readonly first: number;
  readonly t_s: readonly number[];
  /** One row a tick in `bus_phases` order, in pu; `null` where the grid was not due. */
  readonly v: readonly (Figures | null)[];
  readonly dc: Readonly<Record<string, DatacenterTicks>>;
  readonly taps: Readonly<Record<string, Figures>>;
  readonly storage: Readonly<Record<string, StorageTicks>>;
  readonly events: readonly SimEvent[];
  readonly controls: readonly Control[];
}
/** What `GET .../ticks` answers: ticks of `[from, to)`, `tick[i]` being the tick of row i; all of them, or some that keep the extremes. */
export interface Past extends Omit<TicksFrame, "type" | "offset" | "ts"> {
  readonly tick: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Ticks that one look at the extremes covers. */
  readonly stretch: number;
  readonly epoch: string;
  /** Everything that is not in it follows after this offset. */
  readonly next_offset: number;
}

export interface CommandFrame extends Entry {
  readonly type: "command";
  readonly command_id: string;
  readonly by: string;
  readonly command: string;
  readonly args: Json;
  readonly status: "applied" | "rejected";
  readonly tick: number;
  readonly error: string | null;
}
export interface StatusFrame extends Entry {
  readonly type: "status";
  readonly status: SessionStatus;
  readonly tick: number;
  readonly reason: string | null;
  readonly attempt: number;
}
export interface Summary {
  readonly metrics: Readonly<Record<string, Figure>>;
  readonly digest: string;
  readonly wall_s: number;
  readonly ticks: number;
  readonly ticks_per_s: number;
}
export interface SummaryFrame extends Entry {
  readonly type: "summary";
  readonly summary: Summary;
}

/** Where a fork comes from: it shares the first `tick` ticks of session `id`. */
export interface Parent {
  readonly id: string;
  readonly tick: number;
}

/** The HTTP session object, as far as the page uses it. */
/** Who may watch without a share link: only those who own it, or everybody who reaches the service. */
export const VISIBILITIES = ["private", "public"] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export interface Session {
  readonly id: string;
  readonly title: string;
  readonly scenario: string;
  readonly seed: number;
  /** At its start. */
  readonly speed: number | "max";
  readonly status: SessionStatus;
  readonly reason: string | null;
  readonly tick: number;
  readonly n_ticks: number;
  readonly queue_position: number | null;
  readonly viewers: number;
  readonly owner: string;
  readonly visibility: Visibility;
  readonly created: number;
  readonly epoch: string;
  /** Offset of the newest entry of its log. */
  readonly head: number;
  readonly parent: Parent | null;
  readonly schema: Schema | null;
  readonly summary: Summary | null;
}

export interface HelloFrame {
  readonly type: "hello";
  readonly session: Session;
  readonly epoch: string;
  readonly head: number;
  readonly role: string;
  readonly protocol: number;
}
export interface ResetFrame {
  readonly type: "reset";
  readonly epoch: string;
  readonly earliest_offset: number;
  readonly earliest_tick: number | null;
  readonly reason: string;
}
export interface SkippedFrame {
  readonly type: "skipped";
  readonly from_offset: number;
  readonly to_offset: number;
  readonly from_tick: number;
  readonly to_tick: number;
}
/** One who watches; `tick` is where they look, null at the live edge. `since` is in unix s. */
export interface Watcher {
  readonly id: string;
  readonly name: string;
  /** Theirs, on every page: `#rrggbb`. */
  readonly color: string;
  readonly since: number;
  readonly tick: number | null;
  readonly you: boolean;
}
/** Who alone steers; while nobody does, all who may. */
export interface Wheel {
  readonly holder: string | null;
  /** Who wants to, by name, the first first. */
  readonly asked: readonly string[];
}
export interface ViewersFrame {
  readonly type: "viewers";
  readonly count: number;
  /** Those that are there longest. */
  readonly present: readonly Watcher[];
  /** Null where there are no accounts: everybody is one user then. */
  readonly wheel: Wheel | null;
}
export interface HeartbeatFrame {
  readonly type: "heartbeat";
  readonly ts: number;
}
export interface PongFrame {
  readonly type: "pong";
  readonly ts: number;
}
export interface ErrorFrame {
  readonly type: "error";
  readonly code: string;
  readonly detail: string;
  /** Where it answers a command. */
  readonly command_id: string | null;
}

export type EntryFrame = SchemaFrame | TicksFrame | CommandFrame | StatusFrame | SummaryFrame;
export type Frame =
  | EntryFrame
  | HelloFrame
  | ResetFrame
  | SkippedFrame
  | ViewersFrame
  | HeartbeatFrame
  | PongFrame
  | ErrorFrame;

export function isEnded(status: SessionStatus): boolean {
  return status === "completed" || status === "stopped" || status === "failed";
}
