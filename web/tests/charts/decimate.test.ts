import { describe, expect, test } from "vitest";

import { decimate, extent, type Trace } from "../../src/charts/decimate";
import { HEAT, heat, Shades, worst } from "../../src/charts/heat";
import { Column } from "../../src/stream/buffers";

function trace(values: readonly number[], keep: Trace["keep"] = "both"): Trace {
  const column = new Column();
  for (const value of values) column.push(value);
  return { column, keep, scale: (value) => value };
}

describe("decimate", () => {
  test("few ticks are drawn one by one", () => {
    expect(decimate([trace([1, 2, NaN])], 0, 3, 3, 0.5, 100)).toEqual([
      [0, 0.5, 1],
      [1, 2, null],
    ]);
  });

  test("many ticks keep every spike, with at most two points a pixel", () => {
    const values = Array.from({ length: 36_000 }, () => 1);
    values[12_345] = 9;
    values[23_456] = -9;
    const [x, y] = decimate([trace(values)], 0, 36_000, 36_000, 0.1, 800);
    expect(x.length).toBeLessThanOrEqual(1600);
    expect(y).toHaveLength(x.length);
    expect([Math.max(...(y as number[])), Math.min(...(y as number[]))]).toEqual([9, -9]);
    const spike = x[y?.indexOf(9) ?? -1] ?? NaN;
    expect(Math.abs(spike - 1234.5)).toBeLessThan(6.4);
  });

  test("an edge of an envelope keeps only its own extreme", () => {
    const values = [1, 5, 2, 6];
    const edges = (keep: Trace["keep"]) => decimate([trace(values, keep)], 0, 4, 4, 1, 2)[1];
    expect(edges("min")).toEqual([1, 1, 2, 2]);
    expect(edges("max")).toEqual([5, 5, 6, 6]);
    expect(edges("both")).toEqual([1, 5, 2, 6]);
  });

  test("ticks that have not come yet are not drawn", () => {
    const [x] = decimate([trace([1, 2])], 0, 1000, 2, 1, 1000);
    expect(x).toEqual([0, 1]);
  });
});

test("extent is that of the stretch, over all traces", () => {
  expect(extent([trace([1, 2, 3]), trace([9, -1, 2])], 1, 3)).toEqual([-1, 3]);
  expect(extent([trace([])], 0, 5)).toEqual([NaN, NaN]);
});

describe("heat", () => {
  const colors = HEAT.light;

  test("a violation leaps to the eye: the colour steps at the limit", () => {
    const distance = (one: readonly number[], other: readonly number[]) =>
      Math.hypot(...one.map((c, i) => c - (other[i] ?? 0)));
    const inside = heat(0.9501, 0.95, 1.05, colors);
    const outside = heat(0.9499, 0.95, 1.05, colors);
    expect(distance(inside, outside)).toBeGreaterThan(80);
    expect(heat(1, 0.95, 1.05, colors)).toEqual(colors.middle);
  });

  test("the look-up has the same colours, and its ends beyond them", () => {
    const shades = new Shades(0.95, 1.05, colors);
    const rgb = (v: number) => [...new Uint8Array(Uint32Array.of(shades.pixel(v)).buffer)].slice(0, 3);
    expect(rgb(0.5)).toEqual(rgb(0.9201));
    expect(rgb(2)).toEqual(rgb(1.0799));
    for (const v of [0.93, 0.96, 1, 1.03, 1.06]) {
      const exact = heat(v, 0.95, 1.05, colors);
      rgb(v).forEach((c, i) => {
        expect(Math.abs(c - (exact[i] ?? 0))).toBeLessThanOrEqual(2);
      });
    }
  });

  test("the worst of a moment is what is furthest from the middle", () => {
    expect(worst(0.94, 1.04, 0.95, 1.05)).toBe(0.94);
    expect(worst(0.98, 1.06, 0.95, 1.05)).toBe(1.06);
  });
});
