import { describe, expect, test } from "vitest";

import { shapeOf } from "../../src/newrun/shape";
import { axisFor, firstDraft, numbersOf, simulationsOf, valueOf, wishOf } from "../../src/operations/draft";
import { refusals } from "../../src/operations/refusals";
import { asCli, asCurl, asPython } from "../../src/operations/snippets";
import { candidates } from "../../src/tasks/draft";
import { CONFIG, CONFIG_SCHEMA } from "../pages/service";

const known = candidates(shapeOf(CONFIG_SCHEMA), CONFIG, ["671"]);
const draft = firstDraft(known);
const of = (path: string) => known.find((candidate) => candidate.path === path);

describe("the form of a new operation", () => {
  test("its axes are two numbers of the scenario, with ranges about what it has", () => {
    expect(numbersOf(known).map(({ path }) => path)).toContain("grid_dt_s");
    expect(draft.x).toEqual({ path: "datacenters.0.models.0.replicas", min: 5, max: 20, steps: 10 });
    expect(draft.y.path).not.toBe(draft.x.path);
    expect(axisFor(of("v_min"), 7)).toEqual({ path: "v_min", min: 0.475, max: 1.9, steps: 7 });
  });

  test("a range keeps within what the field takes", () => {
    const candidate = of("v_min");
    if (!candidate) throw new Error("no v_min");
    expect(axisFor({ ...candidate, least: 0.8, most: 1 })).toMatchObject({ min: 0.8, max: 1 });
    expect(axisFor({ ...candidate, value: 0 })).toMatchObject({ min: 0, max: 1 });
  });

  test("what is as it would be anyway is left out", () => {
    expect(wishOf("characterize", "ieee13", draft, known)).toEqual({
      op: "characterize",
      config: { name: "ieee13" },
    });
    expect(wishOf("scan", "ieee13", draft, known)).toEqual({ op: "scan", config: {} });
    expect(Object.keys(wishOf("heatmap", "ieee13", draft, known).config)).toEqual([
      "name",
      "param_x",
      "x_min",
      "x_max",
      "x_steps",
      "param_y",
      "y_min",
      "y_max",
      "y_steps",
    ]);
  });

  test("what was typed is asked for as it stands, so that the service can judge it", () => {
    const typed = {
      ...draft,
      duration_s: "ten",
      pv_points: 5,
      seed: 3,
      changes: [
        { path: "datacenters.0.bus", value: "671" },
        { path: "v_min", value: "0.9" },
      ],
    };
    expect(wishOf("characterize", "ieee13", typed, known).config).toEqual({
      name: "ieee13",
      seed: 3,
      duration_s: "ten",
      params: { "datacenters.0.bus": "671", v_min: 0.9 },
      pv_points: 5,
    });
    expect(valueOf("671", "650")).toBe("671");
    expect(valueOf("true", false)).toBe(true);
    expect(valueOf("oops", 1)).toBe("oops");
  });

  test("says how many simulations it takes, where that can be told", () => {
    expect(simulationsOf({ op: "characterize", config: {} })).toBe(51);
    expect(simulationsOf({ op: "characterize", config: { pv_points: 4, sensitivity: false } })).toBe(5);
    expect(simulationsOf({ op: "heatmap", config: { x_steps: 15, y_steps: 15 } })).toBe(225);
    expect(simulationsOf({ op: "heatmap", config: { x_steps: "many", y_steps: 15 } })).toBeNull();
    expect(simulationsOf({ op: "scan", config: {} })).toBeNull();
  });

  test("refusals stand at their fields; what has none is told in the panel", () => {
    const typed = { ...draft, changes: [{ path: "datacenters.0", value: "1" }] };
    const { at, homeless } = refusals(
      [
        { loc: "x_min", msg: "must be less than x_max" },
        { loc: "params.datacenters.0.bus", msg: "is no bus" },
        { loc: "params.other", msg: "there is no such field" },
        { loc: "", msg: "too large" },
      ],
      "heatmap",
      typed,
    );
    expect([...at]).toEqual([
      ["x_min", "must be less than x_max"],
      ["params.datacenters.0", "is no bus"],
    ]);
    expect(homeless).toEqual(["params.other: there is no such field", "too large"]);
  });
});

describe("the same operation from elsewhere", () => {
  const wish = wishOf(
    "heatmap",
    "ieee13",
    { ...draft, metric: "worst_vmin", duration_s: 60, changes: [{ path: "v_min", value: "0.9" }] },
    known,
  );

  test("as one command, axes first", () => {
    expect(asCli(wish).split(" \\\n  ")).toEqual([
      "gridcast heatmap ieee13",
      "--x datacenters.0.models.0.replicas=5:20:10",
      `--y ${draft.y.path}=${draft.y.min}:${draft.y.max}:10`,
      "--duration 60",
      "--metric worst_vmin",
      "--set v_min=0.9",
    ]);
    expect(asCli({ op: "scan", config: { feeders: ["ieee13"], scenarios: false } })).toBe(
      "gridcast scan \\\n  --feeder ieee13 \\\n  --no-scenarios",
    );
    expect(
      asCli({
        op: "characterize",
        config: { name: "ieee13", sensitivity: false, pv_points: 5, pv_max_scale: 3 },
      }),
    ).toBe("gridcast characterize ieee13 \\\n  --points 5 \\\n  --max-scale 3 \\\n  --no-sensitivity");
  });

  test("for curl and Python", () => {
    expect(asCurl(wish, "http://lab")).toContain("http://lab/api/operations/heatmap");
    expect(asPython(wish, "http://lab")).toContain('    param_x="datacenters.0.models.0.replicas",');
    expect(asPython({ op: "scan", config: {} }, "http://lab")).toContain("operation = client.scan()");
    expect(asPython({ op: "scan", config: { scenarios: false } }, "http://lab")).toContain("scenarios=False");
  });
});
