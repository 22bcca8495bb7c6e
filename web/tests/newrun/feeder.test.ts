import { expect, test } from "vitest";

import type { Feeder } from "../../src/api/scenarios";
import { busesOf, pictureOf } from "../../src/newrun/feeder";

const feeder: Feeder = {
  name: "f",
  source: "s",
  three_phase_sites: [],
  buses: [
    { name: "s", phases: "abc", at: [0, 100] },
    { name: "t", phases: "abc", at: [0, 100] },
    { name: "low", phases: "abc", at: [200, 0] },
    { name: "lost", phases: "a", at: null },
  ],
  lines: [
    { from: "s", to: "t", phases: "abc", is_switch: false },
    { from: "t", to: "low", phases: "abc", is_switch: false },
    { from: "low", to: "lost", phases: "a", is_switch: false },
  ],
};

test("a feeder fits its box, keeps its proportions and has north above", () => {
  const { at, lines } = pictureOf(feeder, 120, 120, 10);
  expect(at.get("s")).toEqual([10, 35]);
  expect(at.get("low")).toEqual([110, 85]);
  // What has no length or no known end is not drawn.
  expect(lines).toBe("M10 35L110 85");
});

test("the marks stand where the configuration says", () => {
  expect(busesOf({ storages: [{ bus: "8" }, { bus: 7 }, "x", { bus: "9" }] }, "storages")).toEqual([
    "8",
    "9",
  ]);
  expect(busesOf({}, "storages")).toEqual([]);
  expect(busesOf(null, "storages")).toEqual([]);
});
