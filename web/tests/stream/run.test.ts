import { describe, expect, test } from "vitest";

import { parse } from "../../src/stream/parse";
import { Run } from "../../src/stream/run";
import { answer, hello, schema, SCHEMA, status, summary, ticks } from "../samples";

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

  test("what a person commanded is told once, with its author, and marked where it took effect", () => {
    const run = begun();
    const control = { by: "user:ann", command: "set_taps", args: { regulators: { reg1: 1.05 } } };
    give(
      run,
      answer(4, "c", "set_taps", { args: control.args, tick: 3 }),
      ticks(5, 0, 10, {
        controls: [
          { tick: 3, command_id: "c", ...control },
          { tick: 5, by: "controller:ofo", command: "set_batch_size", args: {} },
        ],
      }),
    );
    expect(run.log.newest(10).map(({ by, text }) => [by, text])).toEqual([
      ["ofo", "set_batch_size"],
      ["ann", "set_taps · regulators (reg1 1.05) · applied"],
      ["run", "running"],
      ["run", "queued"],
    ]);
    expect(run.history?.touches).toEqual([{ tick: 3, by: "user:ann" }]);
  });

  test("what people did is kept, however much controllers do after it", () => {
    const run = begun();
    give(run, answer(4, "c", "set_taps"));
    const controls = Array.from({ length: 5_000 }, () => ({
      tick: 0,
      by: "controller:ofo",
      command: "set_batch_size",
      args: {},
    }));
    give(run, ticks(5, 0, 10, { controls }));
    expect(run.log.newest(200).every(({ kind }) => kind === "control")).toBe(true);
    expect(run.log.newest(200, false).map(({ text }) => text)).toEqual([
      "set_taps · applied",
      "running",
      "queued",
    ]);
    expect([run.log.total(true), run.log.total(false)]).toEqual([5_003, 3]);
  });

  test("the shared past of a fork has commands without answers: they are told from where they took effect", () => {
    const run = begun();
    const taps = { tick: 3, by: "user:ann", command: "set_taps", command_id: "old", args: {} };
    const off = { ...taps, tick: 4, command: "set_controller", args: { name: "ofo", enabled: false } };
    give(run, ticks(4, 0, 10, { controls: [taps, off] }));
    expect(run.log.newest(2).map(({ text }) => text)).toEqual([
      "set_controller: name ofo, enabled false",
      "set_taps",
    ]);
    expect(run.helm.enabled("ofo")).toBe(false);
  });

  test("knows the speed, the wait and the state of controllers from the answers to commands", () => {
    const run = begun();
    expect([run.helm.speed, run.helm.enabled("ofo")]).toEqual(["max", true]);
    give(
      run,
      answer(4, "a", "speed", { args: { x: 10 } }),
      answer(5, "b", "speed", { args: { x: 99 }, status: "rejected", error: "no" }),
      answer(6, "c", "set_controller", { args: { name: "ofo", enabled: false } }),
      answer(7, "d", "run_until", { args: { t_s: 60 } }),
    );
    expect([run.helm.speed, run.helm.until, run.helm.enabled("ofo")]).toEqual([10, { t_s: 60 }, false]);
    give(run, status(8, "paused"));
    expect(run.helm.until).toBeNull();
  });

  test("late to a trimmed log, it does not pretend to know how the run is being steered", () => {
    const run = runOf(
      hello(9, { schema: SCHEMA }),
      { type: "reset", epoch: "E", earliest_offset: 8, earliest_tick: 50, reason: "trimmed" },
      ticks(8, 50, 10),
    );
    expect([run.helm.speed, run.helm.enabled("ofo")]).toEqual([null, null]);
    give(run, answer(9, "c", "set_controller", { args: { name: "ofo", enabled: true } }));
    expect(run.helm.enabled("ofo")).toBe(true);
  });

  test("says by how much it lags, until it has kept its pace for a while", () => {
    const run = begun();
    const lag = {
      tick: 3,
      t_s: 1.5,
      source: "custom",
      topic: "session.lag",
      data: { lag_s: 3.2, speed: 1000 },
    };
    give(run, ticks(4, 0, 10, { events: [lag], ts: 1000 }));
    expect(run.behind_s).toBe(3.2);
    give(run, ticks(5, 10, 10, { ts: 1005 }));
    expect(run.behind_s).toBe(3.2);
    give(run, ticks(6, 20, 10, { ts: 1008 }));
    expect(run.behind_s).toBeNull();
  });

  test("who paused is told as long as it is paused", () => {
    const run = begun();
    give(run, answer(4, "c", "pause"), status(5, "paused"));
    expect(run.helm.pausedBy).toBe("user:ann");
    give(run, answer(6, "d", "resume"), status(7, "running"));
    expect(run.helm.pausedBy).toBeNull();
  });
});
