import { describe, expect, test } from "vitest";

import { parse } from "../../src/stream/parse";
import { Run } from "../../src/stream/run";
import { hello, schema, SCHEMA, status, summary, ticks } from "../samples";

function runOf(...frames: object[]): Run {
  const run = new Run();
  give(run, ...frames);
  return run;
}

function give(run: Run, ...frames: object[]): void {
  for (const frame of frames) run.receive(() => parse(frame), 0);
}

const begun = () => runOf(hello(), status(1, "queued"), status(2, "running"), schema(3));

describe("Run", () => {
  test("takes in a whole run from its first entry to its last", () => {
    const run = begun();
    give(run, ticks(4, 0, 60), ticks(5, 60, 40), summary(6), status(7, "completed", { tick: 100 }));
    expect(run.fault).toBeNull();
    expect(run.status).toBe("completed");
    expect(run.summary?.metrics["violation_time_s"]).toBe(994.6);
    expect(run.history?.length).toBe(100);
    expect(run.history?.voltages[0]?.v.at(73)).toBeCloseTo(1.0073, 5);
    expect(run.history?.holes).toEqual([]);
    expect(run.cursor.query()).toBe("since=7&epoch=E");
  });

  test("tells the lowest and highest bus of each phase", () => {
    const run = begun();
    give(run, ticks(4, 0, 1, { v: [[1.02, 1.01, 0.94]] }));
    const [a, b] = run.history?.envelope ?? [];
    expect([a?.min.at(0), a?.max.at(0)].map((v) => v?.toFixed(2))).toEqual(["0.94", "1.02"]);
    expect([b?.min.at(0), b?.max.at(0)].map((v) => v?.toFixed(2))).toEqual(["1.01", "1.01"]);
  });

  test("a component that is not due keeps its last state; an idle model has no latency", () => {
    const run = begun();
    const dc = {
      p_w: [[1, 2, 3], null, [1, 2, 3]],
      batch: { "8B": [16, null, null] },
      itl_s: { "8B": [0.05, null, null] },
    };
    give(run, ticks(4, 0, 3, { v: [[1, 1, 1], null, [1.1, 1, 1]], dc: { dc } }));
    const history = run.history;
    expect(history?.voltages[0]?.v.at(1)).toBe(1);
    expect(history?.envelope[0]?.max.at(1)).toBe(1);
    expect(history?.power[0]?.p_w[1]?.column.at(1)).toBe(2);
    expect(history?.models[0]?.batch.at(2)).toBe(16);
    expect([1, 2].map((tick) => history?.models[0]?.itl_s.at(tick))).toEqual([Math.fround(0.05), NaN]);
  });

  test.each([
    ["a gap", 6, /skipped entries: entry 5 was due, entry 6 came/],
    ["a repeat", 4, /repeated entries: entry 5 was due, entry 4 came/],
  ])("%s in the offsets is an error, and nothing more is taken in", (_, offset, message) => {
    const run = begun();
    give(run, ticks(4, 0, 10), ticks(offset, 10, 10));
    expect(run.fault).toMatch(message);
    give(run, ticks(5, 10, 10));
    expect(run.history?.length).toBe(10);
    run.resume();
    give(run, ticks(5, 10, 10));
    expect([run.fault, run.history?.length]).toEqual([null, 20]);
  });

  test.each([
    ["skip", 11],
    ["repeat", 9],
  ])("ticks that %s within good offsets are an error", (_, first) => {
    const run = begun();
    give(run, ticks(4, 0, 10), ticks(5, first, 10));
    expect(run.fault).toMatch(/tick 10 was due/);
  });

  test("a frame that cannot be read is reported, not thrown", () => {
    const run = begun();
    give(run, ticks(4, 0, 1, { v: [[1, "x", 1]] }));
    expect(run.fault).toMatch(/v\[0\]\[1\]: expected a number or null/);
  });

  test("a row with the wrong number of voltages is an error", () => {
    const run = begun();
    give(run, ticks(4, 0, 1, { v: [[1, 1]] }));
    expect(run.fault).toMatch(/2 voltages; the run has 3/);
  });

  test("another protocol is an error", () => {
    expect(runOf({ ...hello(), protocol: 2 }).fault).toMatch(/protocol 2/);
  });

  test("announced holes are shown as holes", () => {
    const run = begun();
    give(
      run,
      ticks(4, 0, 10),
      { type: "skipped", from_offset: 5, to_offset: 7, from_tick: 10, to_tick: 39 },
      ticks(8, 40, 10),
    );
    expect(run.fault).toBeNull();
    expect(run.history?.holes).toEqual([{ from: 10, to: 40 }]);
    expect(run.history?.voltages[0]?.v.at(20)).toBeNaN();
    expect(run.history?.voltages[0]?.v.at(45)).toBeCloseTo(1.0045, 5);
  });

  test("late to a trimmed log, it starts where the log starts and knows what is missing", () => {
    const run = runOf(
      hello(9, { schema: SCHEMA }),
      { type: "reset", epoch: "E", earliest_offset: 8, earliest_tick: 50, reason: "trimmed" },
      ticks(8, 50, 10),
    );
    expect(run.fault).toBeNull();
    expect(run.history?.holes).toEqual([{ from: 0, to: 50 }]);
    expect(run.history?.length).toBe(60);
  });

  test("a new epoch voids what was shown", () => {
    const run = begun();
    give(run, ticks(4, 0, 10));
    give(run, { type: "reset", epoch: "F", earliest_offset: 1, earliest_tick: 0, reason: "epoch" });
    expect(run.history).toBeNull();
    give(run, status(1, "queued"), schema(2), ticks(3, 0, 5));
    expect([run.fault, run.history?.length, run.cursor.query()]).toEqual([null, 5, "since=3&epoch=F"]);
  });

  test("catches up until the head that hello told", () => {
    const run = runOf(hello(4, { status: "completed" }));
    expect(run.catchingUp).toBe(true);
    give(run, status(1, "queued"), schema(2), ticks(3, 0, 5));
    expect(run.catchingUp).toBe(true);
    give(run, status(4, "completed"));
    expect(run.catchingUp).toBe(false);
  });

  test("tells the speed by the run's own clock, not by when its entries arrive", () => {
    const run = begun();
    // 10 ticks of 0.5 s are written every second: 5 simulated seconds a second.
    for (let i = 0; i < 6; i++) give(run, ticks(4 + i, 10 * i, 10));
    expect(run.speed).toBeCloseTo(5, 3);
    give(run, status(10, "paused"));
    expect(run.speed).toBeNull();
  });

  test("a refused command is told", () => {
    const run = begun();
    give(run, {
      type: "command",
      offset: 4,
      ts: 1,
      command_id: "c",
      by: "user:ann",
      command: "stop",
      args: {},
      status: "rejected",
      tick: 0,
      error: "not yet",
    });
    expect(run.refusal).toBe("not yet");
    expect(run.log.newest(1)[0]).toMatchObject({ by: "ann", bad: true, text: "stop · refused: not yet" });
  });
});
