/** What the badge says. Never "live" unless the newest tick is younger than the bound. Pure: the clock is passed in. */

import type { SessionStatus } from "./frames";
import type { Via } from "./run";
import type { SocketState } from "./socket";

export type BadgeKind =
  | "connecting"
  | "queued"
  | "starting"
  | "live"
  | "catching-up"
  | "conflated"
  | "stale"
  | "recovering"
  | "reconnecting"
  | "paused"
  | "finished"
  | "stopped"
  | "failed"
  | "unavailable";

export interface Badge {
  readonly kind: BadgeKind;
  readonly label: string;
  /** A sentence for people, or empty. */
  readonly detail: string;
}

export interface BadgeFacts {
  readonly socket: SocketState;
  readonly status: SessionStatus | null;
  readonly reason: string | null;
  readonly attempt: number;
  readonly pausedBy: string | null;
  readonly queuePosition: number | null;
  readonly catchingUp: boolean;
  /** Ticks are left out, because the connection cannot carry all. */
  readonly conflated: boolean;
  readonly fault: string | null;
  readonly via: Via;
  readonly ended: boolean;
  /** Some ticks have come. */
  readonly begun: boolean;
  /** Real seconds between two ticks of a paced run; 0 at full speed. */
  readonly tickEvery_s: number;
  /** Age of the newest tick by the server's clock; null before the first. */
  readonly age_s: number | null;
  readonly nowMs: number;
}

/** A tick older than this, or than three tick periods of a slowly paced run, is not live. */
export const STALE_AFTER_S = 4;
export const POLL_EVERY_S = 3;
/** Behind by more than this while entries keep coming: catching up. */
const BEHIND_S = 1.5;

const ENDED: Partial<Record<SessionStatus, Badge>> = {
  completed: { kind: "finished", label: "Finished", detail: "" },
  stopped: { kind: "stopped", label: "Stopped", detail: "The run was stopped before its end." },
};

const CATCHING_UP: Badge = {
  kind: "catching-up",
  label: "Catching up",
  detail: "Loading what happened before you came.",
};

/** Said beside whatever else is said, so that nobody wonders why it is slower or comes in steps. */
const DETOUR: Readonly<Record<Via, string>> = {
  socket: "",
  events: "WebSockets are blocked on the way here; the run comes as an event stream.",
  polling: "WebSockets and event streams are blocked on the way here; the page asks every 3 s.",
};

export function badge(facts: BadgeFacts): Badge {
  const said = told(facts);
  const detour = DETOUR[facts.via];
  if (detour === "" || said.kind === "unavailable" || facts.ended) return said;
  const label = facts.via === "polling" && said.kind === "live" ? "Every 3 s" : said.label;
  return { ...said, label, detail: [said.detail, detour].filter(Boolean).join(" ") };
}

function told(facts: BadgeFacts): Badge {
  if (facts.fault !== null) return { kind: "unavailable", label: "Stream error", detail: facts.fault };
  if (facts.status === "failed" && !facts.catchingUp) {
    return { kind: "failed", label: "Failed", detail: facts.reason ?? "The run failed without a reason." };
  }
  const ended = facts.status && !facts.catchingUp ? ENDED[facts.status] : undefined;
  if (ended) return { ...ended, detail: facts.reason ?? ended.detail };
  return connection(facts) ?? running(facts);
}

function connection({ socket, nowMs, status, catchingUp }: BadgeFacts): Badge | null {
  switch (socket.phase) {
    case "open":
      return null;
    case "closing":
      return { kind: "unavailable", label: "Not connected", detail: "This page closed the connection." };
    case "connecting":
      if (catchingUp && status !== null && socket.attempt === 0) return CATCHING_UP;
      return socket.attempt === 0 && status === null
        ? { kind: "connecting", label: "Connecting", detail: "" }
        : { kind: "reconnecting", label: "Reconnecting", detail: "The picture is as of the last contact." };
    case "waiting": {
      const wait = Math.max(0, Math.ceil((socket.retryAtMs - nowMs) / 1000));
      return {
        kind: "reconnecting",
        label: "Reconnecting",
        detail: `${socket.message} Next try ${wait > 0 ? `in ${wait} s` : "now"}.`,
      };
    }
    case "closed":
      return {
        kind: "unavailable",
        label: "Not connected",
        detail: socket.message || "The server ended the stream.",
      };
  }
}

function running(facts: BadgeFacts): Badge {
  if (facts.status === null) return { kind: "connecting", label: "Connecting", detail: "" };
  // Before the states: while the page is behind, the state that it knows is an old one.
  if (facts.catchingUp) return CATCHING_UP;
  switch (facts.status) {
    case "queued":
      return {
        kind: "queued",
        label: facts.queuePosition === null ? "Queued" : `Queued, #${facts.queuePosition}`,
        detail: facts.reason ?? "Waiting for a free worker.",
      };
    case "starting":
      return { kind: "starting", label: "Starting", detail: "" };
    case "recovering":
      return {
        kind: "recovering",
        label: `Recovering, attempt ${facts.attempt}`,
        detail: "The worker was lost; another one takes over.",
      };
    case "paused":
      return { kind: "paused", label: "Paused", detail: facts.reason ?? pausedBy(facts.pausedBy) };
    default:
      return ticking(facts);
  }
}

function pausedBy(by: string | null): string {
  return by === null ? "" : `By ${by.replace(/^user:/, "")}.`;
}

function ticking(facts: BadgeFacts): Badge {
  if (facts.age_s === null && facts.begun) return CATCHING_UP;
  if (facts.age_s === null)
    return { kind: "starting", label: "Starting", detail: "Waiting for the first tick." };
  const step_s = facts.via === "polling" ? Math.max(POLL_EVERY_S, facts.tickEvery_s) : facts.tickEvery_s;
  if (facts.age_s > Math.max(STALE_AFTER_S, 3 * step_s)) {
    return {
      kind: "stale",
      label: "Stalled",
      detail: `The newest tick is ${Math.round(facts.age_s)} s old.`,
    };
  }
  if (facts.age_s > Math.max(BEHIND_S, 1.5 * step_s)) {
    return { kind: "catching-up", label: "Behind", detail: `${facts.age_s.toFixed(1)} s behind the run.` };
  }
  if (facts.conflated) {
    return {
      kind: "conflated",
      label: "Conflated",
      detail: "This connection cannot carry all ticks: you see the newest; the others are filled in later.",
    };
  }
  return { kind: "live", label: "Live", detail: "" };
}
