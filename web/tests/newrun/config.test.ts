import { describe, expect, test } from "vitest";

import { getAt, overridesOf, type Path, setAt, takeBack } from "../../src/newrun/config";
import type { Json } from "../../src/stream/frames";

const ORIGINAL = {
  duration_s: 3600,
  v_min: 0.95,
  initial_taps: { creg1a: 1.05, creg1b: 1.0 },
  exclude_buses: ["650"],
  datacenters: [
    { name: "a", bus: "671", models: [{ label: "8B", replicas: 10, ramps: [], sizes: [8, 16] }] },
    { name: "b", bus: "675", models: [] },
  ],
  controllers: [{ type: "ofo", dt_s: 1, v_max: null }],
};

const changed = (...changes: [Path, Json | undefined][]) =>
  overridesOf(
    ORIGINAL,
    changes.reduce<Json>((config, [path, value]) => setAt(config, path, value), ORIGINAL),
  );

describe("overrides", () => {
  test("are empty for an unchanged configuration", () => {
    expect(overridesOf(ORIGINAL, structuredClone(ORIGINAL))).toEqual({});
  });

  test("name only what differs, by its dotted path", () => {
    expect(
      changed(
        [["duration_s"], 600],
        [["datacenters", 0, "models", 0, "replicas"], 12],
        [["initial_taps", "creg1b"], 1.0125],
        [["controllers", 0, "v_max"], 1.04],
      ),
    ).toEqual({
      duration_s: 600,
      "datacenters.0.models.0.replicas": 12,
      "initial_taps.creg1b": 1.0125,
      "controllers.0.v_max": 1.04,
    });
  });

  test("send a list as a whole where items came or went, and where it holds plain values", () => {
    const ramp = { target: 5 };
    expect(changed([["datacenters", 0, "models", 0, "ramps"], [ramp]])).toEqual({
      "datacenters.0.models.0.ramps": [ramp],
    });
    expect(changed([["datacenters"], ORIGINAL.datacenters.slice(0, 1)])).toEqual({
      datacenters: ORIGINAL.datacenters.slice(0, 1),
    });
    expect(changed([["exclude_buses"], ["651"]])).toEqual({ exclude_buses: ["651"] });
    expect(
      changed([
        ["datacenters", 0, "models", 0, "sizes"],
        [8, 32],
      ]),
    ).toEqual({
      "datacenters.0.models.0.sizes": [8, 32],
    });
  });

  test("send an item as a whole that became of another type", () => {
    const taps = { type: "taps", dt_s: 1 };
    expect(changed([["controllers", 0], taps])).toEqual({ "controllers.0": taps });
  });

  test("send a table as a whole that lost a name", () => {
    expect(changed([["initial_taps", "creg1b"], undefined])).toEqual({ initial_taps: { creg1a: 1.05 } });
  });

  test("a field that was emptied keeps what the scenario has", () => {
    expect(changed([["duration_s"], undefined])).toEqual({});
    expect(changed([["datacenters", 0, "bus"], undefined])).toEqual({});
  });

  test("null is a value", () => {
    expect(changed([["v_min"], null])).toEqual({ v_min: null });
  });

  test("can be taken back one by one", () => {
    const config = setAt(setAt(ORIGINAL, ["duration_s"], 60), ["datacenters", 1, "bus"], "680");
    expect(overridesOf(ORIGINAL, takeBack(ORIGINAL, config, "datacenters.1.bus"))).toEqual({
      duration_s: 60,
    });
    const shorter = setAt(ORIGINAL, ["datacenters"], []);
    expect(overridesOf(ORIGINAL, takeBack(ORIGINAL, shorter, "datacenters"))).toEqual({});
  });
});

test("a change copies what is on its way, and nothing else", () => {
  const config = setAt(ORIGINAL, ["datacenters", 0, "bus"], "680");
  expect(getAt(config, ["datacenters", 0, "bus"])).toBe("680");
  expect(getAt(ORIGINAL, ["datacenters", 0, "bus"])).toBe("671");
  expect(getAt(config, ["datacenters", 1])).toBe(ORIGINAL.datacenters[1]);
  expect(getAt(config, ["nothing", "here"])).toBeUndefined();
});
