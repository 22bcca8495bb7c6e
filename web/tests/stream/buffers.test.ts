import { describe, expect, test } from "vitest";

import { bucketTicks, Column } from "../../src/stream/buffers";

function filled(values: Iterable<number>): Column {
  const column = new Column();
  for (const value of values) column.push(value);
  return column;
}

/** The plain way to do it. */
function naive(values: readonly number[], from: number, to: number) {
  const some = values.slice(Math.max(0, from), to).filter((value) => !Number.isNaN(value));
  return some.length > 0 ? { lo: Math.min(...some), hi: Math.max(...some) } : { lo: NaN, hi: NaN };
}

describe("Column", () => {
  test("keeps every value, over all growing", () => {
    const column = filled(Array.from({ length: 5000 }, (_, i) => i));
    expect(column.length).toBe(5000);
    expect([column.at(0), column.at(1023), column.at(1024), column.last()]).toEqual([0, 1023, 1024, 4999]);
  });

  test("has no value before its first and after its last", () => {
    const column = filled([1]);
    expect([column.at(-1), column.at(1), new Column().last()]).toEqual([NaN, NaN, NaN]);
  });

  test("knows the extremes of any stretch exactly, missing values left out", () => {
    // A fixed generator: the same stretches in every run.
    let state = 7;
    const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const values = Array.from({ length: 3000 }, () => (next() < 0.1 ? NaN : Math.fround(next())));
    const column = filled(values);
    for (let i = 0; i < 2000; i++) {
      const from = Math.floor(next() * 3100);
      const to = from + Math.floor(next() * 700);
      expect(column.extremes(from, to, { lo: 0, hi: 0 })).toEqual(naive(values, from, to));
    }
  });

  test("an empty stretch and one without values have no extremes", () => {
    const column = filled([1, 2, 3]);
    column.skipTo(70);
    expect(column.length).toBe(70);
    expect(column.extremes(2, 2, { lo: 0, hi: 0 })).toEqual({ lo: NaN, hi: NaN });
    expect(column.extremes(3, 70, { lo: 0, hi: 0 })).toEqual({ lo: NaN, hi: NaN });
  });
});

describe("bucketTicks", () => {
  test("is the smallest power of two that fits the width", () => {
    expect(bucketTicks(0, 1000, 1000)).toBe(1);
    expect(bucketTicks(0, 1001, 1000)).toBe(2);
    expect(bucketTicks(0, 36_000, 1000)).toBe(64);
    expect(bucketTicks(500, 36_500, 1000)).toBe(64);
  });

  test("a plot without width takes everything in one bucket", () => {
    expect(bucketTicks(0, 10, 0)).toBe(16);
  });
});
