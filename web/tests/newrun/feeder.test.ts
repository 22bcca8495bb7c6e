import { expect, test } from "vitest";

import type { Bus, Edge, Feeder } from "../../src/api/feeder";
import { busesOf, pictureOf } from "../../src/newrun/feeder";

const bus = (name: string, x: number, y: number): Bus => ({ name, x, y, phases: ["a"], kv_base: 4.16 });
const edge = (from: string, to: string): Edge => ({
  kind: "line",
  from,
  to,
  phases: ["a"],
  length_km: 1,
  regulators: [],
});

const feeder: Feeder = {
  name: "f",
  title: "f",
  source: "s",
  tap_step_pu: 0.00625,
  three_phase_sites: [],
  buses: [bus("s", 0, 100), bus("t", 0, 100), bus("low", 200, 0)],
  edges: [edge("s", "t"), edge("t", "low"), edge("low", "lost")],
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
