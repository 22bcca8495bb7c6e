import { describe, expect, test } from "vitest";

import { paceOf, roughly, ticksOf, tickOf, wallOf } from "../../src/newrun/estimate";
import { parseSession } from "../../src/stream/parse";
import { SESSION, summary } from "../samples";

const config = (duration_s: unknown, ...periods: unknown[]) =>
  ({
    duration_s,
    grid_dt_s: periods[0],
    datacenters: [{ dt_s: periods[1] }],
    controllers: periods.slice(2).map((dt_s) => ({ dt_s })),
  }) as never;

describe("the number of ticks", () => {
  test("a tick is the greatest common divisor of all periods", () => {
    expect(tickOf(config(1, 0.1, 0.1))).toBe(0.1);
    expect(tickOf(config(1, 0.5, 0.2, 1))).toBe(0.1);
    expect(tickOf(config(1, 2, 4, 6))).toBe(2);
    expect(tickOf(config(1, 0.25, 0.1, 1))).toBe(0.05);
  });

  test("is the duration in whole ticks", () => {
    expect(ticksOf(config(3600, 0.1, 0.1, 1))).toBe(36_000);
    expect(ticksOf(config(7, 2, 2))).toBe(3);
  });

  test("is not told while a value is none", () => {
    expect(ticksOf(config("abc", 0.1, 0.1))).toBeNull();
    expect(ticksOf(config(0, 0.1, 0.1))).toBeNull();
    expect(ticksOf(config(60, -1, 0.1))).toBeNull();
    expect(ticksOf(config(60, "x", 0.1))).toBeNull();
    expect(ticksOf(config(60, undefined, 0.5))).toBe(120);
  });
});

describe("how long it takes", () => {
  const ran = (scenario: string, ticks_per_s: number, speed: number | "max" = "max") =>
    parseSession({ ...SESSION, scenario, speed, summary: { ...summary(1), ticks_per_s } });

  test("as long as runs of the same scenario took here, at full speed", () => {
    const seen = [
      ran("ieee13", 100),
      ran("ieee13", 300),
      ran("ieee13", 200),
      ran("other", 9),
      ran("ieee13", 9, 1),
    ];
    expect(paceOf("ieee13", "ieee13", seen)).toEqual({ ticks_per_s: 200, here: true });
  });

  test("else as was measured elsewhere", () => {
    expect(paceOf("ieee13", "ieee13", [])).toEqual({ ticks_per_s: 9900, here: false });
    expect(paceOf("new", "new", []).ticks_per_s).toBe(3300);
  });

  test("never faster than the chosen speed, nor than the machine", () => {
    const pace = { ticks_per_s: 1000, here: true };
    expect(wallOf(36_000, 0.1, "max", pace)).toBe(36);
    expect(wallOf(36_000, 0.1, 10, pace)).toBe(360);
    expect(wallOf(36_000, 0.1, 1000, pace)).toBe(36);
  });

  test("is told roughly", () => {
    expect([0.2, 4.4, 89, 90, 5399, 5400].map(roughly)).toEqual([
      "a second",
      "4 s",
      "89 s",
      "2 min",
      "90 min",
      "1.5 h",
    ]);
  });
});
