import { describe, expect, test } from "vitest";

import { History } from "../../src/stream/history";
import type { LogLine } from "../../src/stream/log";
import { parse } from "../../src/stream/parse";
import {
  markersNear,
  markersOf,
  roughly,
  span,
  stepFrom,
  tickAt,
  Violations,
  xOf,
} from "../../src/timeline/scale";
import { schema, ticks } from "../samples";

function begin(): History {
  const frame = parse(schema(1));
  if (frame.type !== "schema") throw new Error("not a schema");
  return new History(frame.schema);
}

function add(history: History, first: number, rows: readonly (readonly number[])[]): void {
  const frame = parse(ticks(2, first, rows.length, { v: rows }));
  if (frame.type === "ticks") history.append(frame);
}

const GOOD = [1, 1, 1];

describe("the scale of the timeline", () => {
  test("goes from ticks to pixels and back", () => {
    for (const tick of [0, 1, 499, 999]) expect(tickAt(xOf(tick, 1000, 500) + 1e-6, 1000, 500)).toBe(tick);
  });

  test("stays within the run", () => {
    expect(tickAt(-20, 1000, 500)).toBe(0);
    expect(tickAt(900, 1000, 500)).toBe(999);
  });

  test("keys step by a second or a minute, and end at the live edge", () => {
    expect(stepFrom(100, "back", 200, 0.1)).toBe(90);
    expect(stepFrom(5, "back", 200, 0.1)).toBe(0);
    expect(stepFrom(100, "forth", 200, 2)).toBe(101);
    expect(stepFrom(189, "forth", 200, 0.1)).toBe(199);
    expect(stepFrom(190, "forth", 200, 0.1)).toBeNull();
    expect(stepFrom(0, "farForth", 2000, 0.1)).toBe(600);
    expect(stepFrom(100, "first", 200, 0.1)).toBe(0);
    expect(stepFrom(100, "live", 200, 0.1)).toBeNull();
  });

  test("stretches of time read as people say them", () => {
    expect([0.4, 9.96, 45, 723, 3725].map(span)).toEqual([
      "0.4 s",
      "9.9 s",
      "45 s",
      "12 min 03 s",
      "1 h 02 min",
    ]);
    expect([20, 240, 3725].map(roughly)).toEqual(["20 s", "4 min", "1 h 02 min"]);
  });
});

describe("violations on the timeline", () => {
  test("one tick out of the limits marks its pixel, over and under apart", () => {
    const history = begin();
    add(history, 0, [GOOD, [0.94, 1, 1], GOOD, GOOD, [1, 1.06, 1], GOOD]);
    const lanes = new Violations(50, 100);
    lanes.extend(history);
    expect([...lanes.under].flatMap((hit, i) => (hit ? [i] : []))).toEqual([0]);
    expect([...lanes.over].flatMap((hit, i) => (hit ? [i] : []))).toEqual([2]);
  });

  test("come to the same whether the run is looked at in one go or while it goes on", () => {
    const history = begin();
    const live = new Violations(33, 100);
    for (let tick = 0; tick < 100; tick++) {
      add(history, tick, [tick % 7 === 3 ? [0.9, 1.07, 1] : GOOD]);
      live.extend(history);
    }
    const after = new Violations(33, 100);
    after.extend(history);
    expect(live).toEqual(after);
  });

  test("fewer ticks than pixels leave no pixel out", () => {
    const history = begin();
    add(history, 0, [[0.9, 1, 1]]);
    const lanes = new Violations(200, 100);
    lanes.extend(history);
    expect([...lanes.under.slice(0, 3)]).toEqual([1, 1, 0]);
  });
});

describe("commands on the timeline", () => {
  const line = (kind: LogLine["kind"], t_s: number | null, text: string, bad = false): LogLine => ({
    id: 0,
    kind,
    t_s,
    by: "ann",
    text,
    bad,
  });

  test("are those of people, in their order, with who and what; refused ones say so", () => {
    const markers = markersOf([
      line("command", 9, "set_taps · refused: no", true),
      line("control", 5, "set_batch_size"),
      line("command", 3, "pause · applied"),
      line("notice", null, "lost"),
    ]);
    expect(markers).toEqual([
      { t_s: 3, text: "ann pause · applied", refused: false },
      { t_s: 9, text: "ann set_taps · refused: no", refused: true },
    ]);
  });

  test("are found by a pointer near them", () => {
    const markers = markersOf([line("command", 10, "a"), line("command", 20, "b")]);
    expect(markersNear(markers, 104, 6, 100, 1000).map(({ text }) => text)).toEqual(["ann a"]);
    expect(markersNear(markers, 150, 6, 100, 1000)).toEqual([]);
  });
});
