import { describe, expect, test } from "vitest";

import { type Experiment, parseExperiment, parseTask } from "../../src/api/tasks";
import { directionOf, scoreText } from "../../src/tasks/metrics";
import {
  beats,
  eta_s,
  gain,
  lengthText,
  limitText,
  listBadge,
  pageBadge,
  shortNames,
  trajectory,
} from "../../src/tasks/standing";
import { experiment, progress, running, task } from "./samples";

const one = (number: number, iter: number, score: number | null, more: object = {}): Experiment =>
  parseExperiment(experiment(number, iter, score, more), "experiment");

describe("the best so far", () => {
  test("is the lowest or the highest score, as the objective says", () => {
    const told = [one(0, 1, 5), one(1, 2, 7), one(2, 3, 3)];
    expect(trajectory(told, "minimize").map(({ best }) => best)).toEqual([5, 5, 3]);
    expect(trajectory(told, "maximize").map(({ best }) => best)).toEqual([5, 7, 7]);
    expect(trajectory(told, "minimize").map(({ leads }) => leads)).toEqual([true, false, true]);
  });

  test("keeps all limits as soon as one does, however good the others are", () => {
    const told = [
      one(0, 1, 5, { broken: [0.2] }),
      one(1, 2, 9, { broken: [-0.1] }),
      one(2, 3, 1, { broken: [0.1] }),
    ];
    expect(trajectory(told, "minimize").map(({ best }) => best)).toEqual([5, 9, 9]);
  });

  test("leaves out the baseline and what runs, and passes over what has no score", () => {
    const failed = one(3, 2, null, { status: "failed", error: "it diverged" });
    const steps = trajectory(
      [one(-1, 1, 0.1), failed, one(0, 3, 5), parseExperiment(running(4), "experiment")],
      "minimize",
    );
    expect(steps.map(({ iter, best }) => [iter, best])).toEqual([
      [1, null],
      [2, 5],
    ]);
  });

  test("a score that is no better is not the best", () => {
    expect(beats(one(0, 1, 5), one(1, 2, 5), "minimize")).toBe(false);
    expect(beats(one(0, 1, 4.9), one(1, 2, 5), "minimize")).toBe(true);
    expect(beats(one(0, 1, 1, { status: "pruned" }), one(1, 2, 5), "minimize")).toBe(false);
  });
});

describe("figures", () => {
  test("of several objectives the weighted sum is made small, one goes its own way", () => {
    expect(directionOf([{ metric: "mean_throughput_tps" }])).toBe("maximize");
    expect(directionOf([{ metric: "mean_throughput_tps", direction: "minimize" }])).toBe("minimize");
    expect(directionOf([{ metric: "mean_throughput_tps" }, { metric: "worst_vmin" }])).toBe("minimize");
  });

  test("the gain over the baseline is positive where the best is better", () => {
    expect(gain(8, 10, "minimize")).toBeCloseTo(0.2);
    expect(gain(8, 10, "maximize")).toBeCloseTo(-0.2);
    expect([gain(8, 0, "minimize"), gain(null, 1, "minimize")]).toEqual([null, null]);
  });

  test("what is left is judged by the newest ends, before six by the whole time", () => {
    const of = (done: number) => parseTask(task({ progress: progress(done) }));
    expect(eta_s(of(0), [], 1010)).toBeNull();
    expect(eta_s(of(2), [1004, 1008], 1008)).toBe(32);
    expect(eta_s(of(6), [1020, 1022, 1024, 1026, 1028, 1030], 1031)).toBe(7);
    expect(eta_s(parseTask(task({ status: "cancelled" })), [], 1010)).toBeNull();
  });

  test("are written with as many digits as tell them apart", () => {
    expect([scoreText(0), scoreText(12.345678), scoreText(0.0123456), scoreText(null)]).toEqual([
      "0",
      "12.346",
      "0.012346",
      "–",
    ]);
    expect([scoreText(-7_626_178), scoreText(0.00001)]).toEqual(["−7,626,178", "1.000e-5"]);
    expect([lengthText(0.4), lengthText(89), lengthText(90), lengthText(7200)]).toEqual([
      "< 1 s",
      "89 s",
      "2 min",
      "2.0 h",
    ]);
    expect(limitText({ metric: "worst_vmin", min: 0.95 }, "V")).toBe("V ≥ 0.95");
    expect(limitText({ metric: "worst_vmin", min: 0.9, max: 1 }, "V")).toBe("0.9 ≤ V ≤ 1");
  });

  test("parameters are called by as little of their path as tells them apart", () => {
    const names = shortNames(["controllers.0.gain", "controllers.1.gain", "duration_s", "taps.2"]);
    expect([...names.values()]).toEqual(["controllers.0.gain", "controllers.1.gain", "duration_s", "taps.2"]);
  });
});

describe("the badge", () => {
  const live = parseTask(task());

  test("says live only while events come", () => {
    expect(pageBadge(live, "events")).toMatchObject({ kind: "live", label: "Live" });
    expect(pageBadge(live, "connecting").label).toBe("Connecting");
    expect(pageBadge(live, "polling")).toMatchObject({ kind: "catching-up", label: "Every 3 s" });
    expect(pageBadge(live, "polling").detail).toContain("asks every 3 s");
  });

  test("of a task that is over does not depend on the connection", () => {
    const over = parseTask(task({ status: "completed", ended: 1100, reason: "best score 8" }));
    expect(pageBadge(over, "nothing")).toEqual(listBadge(over));
    expect(listBadge(over)).toMatchObject({ kind: "finished", label: "Finished" });
  });
});
