import { beforeEach, describe, expect, test, vi } from "vitest";

import { type Paintable, Stage } from "../../src/charts/stage";
import { parse } from "../../src/stream/parse";
import { Run } from "../../src/stream/run";
import { hello, schema, status, ticks } from "../samples";

let frames: ((nowMs: number) => void)[] = [];

beforeEach(() => {
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (frame: (nowMs: number) => void) => frames.push(frame));
  vi.stubGlobal("cancelAnimationFrame", () => undefined);
});

function give(run: Run, ...of: object[]): void {
  for (const frame of of) run.receive(() => parse(frame), 0);
}

/** A stage over a run of 100 ticks of 0.5 s, of which 40 have come. */
function setUp() {
  const run = new Run();
  give(run, hello(), status(1, "running"), schema(2), ticks(3, 0, 40));
  const stage = new Stage(run);
  const chart = { paint: vi.fn<Paintable["paint"]>(), point: vi.fn<Paintable["point"]>() };
  stage.add(chart);
  const range = () => (run.history ? stage.range(run.history) : null);
  return { run, stage, chart, range };
}

/** Lets the animation frame come that was asked for. */
function frame(): void {
  const due = frames;
  frames = [];
  for (const paint of due) paint(performance.now() + 1000);
}

describe("Stage", () => {
  test("paints once a frame, however many messages come in between", () => {
    const { run, stage, chart } = setUp();
    stage.start();
    frame();
    chart.paint.mockClear();
    for (let i = 0; i < 5; i++) give(run, ticks(4 + i, 40 + i, 1));
    expect(chart.paint).not.toHaveBeenCalled();
    frame();
    expect(chart.paint).toHaveBeenCalledTimes(1);
    frame();
    expect(chart.paint).toHaveBeenCalledTimes(1);
  });

  test("a moment gone back to comes back when no pointer moves the crosshair, until it is let go", () => {
    const { stage, chart } = setUp();
    const moments: (number | null)[] = [];
    stage.watchView(() => moments.push(stage.seeked));
    stage.point(7);
    stage.seek(stage.pointed);
    stage.point(20);
    expect(chart.point).toHaveBeenLastCalledWith(expect.anything(), 20);
    stage.point(null);
    expect(chart.point).toHaveBeenLastCalledWith(expect.anything(), 7);
    stage.seek(null);
    expect(chart.point).toHaveBeenLastCalledWith(expect.anything(), null);
    expect(moments).toEqual([7, null]);
  });

  test("to go to the newest tick, or beyond, is to go back to live", () => {
    const { stage } = setUp();
    stage.seek(38);
    expect(stage.seeked).toBe(38);
    stage.seek(39);
    expect(stage.seeked).toBeNull();
  });

  test("while a moment is looked at, the newest seconds stand still, and hold it", () => {
    const { run, stage, range } = setUp();
    stage.show({ kind: "newest", seconds: 5 });
    stage.seek(35);
    give(run, ticks(4, 40, 20));
    expect(range()).toEqual([30, 40]);
    stage.seek(10);
    expect(range()).toEqual([5, 15]);
    stage.seek(null);
    expect(range()).toEqual([50, 60]);
  });

  test("a stretch that was chosen moves to a moment outside it", () => {
    const { stage, range } = setUp();
    stage.show({ kind: "chosen", from_s: 10, to_s: 15 });
    stage.seek(25);
    expect(range()).toEqual([20, 30]);
    stage.seek(8);
    expect(range()).toEqual([3, 13]);
  });

  test("figures are read under the crosshair, else at the moment gone back to, else at the newest tick", () => {
    const { run, stage } = setUp();
    const moment = () => run.history && stage.moment(run.history);
    expect(moment()).toBe(39);
    stage.seek(12);
    expect(moment()).toBe(12);
    stage.point(20);
    expect(moment()).toBe(20);
  });

  test("a link's moment is gone to as soon as the run has come that far", () => {
    const { run, stage } = setUp();
    stage.start();
    stage.seekTime(25);
    frame();
    expect(stage.seeked).toBeNull();
    give(run, ticks(4, 40, 20));
    frame();
    expect(stage.seeked).toBe(50);
  });

  test("shows the whole run to come, its newest part, or what was chosen", () => {
    const { stage, range } = setUp();
    expect(range()).toEqual([0, 100]);
    stage.show({ kind: "newest", seconds: 5 });
    expect(range()).toEqual([30, 40]);
    stage.show({ kind: "newest", seconds: 30 });
    expect(range()).toEqual([0, 60]);
    stage.show({ kind: "chosen", from_s: 3.2, to_s: 7.1 });
    expect(range()).toEqual([6, 15]);
  });

  test("the whole of a run that was stopped is what it did", () => {
    const { run, range } = setUp();
    give(run, status(4, "stopped", { tick: 40 }));
    expect(range()).toEqual([0, 40]);
  });

  test("the keys move the crosshair over what has come, and no further", () => {
    const { stage, chart } = setUp();
    stage.nudge(0.1);
    expect(stage.pointed).toBe(0);
    stage.nudge(0.1);
    expect(stage.pointed).toBe(10);
    for (let i = 0; i < 9; i++) stage.nudge(0.1);
    expect(stage.pointed).toBe(39);
    expect(chart.point).toHaveBeenLastCalledWith(expect.anything(), 39);
    stage.point(null);
    expect(chart.point).toHaveBeenLastCalledWith(expect.anything(), null);
  });
});
