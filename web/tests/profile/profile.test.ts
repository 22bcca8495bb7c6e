import { expect, test } from "vitest";

import type { Edge, Feeder } from "../../src/api/feeder";
import { profileOf, worstMoment } from "../../src/profile/profile";
import { History } from "../../src/stream/history";
import { parse } from "../../src/stream/parse";
import { schema, ticks } from "../samples";

function history(rows: readonly (readonly number[])[]): History {
  const frame = parse(schema(1));
  if (frame.type !== "schema") throw new Error("not a schema");
  const made = new History(frame.schema);
  if (rows.length === 0) return made;
  const entry = parse(ticks(2, 0, rows.length, { v: rows }));
  if (entry.type === "ticks") made.append(entry);
  return made;
}

const edge = (from: string, to: string, length_km: number, phases: Edge["phases"]): Edge => ({
  kind: "line",
  from,
  to,
  phases,
  length_km,
  regulators: [],
});

const FEEDER: Feeder = {
  name: "small",
  title: "small",
  source: "650",
  tap_step_pu: 0.00625,
  buses: [],
  three_phase_sites: [],
  edges: [edge("650", "671", 2, ["a", "b", "c"]), edge("671", "684", 0.5, ["a", "c"])],
};

test("each monitored bus phase stands at its distance, joined where both ends are monitored", () => {
  const { points, links, most_km } = profileOf(FEEDER, history([]));
  expect(points.map(({ bus, phase, km }) => `${bus}.${phase} ${km}`)).toEqual([
    "671.a 2",
    "671.b 2",
    "684.a 2.5",
  ]);
  expect(links.map(([from, to]) => `${from.bus}.${from.phase}-${to.bus}.${to.phase}`)).toEqual([
    "671.a-684.a",
  ]);
  expect(most_km).toBe(2.5);
});

test("the worst moment is the tick furthest beyond a limit, on whichever side", () => {
  const rows = Array.from({ length: 60 }, () => [1, 1, 1]);
  rows[17] = [0.945, 1, 1];
  rows[41] = [1, 1.07, 1];
  const found = worstMoment(history(rows));
  expect(found?.tick).toBe(41);
  expect(found?.beyond_pu).toBeCloseTo(0.02, 6);
});

test("of two equally bad moments it is the first; while all is within the limits, the nearest to one", () => {
  const rows = Array.from({ length: 60 }, () => [1, 1, 1]);
  rows[20] = rows[50] = [0.96, 1, 1];
  const found = worstMoment(history(rows));
  expect(found?.tick).toBe(20);
  expect(found?.beyond_pu).toBeCloseTo(-0.01, 6);
});

test("a worse one that comes later takes its place", () => {
  const made = history([[0.96, 1, 1]]);
  expect(worstMoment(made)?.tick).toBe(0);
  const later = parse(
    ticks(3, 1, 2, {
      v: [
        [1, 1, 1],
        [0.9, 1, 1],
      ],
    }),
  );
  if (later.type === "ticks") made.append(later);
  expect(worstMoment(made)?.tick).toBe(2);
});

test("before the first tick there is none", () => {
  expect(worstMoment(history([]))).toBeNull();
});
