/** What a task's events told, outside React: how far it is, and the newest of each experiment. */

import { type Experiment, type ExperimentStatus, parseProgress, type TaskProgress } from "../api/tasks";
import { isObject } from "../newrun/config";
import type { Json } from "../stream/frames";
import { BadFrame } from "../stream/reader";
import type { TaskEvent } from "../stream/tasks";

/** An experiment as its events tell it. */
export interface LiveExperiment {
  readonly experiment: Experiment;
  /** Per cent of each phase that was begun, by its number from 1. */
  readonly phases: ReadonlyMap<number, number>;
  readonly phaseCount: number;
}

const ENDS: Partial<Record<TaskEvent["type"], ExperimentStatus>> = {
  experiment_completed: "completed",
  experiment_failed: "failed",
  experiment_pruned: "pruned",
};

export class LiveTask {
  readonly experiments = new Map<string, LiveExperiment>();
  private progress: TaskProgress | null = null;
  private offset = 0;
  private revision = 0;
  private readonly watchers = new Set<() => void>();

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
  version = (): number => this.revision;

  /** What the service told, or an event after that. */
  newest(told: TaskProgress): TaskProgress {
    return this.progress && this.progress.done >= told.done ? this.progress : told;
  }

  /** The newest events, in order; those that were taken in before are left out. */
  take(events: readonly TaskEvent[]): void {
    const newest = events.at(-1);
    if (!newest) {
      if (this.offset === 0) return;
      // Another log: nothing of the old one holds.
      this.experiments.clear();
      this.progress = null;
      this.offset = 0;
    }
    const fresh = events.filter(({ offset }) => offset > this.offset);
    if (newest && fresh.length === 0) return;
    for (const event of fresh) this.learn(event);
    this.offset = newest?.offset ?? 0;
    this.revision += 1;
    for (const watcher of this.watchers) watcher();
  }

  private learn(event: TaskEvent): void {
    const { experiment_id: id } = event;
    if (id === null) {
      if (event.type === "task_progress") this.progress = progressOf(event) ?? this.progress;
      // What did not end with its task goes on in its next attempt, or never.
      else if (event.type !== "task_started") this.dropRunning();
      return;
    }
    const data = isObject(event.data) ? event.data : {};
    const before = this.experiments.get(id);
    const status = ENDS[event.type];
    if (event.type === "experiment_started" || status || !before) {
      const experiment = {
        ...(before?.experiment ?? blank(id)),
        ...(isObject(data["params"]) ? { params: data["params"] } : {}),
        ...(event.type === "experiment_started" ? { began: secondsOf(event.timestamp) } : {}),
        ...(status ? ended(status, data, event) : {}),
      };
      this.experiments.set(id, {
        experiment,
        phases: before?.phases ?? new Map(),
        phaseCount: before?.phaseCount ?? 0,
      });
    }
    const now = this.experiments.get(id);
    const phase = data["phase"];
    if (now && typeof phase === "number") {
      const pct = typeof data["pct"] === "number" ? data["pct"] : 0;
      this.experiments.set(id, {
        ...now,
        phases: new Map(now.phases).set(phase, event.type === "benchmark_completed" ? 100 : pct),
        phaseCount: typeof data["phases"] === "number" ? data["phases"] : now.phaseCount,
      });
    }
  }

  private dropRunning(): void {
    for (const [id, { experiment }] of this.experiments) {
      if (experiment.status === "running") this.experiments.delete(id);
    }
  }
}

/** Null where the event tells none that can be read: the service is asked anyway. */
function progressOf({ data }: TaskEvent): TaskProgress | null {
  try {
    return parseProgress(data, "task_progress");
  } catch (error) {
    if (error instanceof BadFrame) return null;
    throw error;
  }
}

function blank(id: string): Experiment {
  const number = Number(id.slice(id.lastIndexOf("-") + 1));
  const baseline = id.endsWith("-base");
  return {
    id,
    number: baseline ? -1 : Number.isInteger(number) ? number : 0,
    baseline,
    status: "running",
    params: {},
    iter: null,
    metrics: {},
    score: null,
    broken: [],
    error: null,
    elapsed_s: null,
    simulated_s: null,
    began: null,
    ts: null,
  };
}

function ended(
  status: ExperimentStatus,
  data: Readonly<Record<string, Json>>,
  event: TaskEvent,
): Partial<Experiment> {
  const figure = (name: string) => (typeof data[name] === "number" ? data[name] : null);
  const metrics = isObject(data["metrics"])
    ? Object.fromEntries(
        Object.entries(data["metrics"]).map(([name, value]) => [
          name,
          typeof value === "number" ? value : null,
        ]),
      )
    : {};
  return {
    status,
    metrics,
    score: figure("objective_score"),
    error: typeof data["error"] === "string" ? data["error"] : null,
    elapsed_s: figure("elapsed_time"),
    ts: secondsOf(event.timestamp),
  };
}

/** Unix seconds of an event. */
export function secondsOf(timestamp: string | number): number {
  return typeof timestamp === "number" ? timestamp : Date.parse(timestamp) / 1000;
}

/**
 * All experiments known: what the service told of one that is over is the whole truth of it; what events told later stands in until
 * it was asked again. In the order in which they ended, those under way last.
 */
export function merged(
  told: readonly Experiment[],
  live: ReadonlyMap<string, LiveExperiment>,
): readonly Experiment[] {
  const all = new Map(told.map((experiment) => [experiment.id, experiment]));
  let iter = told.reduce((most, experiment) => Math.max(most, experiment.iter ?? 0), 0);
  for (const [id, { experiment }] of live) {
    const known = all.get(id);
    if (known && (known.status !== "running" || experiment.status === "running")) continue;
    if (experiment.status !== "running") {
      iter += 1;
      all.delete(id);
      all.set(id, { ...known, ...experiment, iter });
    } else all.set(id, experiment);
  }
  const list = [...all.values()];
  return [
    ...list.filter(({ status }) => status !== "running").sort((a, b) => (a.iter ?? 0) - (b.iter ?? 0)),
    ...list.filter(({ status }) => status === "running").sort((a, b) => a.number - b.number),
  ];
}
