import { describe, expect, test, vi } from "vitest";

import { parseExperiment, parseProgress } from "../../src/api/tasks";
import { fields } from "../../src/stream/reader";
import { parseTaskEvent } from "../../src/stream/tasks";
import { Calm } from "../../src/tasks/calm";
import { LiveTask, merged } from "../../src/tasks/live";
import { ExperimentPages } from "../../src/tasks/loading";
import { fits, ordered } from "../../src/tasks/rows";
import { seated } from "../../src/tasks/seats";
import { event, EXPERIMENTS, experiment, progress, running } from "./samples";

const read = (frame: object) => parseTaskEvent(fields(JSON.parse(JSON.stringify(frame)), "event"));
const told = EXPERIMENTS.map((item) => parseExperiment(item, "experiment"));

const END = event(3, "experiment_completed", "t1-2", {
  status: "completed",
  params: { x: 1 },
  metrics: { worst_vmin: 0.95 },
  objective_score: 7,
  elapsed_time: 2,
});

describe("what events tell of a task", () => {
  test("phases go on, and an end has its score before the service was asked again", () => {
    const live = new LiveTask();
    live.take([
      read(event(1, "experiment_started", "t1-2", { params: { x: 1 } }, 1001)),
      read(event(2, "benchmark_progress", "t1-2", { phase: 2, phases: 3, pct: 40 })),
    ]);
    const under = live.experiments.get("t1-2");
    expect([under?.experiment.began, under?.phaseCount, under?.phases.get(2)]).toEqual([1001, 3, 40]);
    live.take([read(END)]);
    const row = merged(told, live.experiments).find(({ id }) => id === "t1-2");
    expect(row).toMatchObject({ status: "completed", score: 7, iter: 4, number: 2, elapsed_s: 2 });
  });

  test("what the service told of an end is the whole truth of it", () => {
    const live = new LiveTask();
    live.take([read(event(1, "experiment_completed", "t1-0", { objective_score: 99, metrics: {} }))]);
    expect(merged(told, live.experiments).find(({ id }) => id === "t1-0")?.score).toBe(12);
  });

  test("those that are over come in the order of their ends, then those under way", () => {
    const live = new LiveTask();
    live.take([
      read(event(1, "experiment_started", "t1-9", { params: {} })),
      read(event(2, "experiment_failed", "t1-8", { error: "it diverged", metrics: { worst_vmin: null } })),
    ]);
    const all = merged(told, live.experiments);
    expect(all.map(({ id }) => id)).toEqual(["t1-base", "t1-0", "t1-1", "t1-8", "t1-2", "t1-9"]);
    expect(all[3]).toMatchObject({ status: "failed", error: "it diverged" });
  });

  test("events come in once, and another log voids them", () => {
    const live = new LiveTask();
    const first = read(event(1, "experiment_started", "t1-2", { params: {} }));
    live.take([first]);
    const version = live.version();
    live.take([first]);
    expect([live.version(), live.experiments.size]).toEqual([version, 1]);
    live.take([]);
    expect(live.experiments.size).toBe(0);
    live.take([first]);
    expect(live.experiments.size).toBe(1);
  });

  test("how far the task is, the later of what was told; what cannot be read is left out", () => {
    const live = new LiveTask();
    const told5 = parseProgress(progress(5), "progress");
    expect(live.newest(told5)).toBe(told5);
    live.take([
      read(event(1, "task_progress", null, progress(6, 3))),
      read(event(2, "task_progress", null, {})),
    ]);
    expect(live.newest(told5)).toMatchObject({ done: 6, best_score: 3 });
    expect(live.newest(parseProgress(progress(7), "progress")).done).toBe(7);
  });

  test("what did not end with its task is no more under way", () => {
    const live = new LiveTask();
    live.take([
      read(event(1, "experiment_started", "t1-2", { params: {} })),
      read(event(2, "task_cancelled", null, {})),
    ]);
    expect(live.experiments.size).toBe(0);
  });
});

describe("asking again", () => {
  test("many who ask at once share one answer, and one more follows", async () => {
    vi.useFakeTimers();
    let asked = 0;
    const heard: number[] = [];
    const calm = new Calm(
      () => Promise.resolve(++asked),
      (answer) => heard.push(answer),
      500,
    );
    expect(await Promise.all([calm.get(), calm.get(), calm.get()])).toEqual([1, 1, 1]);
    await vi.advanceTimersByTimeAsync(499);
    expect([asked, heard]).toEqual([1, []]);
    await vi.advanceTimersByTimeAsync(1);
    expect([asked, heard]).toEqual([2, [2]]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toBe(2);
    vi.useRealTimers();
  });

  test("pages of experiments that are over are asked for once", async () => {
    const asked: (string | null)[] = [];
    let last = [running(2)] as object[];
    const pages = new ExperimentPages((cursor) => {
      asked.push(cursor);
      const items = cursor === null ? [experiment(0, 1, 5), experiment(1, 2, 6)] : last;
      return Promise.resolve({
        items: items.map((item) => parseExperiment(item, "experiment")),
        nextCursor: cursor === null ? "2" : null,
      });
    });
    expect((await pages.all()).map(({ status }) => status)).toEqual(["completed", "completed", "running"]);
    last = [experiment(2, 3, 4), running(3)];
    expect((await pages.all()).map(({ id }) => id)).toEqual(["t1-0", "t1-1", "t1-2", "t1-3"]);
    expect(asked).toEqual([null, "2", "2"]);
  });
});

describe("rows", () => {
  test("what has no such figure comes last, whichever way round", () => {
    const ids = (backwards: boolean) => ordered(told, { column: "score", backwards }).map(({ id }) => id);
    expect(ids(false)).toEqual(["t1-1", "t1-base", "t1-0", "t1-2"]);
    expect(ids(true)).toEqual(["t1-0", "t1-base", "t1-1", "t1-2"]);
  });

  test("those that ended last come first when turned round, before them those under way", () => {
    expect(ordered(told, { column: "ended", backwards: true }).map(({ id }) => id)).toEqual([
      "t1-2",
      "t1-1",
      "t1-0",
      "t1-base",
    ]);
  });

  test("are narrowed to a state, or to those that keep all limits", () => {
    const broken = parseExperiment(experiment(5, 5, 1, { broken: [0.1] }), "experiment");
    expect([fits(broken, "kept"), fits(broken, "completed"), fits(broken, "failed")]).toEqual([
      false,
      true,
      false,
    ]);
    expect(told.filter((one) => fits(one, "running")).map(({ id }) => id)).toEqual(["t1-2"]);
  });
});

describe("seats of those under way", () => {
  test("nobody moves: newcomers take the seats of those who left", () => {
    const first = seated([], ["a", "b", "c"]);
    expect(first).toEqual(["a", "b", "c"]);
    expect(seated(first, ["c", "b", "a"])).toBe(first);
    expect(seated(first, ["b", "c", "d"])).toEqual(["d", "b", "c"]);
    expect(seated(first, ["c"])).toEqual([null, null, "c"]);
  });
});
