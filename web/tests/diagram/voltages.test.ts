import { expect, test } from "vitest";

import { busPath, levelPath } from "../../src/diagram/glyphs";
import { sitesOf } from "../../src/diagram/sites";
import { standing, voltagesByBus, worstPhase } from "../../src/diagram/voltages";
import { History } from "../../src/stream/history";
import { parse } from "../../src/stream/parse";
import { schema, ticks } from "../samples";

function history(): History {
  const frame = parse(schema(1));
  const rows = parse(ticks(2, 0, 1, { v: [[0.94, 1.04, 0.99]] }));
  if (frame.type !== "schema" || rows.type !== "ticks") throw new Error("not the frames that were meant");
  const made = new History(frame.schema);
  made.append(rows);
  return made;
}

test("a bus is as bad as its worst phase", () => {
  const buses = voltagesByBus(history());
  const bus = buses.get("671");
  expect(bus?.phases.map(({ phase }) => phase)).toEqual(["a", "b"]);
  expect(bus && worstPhase(bus, 0, 0.95, 1.05)).toBeCloseTo(0.94, 6);
  expect(buses.has("650")).toBe(false);
});

test("a bus on the limit is within it, one beyond is out, and one without a value is neither", () => {
  expect([0.95, 1.05].map((v) => standing(v, 0.95, 1.05))).toEqual(["inside", "inside"]);
  expect(standing(0.94999, 0.95, 1.05)).toBe("under");
  expect(standing(1.05001, 0.95, 1.05)).toBe("over");
  expect(standing(NaN, 0.95, 1.05)).toBe("unknown");
});

test("out of the limits is told by the shape as well", () => {
  const shapes = (["inside", "under", "over"] as const).map((of) => busPath(of, 6));
  expect(new Set(shapes).size).toBe(3);
});

test("a battery without a reading is drawn empty, and never fuller than full", () => {
  expect(levelPath(NaN)).toBe(levelPath(0));
  expect(levelPath(7)).toBe(levelPath(1));
});

test("a generator stands where the run was told to put it", () => {
  const generators = [
    { bus: "675", peak_kw: 10 },
    { bus: "680", peak_kw: 20 },
  ];
  const sites = sitesOf(history().schema, generators, { "generators.1.bus": "632" });
  expect(sites.map(({ kind, bus }) => `${kind} ${bus}`)).toEqual([
    "datacenter 671",
    "storage 684",
    "pv 675",
    "pv 632",
  ]);
});
