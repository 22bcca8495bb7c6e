import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { parse, parsePast, parseText } from "../../src/stream/parse";
import { BadFrame } from "../../src/stream/reader";
import { hello, schema, SCHEMA, status, summary, ticks } from "../samples";

const GOLDEN = join(import.meta.dirname, "../../../tests/golden");

/** Frames that only other readers than this page ask for. */
const NOT_FOR_THE_PAGE =
  /^(tick_full|task_|experiment_|benchmark_|operation_|progress|complete|playhead|history|compare)/;

const golden = readdirSync(GOLDEN).filter((name) => name.endsWith(".json") && !NOT_FOR_THE_PAGE.test(name));

describe("parse", () => {
  test.each(golden)("reads the golden %s", (name) => {
    const value = JSON.parse(readFileSync(join(GOLDEN, name), "utf8")) as { type: string };
    expect(parse(value).type).toBe(value.type);
  });

  test("reads the golden answer of history", () => {
    const past = parsePast(JSON.parse(readFileSync(join(GOLDEN, "history.json"), "utf8")), 2);
    expect([past.from, past.to, past.stretch, past.tick, past.next_offset]).toEqual([
      0,
      24,
      12,
      [0, 10, 20, 23],
      7,
    ]);
    expect(past.v[3]).toBeNull();
  });

  test.each([
    hello(),
    schema(2),
    ticks(3, 0, 2),
    status(4, "failed", { reason: "why" }),
    summary(5),
    { type: "heartbeat", ts: 1 },
    { type: "pong", ts: 1 },
    { type: "error", code: "bad_json", detail: "x" },
    { type: "reset", epoch: "F", earliest_offset: 4, earliest_tick: 3, reason: "trimmed" },
    { type: "skipped", from_offset: 1, to_offset: 2, from_tick: 0, to_tick: 9 },
  ])("reads $type", (frame) => {
    expect(parse(frame).type).toBe(frame.type);
  });

  test("keeps missing values and rows as null", () => {
    const frame = parse(ticks(1, 0, 2, { v: [null, [null, 1, 1]] }));
    expect(frame).toMatchObject({ v: [null, [null, 1, 1]] });
  });

  test.each([
    ["no object", 7, /frame: expected an object, found 7/],
    ["an unknown type", { type: "surprise" }, /does not know frames of type "surprise"/],
    ["no offset", { ...status(1, "running"), offset: undefined }, /offset: expected a whole number/],
    ["a fractional offset", { ...status(1, "running"), offset: 1.5 }, /offset/],
    ["an unknown state", status(1, "dancing"), /status: expected one of queued/],
    ["a phase that does not exist", { ...schema(1), bus_phases: [["671", "d"]] }, /bus_phases\[0\]\[1\]/],
    ["too few rows", ticks(1, 0, 2, { v: [[1, 1, 1]] }), /v: expected 2 rows, found 1/],
    [
      "text among the voltages",
      ticks(1, 0, 1, { v: [[1, "1", 1]] }),
      /v\[0\]\[1\]: expected a number or null/,
    ],
    ["a column of the wrong length", ticks(1, 0, 2, { taps: { reg1: [1] } }), /taps.reg1: expected 2 values/],
    [
      "a session without schema parts",
      hello(0, { schema: { ...SCHEMA, tick_s: null } }),
      /session.schema.tick_s/,
    ],
  ])("refuses %s and says where", (_, value, message) => {
    expect(() => parse(value)).toThrow(BadFrame);
    expect(() => parse(value)).toThrow(message);
  });

  test("refuses numbers that JSON lets overflow", () => {
    expect(() => parseText('{"type":"heartbeat","ts":1e999}')).toThrow(/ts: expected a number/);
  });

  test.each([[new ArrayBuffer(2)], ["{"], [""]])("refuses what is not JSON text", (data) => {
    expect(() => parseText(data)).toThrow(BadFrame);
  });
});
