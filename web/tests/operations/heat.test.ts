import { describe, expect, test } from "vitest";

import { along, badness, Cells, inkOn, luminance, moved, shade, ticksOf } from "../../src/operations/heat";

const cells = new Cells({
  x: [1, 2, 3],
  y: [10, 20],
  cells: [
    { x: 0, y: 0, value: 2, status: "done", reason: null },
    { x: 1, y: 0, value: 6, status: "done", reason: null },
    { x: 2, y: 1, value: null, status: "diverged", reason: "no solution" },
  ],
});

describe("the cells of a heatmap", () => {
  test("are done, failed, or not there yet", () => {
    expect(cells.state({ x: 0, y: 0 })).toBe("done");
    expect(cells.state({ x: 2, y: 1 })).toBe("failed");
    expect(cells.state({ x: 1, y: 1 })).toBe("waiting");
  });

  test("are coloured by how bad they are, whichever way is better", () => {
    expect([badness(2, cells, "minimize"), badness(6, cells, "minimize")]).toEqual([0, 1]);
    expect([badness(2, cells, "maximize"), badness(6, cells, "maximize")]).toEqual([1, 0]);
    const [only] = [
      new Cells({ x: [1], y: [1], cells: [{ x: 0, y: 0, value: 5, status: "done", reason: null }] }),
    ];
    expect(badness(5, only, "minimize")).toBe(0);
  });

  test.each(["light", "dark"] as const)(
    "in %s the order shows without colours, and figures can be read on each",
    (scheme) => {
      const steps = Array.from({ length: 41 }, (_, i) => shade(i / 40, scheme));
      const lights = steps.map(luminance);
      const signs = lights.slice(1).map((light, i) => Math.sign(light - (lights[i] ?? 0)));
      expect(new Set(signs)).toEqual(new Set([scheme === "light" ? -1 : 1]));
      for (const step of steps) {
        const light = luminance(step);
        const contrast = inkOn(step) === "#000" ? (light + 0.05) / 0.05 : 1.05 / (light + 0.05);
        expect(contrast).toBeGreaterThanOrEqual(4.5);
      }
    },
  );
});

describe("the keyboard on a heatmap", () => {
  test.each([
    ["ArrowRight", { x: 2, y: 0 }],
    ["ArrowLeft", { x: 0, y: 0 }],
    ["ArrowUp", { x: 1, y: 1 }],
    ["ArrowDown", { x: 1, y: 0 }],
    ["Home", { x: 0, y: 0 }],
    ["End", { x: 2, y: 0 }],
    ["PageUp", { x: 1, y: 1 }],
    ["PageDown", { x: 1, y: 0 }],
  ])("%s goes one step, or stays at the edge", (key, to) => {
    expect(moved({ x: 1, y: 0 }, key, 3, 2)).toEqual(to);
  });

  test("stays at every edge, and other keys lead nowhere", () => {
    expect(moved({ x: 2, y: 1 }, "ArrowRight", 3, 2)).toEqual({ x: 2, y: 1 });
    expect(moved({ x: 2, y: 1 }, "ArrowUp", 3, 2)).toEqual({ x: 2, y: 1 });
    expect(moved({ x: 2, y: 1 }, "a", 3, 2)).toBeNull();
  });
});

test("a value lies between the middles of its cells, or outside of the map", () => {
  expect(along([1, 2, 3], 1)).toBeCloseTo(1 / 6);
  expect(along([1, 2, 3], 2.5)).toBeCloseTo(2 / 3);
  expect(along([1, 2, 3], 0.5)).toBeCloseTo(0);
  expect(along([1, 2, 3], 0.4)).toBeNull();
  expect(along([1, 2, 3], null)).toBeNull();
});

test("ticks are at both ends and no more than there is room for", () => {
  expect(ticksOf(3, 10)).toEqual([0, 1, 2]);
  for (const [length, most] of [
    [15, 5],
    [50, 12],
    [7, 3],
    [20, 2],
  ] as const) {
    const ticks = ticksOf(length, most);
    expect(ticks[0]).toBe(0);
    expect(ticks.at(-1)).toBe(length - 1);
    expect(ticks.length).toBeLessThanOrEqual(most + 1);
  }
});
