/** What a task's events told, outside React: the newest of each experiment, and what happened in order. */

import type { Experiment, ExperimentStatus } from "../api/tasks";
import { isObject } from "../newrun/config";
import type { Json } from "../stream/frames";
import type { TaskEvent } from "../stream/tasks";

const KEPT_EVENTS = 5_000;

/** An experiment as its events tell it. */
export interface LiveExperiment {
  readonly experiment: Experiment;
  /** Per cent of each phase that was begun, by its number from 1. */
  readonly phases: ReadonlyMap<number, number>;
  readonly phaseCount: number;
  /** When it was begun (unix s). */
  readonly began: number | null;
}

const ENDS: Partial<Record<TaskEvent["type"], ExperimentStatus>> = {
  experiment_completed: "completed",
  experiment_failed: "failed",
  experiment_pruned: "pruned",
};

export class LiveTask {
  readonly experiments = new Map<string, LiveExperiment>();
  private kept: TaskEvent[] = [];
  private offset = 0;
  private revision = 0;
  private readonly watchers = new Set<() => void>();

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
  version = (): number => this.revision;

  /** Oldest first; the newest 5,000. */
  get events(): readonly TaskEvent[] {
    return this.kept;
  }

  /** The newest events, in order; those that were taken in before are left out. */
  take(events: readonly TaskEvent[]): void {
    const newest = events.at(-1);
    if (!newest) {
      if (this.offset === 0) return;
      // Another log: nothing of the old one holds.
      this.experiments.clear();
      this.kept = [];
      this.offset = 0;
    }
    const fresh = events.filter(({ offset }) => offset > this.offset);
    if (newest && fresh.length === 0) return;
    for (const event of fresh) this.learn(event);
    this.offset = newest?.offset ?? 0;
    this.kept.push(...fresh);
    if (this.kept.length > 2 * KEPT_EVENTS) this.kept = this.kept.slice(-KEPT_EVENTS);
    this.revision += 1;
    for (const watcher of this.watchers) watcher();
  }

  private learn(event: TaskEvent): void {
    const { experiment_id: id } = event;
    if (id === null) {
      // What did not end with its task goes on in its next attempt, or never.
      if (event.type.startsWith("task_") && ["task_completed", "task_failed", "task_cancelled"].includes(event.type))
        this.dropRunning();
      return;
    }
    const data = isObject(event.data) ? event.data : {};
    const before = this.experiments.get(id);
    const status = ENDS[event.type];
    if (event.type === "experiment_started" || status || !before) {
      const experiment = {
        ...(before?.experiment ?? blank(id)),
        ...(isObject(data["params"]) ? { params: data["params"] } : {}),
        ...(status ? ended(status, data, event) : {}),
      };
      const began = before?.began ?? (event.type === "experiment_started" ? secondsOf(event.timestamp) : null);
      this.experiments.set(id, {
        experiment,
        phases: before?.phases ?? new Map(),
        phaseCount: before?.phaseCount ?? 0,
        began,
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
    ts: null,
  };
}

function ended(status: ExperimentStatus, data: Readonly<Record<string, Json>>, event: TaskEvent): Partial<Experiment> {
  const figure = (name: string) => (typeof data[name] === "number" ? data[name] : null);
  const metrics = isObject(data["metrics"])
    ? Object.fromEntries(
        Object.entries(data["metrics"]).map(([name, value]) => [name, typeof value === "number" ? value : null]),
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
export function merged(told: readonly Experiment[], live: ReadonlyMap<string, LiveExperiment>): readonly Experiment[] {
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
