import { describe, expect, test } from "vitest";

import { rowOf } from "../../src/newrun/Fields";
import { placeOf } from "../../src/newrun/place";
import { byPath, touches } from "../../src/newrun/problems";
import { shapeOf } from "../../src/newrun/shape";

const shape = shapeOf({
  type: "object",
  properties: {
    duration_s: { type: "integer" },
    taps: { type: "object", additionalProperties: { type: "number" } },
    sites: {
      type: "array",
      items: {
        type: "object",
        properties: { bus: { type: "string" }, sizes: { type: "array", items: { type: "integer" } } },
      },
    },
  },
});
const config = { duration_s: 1, taps: { a: 1 }, sites: [{ bus: "1", sizes: [8] }] };
const place = (path: string) => placeOf(shape, config, path, ["duration_s"]);

describe("where the service's words belong", () => {
  test("at the field itself, or at the nearest thing around it", () => {
    expect(place("sites.0.bus")).toBe("sites.0.bus");
    expect(place("sites.0.sizes.3")).toBe("sites.0.sizes");
    expect(place("sites.0.unknown")).toBe("sites.0");
    expect(place("sites.4.bus")).toBe("sites");
    expect(place("taps.b")).toBe("taps.b");
  });

  test("nowhere, where the form shows nothing of it", () => {
    expect(place("")).toBe("");
    expect(place("nothing.like.it")).toBe("");
    expect(place("duration_s")).toBe("");
  });

  test("several words about one place are told together", () => {
    const problems = byPath([
      { loc: "overrides.sites.0.bus", msg: "one" },
      { loc: "sites.0.bus", msg: "two" },
      { loc: "seed", msg: "three" },
    ]);
    expect([...problems]).toEqual([
      ["sites.0.bus", "one; two"],
      ["seed", "three"],
    ]);
    expect(touches(problems, "sites.0")).toBe(true);
    expect(touches(problems, "sites.01")).toBe(false);
  });
});

test("a row of values is read as it is typed; what is no number is left to the service", () => {
  expect(rowOf("8, 16;32,", false, false)).toEqual([8, 16, 32]);
  expect(rowOf("8, x", false, false)).toEqual([8, "x"]);
  expect(rowOf("650, rg60", true, false)).toEqual(["650", "rg60"]);
  expect(rowOf(" ", true, true)).toBeNull();
  expect(rowOf(" ", true, false)).toEqual([]);
});
