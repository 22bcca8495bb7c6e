/** How a task stands, as its page shows it. Pure: made of experiments, events and the clock. */

import type { Constraint, Direction, Experiment, Objective, Task, TaskSpec } from "../api/tasks";
import type { Badge, BadgeKind } from "../stream/badge";
import { directionOf } from "./metrics";

/** Whether every constraint holds. */
export function keeps({ broken }: Experiment): boolean {
  return broken.every((by) => by <= 0);
}

function breach({ broken }: Experiment): number {
  return broken.reduce((sum, by) => sum + Math.max(0, by), 0);
}

/** Whether `one` is better than `other`; one that keeps all constraints beats any that breaks one. */
export function beats(one: Experiment, other: Experiment, direction: Direction): boolean {
  if (one.status !== "completed" || one.score === null) return false;
  if (other.score === null) return true;
  const [a, b] = [breach(one), breach(other)];
  if (a !== b) return a < b;
  return direction === "minimize" ? one.score < other.score : one.score > other.score;
}

export interface Step {
  readonly iter: number;
  readonly experiment: Experiment;
  /** The best score so far, this one included; null before the first. */
  readonly best: number | null;
  /** It became the best. */
  readonly leads: boolean;
}

/** The experiments that are over, in the order in which they ended, each with the best so far. The baseline competes with none. */
export function trajectory(experiments: readonly Experiment[], direction: Direction): readonly Step[] {
  let best: Experiment | null = null;
  return over(experiments)
    .filter(({ baseline }) => !baseline)
    .map((experiment, i) => {
      const leads =
        experiment.status === "completed" && (best === null || beats(experiment, best, direction));
      if (leads) best = experiment;
      return { iter: i + 1, experiment, best: best?.score ?? null, leads };
    });
}

export function over(experiments: readonly Experiment[]): readonly Experiment[] {
  return experiments
    .filter(({ status }) => status !== "running")
    .sort((a, b) => (a.iter ?? Infinity) - (b.iter ?? Infinity));
}

/** By what share the best is better than the baseline; null where there is nothing to compare, or no share of it. */
export function gain(best: number | null, baseline: number | null, direction: Direction): number | null {
  if (best === null || baseline === null || baseline === 0) return null;
  const change = (best - baseline) / Math.abs(baseline);
  return direction === "minimize" ? -change : change;
}

/** Experiments at the end by whose pace the rest is judged: the first ones wait for workers. */
const PACE_OF = 20;

/** Seconds until a running task is done at its present pace; null where nobody can tell. `ended`: when experiments ended, in order. */
export function eta_s(task: Task, ended: readonly number[], now_s: number): number | null {
  const { done, total } = task.progress;
  if (task.status !== "running" || task.started === null || done === 0) return null;
  const left = total - done;
  const recent = ended.slice(-PACE_OF - 1);
  const [first, last] = [recent[0], recent.at(-1)];
  if (recent.length >= 6 && first !== undefined && last !== undefined && last > first) {
    const each_s = (last - first) / (recent.length - 1);
    return Math.max(0, left * each_s - (now_s - last));
  }
  return Math.max(0, (left * (now_s - task.started)) / done);
}

/** `40 s`, `12 min`, `3.2 h`: rough on purpose. */
export function lengthText(seconds: number): string {
  if (seconds < 1) return "< 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** How a page that follows a task hears of it. */
export type Hearing = "connecting" | "events" | "polling" | "nothing";

const WORDS: Readonly<Record<Task["status"], readonly [BadgeKind, string]>> = {
  queued: ["queued", "Queued"],
  running: ["live", "Running"],
  recovering: ["recovering", "Recovering"],
  completed: ["finished", "Finished"],
  failed: ["failed", "Failed"],
  cancelled: ["stopped", "Cancelled"],
};

/** What a list says: what the service last said. */
export function listBadge({ status, reason }: Pick<Task, "status" | "reason">): Badge {
  const [kind, label] = WORDS[status];
  return { kind, label, detail: reason ?? "" };
}

/** What the task's own page says: "live" only while its events come. */
export function pageBadge(task: Pick<Task, "status" | "reason">, hearing: Hearing): Badge {
  const said = listBadge(task);
  const running = task.status === "running";
  switch (hearing) {
    case "nothing":
    case "events":
      return running ? { ...said, label: "Live" } : said;
    case "connecting":
      return running ? { kind: "connecting", label: "Connecting", detail: "" } : said;
    case "polling":
      return {
        ...said,
        kind: running ? "catching-up" : said.kind,
        label: running ? "Every 3 s" : said.label,
        detail: "Live events do not get through; this page asks every 3 s.",
      };
  }
}

/** A constraint for people: `Lowest voltage ≥ 0.95`. */
export function limitText(constraint: Constraint, label: string): string {
  const { min = null, max = null } = constraint;
  if (min !== null && max !== null) return `${min} ≤ ${label} ≤ ${max}`;
  return min === null ? `${label} ≤ ${max ?? ""}` : `${label} ≥ ${min}`;
}

/** What of a path tells parameters apart: its last parts, as many as it takes. */
export function shortNames(paths: readonly string[]): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const path of paths) {
    const parts = path.split(".");
    let name = path;
    for (let n = 1; n <= parts.length; n++) {
      name = parts.slice(-n).join(".");
      const tail = name;
      if (/^\d+$/.test(parts[parts.length - n] ?? "") && n < parts.length) continue;
      if (paths.every((other) => other === path || !(other === tail || other.endsWith(`.${tail}`)))) break;
    }
    named.set(path, name);
  }
  return named;
}

export function specDirection({
  objectives,
}: { readonly objectives: readonly Objective[] } | TaskSpec): Direction {
  return directionOf(objectives);
}
