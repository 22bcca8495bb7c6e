import { describe, expect, test } from "vitest";

import { shapeOf } from "../../src/newrun/shape";
import { candidates, choicesOf, firstDraft, rowFor, simulationsOf, wishOf } from "../../src/tasks/draft";
import { refusals } from "../../src/tasks/refusals";
import { newTaskSearch, taskFilterOf, taskSearch } from "../../src/tasks/search";
import { asCurl, asPython, asToml } from "../../src/tasks/snippets";

const SCHEMA = {
  $defs: {
    Site: {
      type: "object",
      properties: {
        name: { type: "string", title: "Name" },
        bus: { type: "string", title: "Bus" },
        initial_batch_size: { type: "integer", title: "Batch size" },
        feasible_batch_sizes: { type: "array", items: { type: "integer" }, title: "Feasible" },
      },
    },
    Ofo: {
      type: "object",
      properties: {
        type: { const: "ofo" },
        enabled: { type: "boolean", title: "Enabled" },
        primal_step_size: {
          type: "number",
          title: "Primal step",
          minimum: 0,
          maximum: 1e12,
          description: "Step.",
        },
      },
    },
  },
  type: "object",
  properties: {
    feeder: { type: "string", enum: ["a", "b"] },
    duration_s: { type: "integer", title: "Duration" },
    v_min: { type: "number", title: "Lowest voltage", minimum: 0.5, maximum: 1 },
    initial_taps: { type: "object", additionalProperties: { type: "number" }, title: "Initial taps" },
    sites: { type: "array", items: { $ref: "#/$defs/Site" }, title: "Sites" },
    controllers: {
      type: "array",
      title: "Controllers",
      items: { oneOf: [{}], discriminator: { propertyName: "type", mapping: { ofo: "#/$defs/Ofo" } } },
    },
  },
};
const CONFIG = {
  feeder: "a",
  duration_s: 3600,
  v_min: 0.95,
  initial_taps: { creg1a: 1.05 },
  sites: [{ name: "dc", bus: "671", initial_batch_size: 128, feasible_batch_sizes: [64, 128] }],
  controllers: [{ type: "ofo", enabled: true, primal_step_size: 0.1 }],
};
const known = candidates(shapeOf(SCHEMA), CONFIG, ["671", "680"]);
const candidate = (path: string) => {
  const found = known.find((one) => one.path === path);
  if (!found) throw new Error(`no ${path}`);
  return found;
};

describe("what can be searched", () => {
  test("are the scenario's numbers, switches, choices and places, with their words and bounds", () => {
    expect(known.map(({ path }) => path)).toEqual([
      "v_min",
      "initial_taps.creg1a",
      "sites.0.bus",
      "sites.0.initial_batch_size",
      "controllers.0.enabled",
      "controllers.0.primal_step_size",
    ]);
    expect(candidate("controllers.0.primal_step_size")).toMatchObject({
      title: "Primal step",
      help: "Step.",
      place: "Controllers › ofo",
      value: 0.1,
      least: 0,
    });
    expect(candidate("sites.0.bus").choices).toEqual(["671", "680"]);
    expect(candidate("sites.0.initial_batch_size").choices).toEqual([64, 128]);
  });

  test("a first range lies about the scenario's value and within its bounds", () => {
    expect(rowFor(candidate("controllers.0.primal_step_size"), 0)).toMatchObject({
      low: 0.02,
      high: 0.5,
      log: true,
    });
    expect(rowFor(candidate("v_min"), 0)).toMatchObject({ low: 0.5, high: 1 });
    expect(rowFor(candidate("controllers.0.enabled"), 0)).toMatchObject({
      type: "categorical",
      choices: "false, true",
    });
  });

  test("choices are taken as the field's own values are", () => {
    expect(choicesOf("8, 16", 128)).toEqual([8, 16]);
    expect(choicesOf("671, 680", "671")).toEqual(["671", "680"]);
    expect(choicesOf("wye, delta", "wye")).toEqual(["wye", "delta"]);
    expect(choicesOf("true, false", true)).toEqual([true, false]);
  });
});

