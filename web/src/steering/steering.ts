/** Whether this page may steer the run now, and how commands read. */

import { clock, speed } from "../app/format";
import type { Asked } from "../stream/commands";
import type { Json } from "../stream/frames";
import { describe } from "../stream/log";
import type { SessionStream } from "../stream/useSessionStream";

export const WATCHING = "You may watch this run, not steer it.";

/** Whether the server has said that whoever looks at this page may not steer. */
export function onlyWatches({ role, session }: SessionStream["run"]): boolean {
  return session !== null && role === "viewer";
}

/** Null where commands can be sent, else why not. A run that is over takes none for good. */
export function whyNot({ run, socket }: SessionStream): string | null {
  if (socket.state.phase !== "open")
    return "Not connected: nothing can be sent, and nothing is kept to be sent later.";
  if (run.status === null || run.catchingUp) return "The page is still catching up with the run.";
  if (run.ended) return "The run is over.";
  if (onlyWatches(run)) return WATCHING;
  const holder = run.viewers?.wheel?.holder ?? null;
  if (holder !== null && run.me !== null && holder !== run.me)
    return `${holder} has the wheel and alone steers this run.`;
  return null;
}

const NAMES: Readonly<Record<string, string>> = {
  pause: "Pause",
  resume: "Resume",
  step: "Step",
  stop: "Stop",
  speed: "Speed",
  run_until: "Run until",
  set_batch_size: "Batch size",
  shift_replicas: "Replicas",
  set_taps: "Taps",
  set_storage_power: "Storage power",
  set_controller: "Controller",
};

export function commandName(command: string): string {
  return NAMES[command] ?? command;
}

/** What became of a command, in words; `time` tells when a tick was. */
export function fateText({ fate }: Asked, time: (tick: number) => number): string {
  switch (fate.kind) {
    case "sent":
      return "sent…";
    case "unsure":
      return "sent, but the connection was lost before the answer; the events will tell.";
    case "applied":
      return `applied at ${clock(time(fate.tick), true)}`;
    case "refused":
      return fate.reason;
  }
}

export function speedText(x: number | "max"): string {
  return x === "max" ? "max" : x < 1 ? `${x}×` : speed(x).replace(".0×", "×");
}

/** What a `run_until` waits for: `20:00`, or `671.a below 0.95`. */
export function untilText(args: Readonly<Record<string, Json>>): string {
  const { t_s, bus, phase, below, above } = args;
  if (typeof t_s === "number") return clock(t_s, t_s % 1 !== 0);
  const where = [bus, phase].filter((part) => typeof part === "string").join(".");
  return `${where} ${typeof below === "number" ? "below" : "above"} ${describe(below ?? above ?? null)}`;
}

/** Regulators have 32 steps of 0.00625 about 1. */
export const TAP_STEP = 0.00625;

/** `+8` for 1.05; with a fraction where the ratio is between two steps. */
export function tapStep(ratio: number): string {
  const step = Math.round(((ratio - 1) / TAP_STEP) * 100) / 100;
  return step > 0 ? `+${step}` : String(step).replace("-", "−");
}
