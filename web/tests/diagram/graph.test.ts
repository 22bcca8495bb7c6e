import { describe, expect, test } from "vitest";

import { type Edge, kilometres } from "../../src/api/feeder";
import { distances_km, freeAngle, neighbours, places, walks } from "../../src/diagram/graph";
import { feeder, FEEDERS } from "./feeders";

const NAMES = Object.keys(FEEDERS) as (keyof typeof FEEDERS)[];

function edge(from: string, to: string, length_km: number, kind: Edge["kind"] = "line"): Edge {
  return { kind, from, to, phases: ["a", "b", "c"], length_km, regulators: [] };
}

describe("lengths", () => {
  test("are told in kilometres, whatever the unit", () => {
    expect(kilometres(1, "mi")).toBeCloseTo(1.609344, 9);
    expect(kilometres(5.28, "kft")).toBeCloseTo(1.609344, 9);
    expect(kilometres(5280, "ft")).toBeCloseTo(1.609344, 9);
    expect(kilometres(2, "km")).toBe(2);
  });

  test("of a switch are zero, and of an unknown unit an error rather than a guess", () => {
    expect(kilometres(null, null)).toBe(0);
    expect(() => kilometres(3, "furlong")).toThrow("furlong");
  });
});

describe("distance from the substation", () => {
  test("adds up along the lines; regulators, transformers and switches add nothing", () => {
    const far = distances_km({
      source: "s",
      buses: [],
      edges: [
        edge("s", "r", 0, "regulator"),
        edge("m", "r", 2),
        edge("m", "e", 0.5),
        edge("e", "t", 0, "transformer"),
      ],
    });
    expect([...far]).toEqual([
      ["s", 0],
      ["r", 0],
      ["m", 2],
      ["e", 2.5],
      ["t", 2.5],
    ]);
  });

  test("is the shortest way where there are two", () => {
    const far = distances_km({
      source: "s",
      buses: [],
      edges: [edge("s", "a", 5), edge("s", "b", 1), edge("b", "a", 1), edge("a", "c", 1)],
    });
    expect(far.get("a")).toBe(2);
    expect(far.get("c")).toBe(3);
  });

  test.each(NAMES)("is known for every bus of %s", (name) => {
    const drawn = feeder(name);
    expect(distances_km(drawn).size).toBe(drawn.buses.length);
  });

  test("of bus 680 of the 13-node feeder is the published 5,000 ft", () => {
    expect(distances_km(feeder("ieee13")).get("680")).toBeCloseTo(5 * 0.3048, 6);
  });
});

describe("places", () => {
  test.each(NAMES)("no two buses of %s stand in the same place", (name) => {
    const at = [...places(feeder(name)).values()];
    expect(new Set(at.map(({ x, y }) => `${x} ${y}`)).size).toBe(at.length);
  });

  test("a regulator's far bus stands between it and what it feeds", () => {
    const at = places(feeder("ieee123"));
    expect(at.get("9")).toEqual({ x: 1200, y: 1725 });
    expect(at.get("9r")?.x).toBe(1200);
    expect(at.get("9r")?.y).toBeGreaterThan(1725);
    expect(at.get("9r")?.y).toBeLessThan(2150);
  });
});

describe("walking with the arrow keys", () => {
  test.each(NAMES)("every bus of %s can be reached from the substation", (name) => {
    const drawn = feeder(name);
    const keys = walks(neighbours(drawn), places(drawn));
    const seen = new Set([drawn.source]);
    const due = [drawn.source];
    for (let bus = due.pop(); bus !== undefined; bus = due.pop()) {
      for (const next of Object.values(keys.get(bus) ?? {})) {
        if (!seen.has(next)) due.push(next);
        seen.add(next);
      }
    }
    expect(drawn.buses.filter(({ name: bus }) => !seen.has(bus))).toEqual([]);
  });

  test("keys lead where the lines point", () => {
    const drawn = feeder("ieee13");
    const keys = walks(neighbours(drawn), places(drawn));
    expect(keys.get("632")).toEqual({ up: "rg60", down: "670", right: "633", left: "645" });
    expect(keys.get("611")).toEqual({ right: "684" });
  });

  test("two neighbours in the same direction get two keys", () => {
    const at = new Map([
      ["s", { x: 0, y: 0 }],
      ["a", { x: 10, y: 1 }],
      ["b", { x: 10, y: 4 }],
    ]);
    expect(walks(new Map([["s", ["a", "b"]]]), at).get("s")).toEqual({ right: "a", up: "b" });
  });
});

describe("the free angle beside a bus", () => {
  test("is the middle of the widest gap", () => {
    expect(freeAngle([0, Math.PI / 2])).toBeCloseTo((5 * Math.PI) / 4, 9);
    expect(Math.cos(freeAngle([0]))).toBeCloseTo(-1, 9);
  });
});