describe("the task of a form", () => {
  const draft = {
    ...firstDraft("other"),
    space: [rowFor(candidate("controllers.0.primal_step_size"), 0), rowFor(candidate("sites.0.bus"), 1)],
  };

  test("leaves out what is as it would be anyway", () => {
    expect(wishOf("other", draft, known)).toEqual({
      scenario: "other",
      space: {
        "controllers.0.primal_step_size": { type: "float", low: 0.02, high: 0.5, log: true },
        "sites.0.bus": { type: "categorical", choices: ["671", "680"] },
      },
      sampler: "tpe",
      objectives: [{ metric: "integral_violation_pu_s" }],
      experiments: 40,
      parallelism: 4,
    });
  });

  test("makes a phase of each seed, and knows how many simulations that is", () => {
    const wish = wishOf("other", { ...draft, seeds: "0, 1, 2", baseline: false, target: 3 }, known);
    expect(wish.phases).toEqual([{ seed: 0 }, { seed: 1 }, { seed: 2 }]);
    expect(wish).toMatchObject({ baseline: false, stop: { target: 3 } });
    expect(simulationsOf(wish)).toBe(120);
    expect(wishOf("other", { ...draft, seeds: "7" }, known)).toMatchObject({ seed: 7 });
  });

  test("begins with the example where that scenario is picked", () => {
    expect(firstDraft("ieee13-ofo").space.map(({ path }) => path)).toEqual([
      "controllers.0.voltage_dual_step_size",
      "controllers.0.primal_step_size",
    ]);
    expect(firstDraft("ieee34").space).toEqual([]);
  });

  test("what is no number is sent as it was typed, for the service to refuse", () => {
    const wish = wishOf("other", { ...draft, experiments: "" }, known);
    expect(wish.experiments).toBe("");
    expect(simulationsOf(wish)).toBeNull();
  });

  test("a refusal stands at its field, or is told where it has none", () => {
    const { at, homeless } = refusals(
      [
        { loc: "space.controllers.0.primal_step_size.low", msg: "must be at most high" },
        { loc: "space.sites.0.bus.choices.1", msg: "is no such bus" },
        { loc: "space.sites.0.bus", msg: "does not fit" },
        { loc: "space", msg: "needs one" },
        { loc: "objectives", msg: "names a metric twice" },
        { loc: "objectives.0.weight", msg: "must be more than 0" },
        { loc: "constraints.4.min", msg: "of a row that is not there" },
        { loc: "phases.1.seed", msg: "must be a whole number" },
        { loc: "stop.patience", msg: "must be at least 1" },
        { loc: "overrides.duration_s", msg: "must be at least 1" },
        { loc: "datacenters.0.bus", msg: "has no room" },
      ],
      draft,
    );
    expect(Object.fromEntries(at)).toEqual({
      "space.controllers.0.primal_step_size.low": "must be at most high",
      "space.sites.0.bus.choices": "is no such bus",
      "space.sites.0.bus": "does not fit",
      space: "needs one",
      objectives: "names a metric twice",
      "objectives.0.weight": "must be more than 0",
      constraints: "of a row that is not there",
      seeds: "must be a whole number",
      patience: "must be at least 1",
      duration_s: "must be at least 1",
    });
    expect(homeless).toEqual(["datacenters.0.bus: has no room"]);
  });
});

describe("the same task elsewhere", () => {
  const wish = wishOf(
    "other",
    {
      ...firstDraft("other"),
      title: 'A "quoted" one',
      space: [rowFor(candidate("sites.0.bus"), 0)],
      constraints: [{ metric: "worst_vmin", min: 0.95, max: "" }],
      seeds: "0, 1",
      duration_s: 600,
    },
    known,
  );

  test("is a TOML file", () => {
    expect(asToml(wish)).toBe(
      [
        'scenario = "other"',
        'title = "A \\"quoted\\" one"',
        'sampler = "tpe"',
        "experiments = 40",
        "parallelism = 4",
        "",
        "[overrides]",
        "duration_s = 600",
        "",
        '[space."sites.0.bus"]',
        'type = "categorical"',
        'choices = ["671", "680"]',
        "",
        "[[objectives]]",
        'metric = "integral_violation_pu_s"',
        "",
        "[[constraints]]",
        'metric = "worst_vmin"',
        "min = 0.95",
        "",
        "[[phases]]",
        "seed = 0",
        "",
        "[[phases]]",
        "seed = 1",
      ].join("\n"),
    );
  });

  test("is a request, and a script", () => {
    expect(asCurl(wish, "http://lab:8000")).toContain("curl http://lab:8000/api/tasks");
    expect(asPython(wish, "http://lab:8000")).toContain(
      '    "constraints": [{"metric": "worst_vmin", "min": 0.95}],',
    );
  });
});

describe("addresses", () => {
  test("tell filters, scenario and experiment, and nothing that is none", () => {
    expect(taskFilterOf({ status: "running", scenario: "x", owner: "y" })).toEqual({
      status: "running",
      scenario: "x",
    });
    expect(taskFilterOf({ status: "paused" })).toEqual({});
    expect(newTaskSearch({ scenario: "" })).toEqual({});
    expect([taskSearch({ experiment: "t1-2" }), taskSearch({})]).toEqual([{ experiment: "t1-2" }, {}]);
  });
});
