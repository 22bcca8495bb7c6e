import { describe, expect, test } from "vitest";

import { parseOperation } from "../../src/api/operations";
import { parseResult } from "../../src/api/parseResults";
import type { Characterization, Heatmap } from "../../src/api/results";
import { csvOf } from "../../src/operations/csv";
import { curveView, megawatts, voltageEnds } from "../../src/operations/curve";
import { axisOf, bestOf, findingOf, type Known } from "../../src/operations/finding";
import { bandOf } from "../../src/operations/limits";
import { LiveOperation } from "../../src/operations/live";
import { rowsOf } from "../../src/operations/scanRows";
import { sessionOf } from "../../src/operations/sessions";
import { tornadoOf } from "../../src/operations/tornado";
import { cell, CHARACTERIZATION, entry, HEATMAP, operation, POINTS, progress, SCAN } from "./samples";

const NOTHING: Known = { valueAt: () => undefined, isWhole: () => false };
const heatmap = parseResult(HEATMAP, "result") as Heatmap;
const characterization = parseResult(CHARACTERIZATION, "result") as Characterization;
const scan = parseResult(SCAN, "result");

describe("what entries tell of an operation", () => {
  test("progress never goes back, whichever of service and entries is ahead", () => {
    const live = new LiveOperation();
    live.take(entry(4, 6, "cell 3/6", cell(0, 0, 1)));
    expect(live.newest({ ...progress(1, 6), eta_s: null }).step).toBe(3);
    expect(live.newest({ ...progress(5, 6), eta_s: null }).step).toBe(5);
  });

  test("an entry without a point, the first point and the end make the page ask for the state again; more points do not", () => {
    const live = new LiveOperation();
    const asks = [
      entry(1, 6, "queued"),
      entry(2, 6, "cell 1/6", cell(0, 0, 1)),
      entry(3, 6, "cell 2/6", cell(1, 0, 1)),
      { offset: 4, type: "error", ts: 1, operation_id: "o1", msg: "by ann", code: "cancelled", final: true },
    ].map((one) => live.take(one));
    expect(asks).toEqual([true, true, false, true]);
    expect(live.ending).toEqual({ code: "cancelled", msg: "by ann" });
  });

  test.each([
    ["characterize", CHARACTERIZATION, POINTS],
    [
      "scan",
      SCAN,
      [...SCAN.sites.map((s) => ({ part: "site", ...s })), { part: "scenario", ...SCAN.scenarios[0] }],
    ],
  ] as const)("the points of a %s come to what the result tells, in whatever order", (op, told, points) => {
    const live = new LiveOperation();
    for (const [i, point] of [...points].reverse().entries())
      live.take(entry(i + 1, points.length, "", point));
    const found = findingOf(parseOperation(operation(op)), live.points, NOTHING);
    const { account, ...result } = parseResult(told, "result");
    expect(account.failed).toBe(1);
    expect(found).toEqual({
      ...result,
      // Only known at the end.
      ...("hosting_limit" in result ? { hosting_limit: null } : {}),
      ...("rules" in result ? { rules: {} } : {}),
    });
  });

  test("a heatmap has its axes before its first cell, whole numbers where the field takes only those", () => {
    const known: Known = {
      valueAt: (path) => (path === "grid_dt_s" ? 0.1 : 10),
      isWhole: (path) => path.endsWith("replicas"),
    };
    const found = findingOf(parseOperation(operation("heatmap")), [], known) as Heatmap;
    expect([found.x, found.y]).toEqual([
      [0.1, 0.2, 0.3],
      [5, 10],
    ]);
    expect(found.baseline).toEqual({ x: 0.1, y: 10 });
    expect(axisOf(1, 2, 4, true)).toEqual([1, 1, 2, 2]);
  });

  test("a failed cell has its reason, and is never the best", () => {
    expect(heatmap.cells.find(({ x, y }) => x === 1 && y === 1)).toEqual({
      x: 1,
      y: 1,
      value: null,
      status: "diverged",
      reason: "no solution at tick 4",
    });
    expect(bestOf(heatmap.cells, "minimize")).toEqual({ x: 2, y: 1 });
    expect(bestOf(heatmap.cells, "maximize")).toEqual({ x: 2, y: 0 });
    expect(bestOf([], "minimize")).toBeNull();
  });

  test.each([
    ["a cell that is no number", { ...HEATMAP, values: [["x"]] }, /values\[0\]\[0\]/],
    ["an unknown class", { ...SCAN, sites: [{ ...SCAN.sites[0], class: "fine" }] }, /class/],
    ["another operation", { ...SCAN, op: "dream" }, /op/],
  ])("%s is told with its place", (_, result, words) => {
    expect(() => parseResult(result, "result")).toThrow(words);
  });
});

describe("the P-V curve", () => {
  const { pv_curve } = characterization;

  test("what failed stands where its size would be", () => {
    const [, , failed] = pv_curve;
    expect(failed && megawatts(failed, pv_curve)).toBe(1.8);
    expect(curveView(characterization, bandOf(undefined, {})).most_mw).toBeCloseTo(1.87);
  });

  test("its axis has room for the band, and for what left it", () => {
    expect(voltageEnds({ curve: [], band: { v_min: 0.95, v_max: 1.05 } })).toEqual([0.93, 1.07]);
    expect(voltageEnds({ curve: pv_curve, band: { v_min: 0.95, v_max: 1.05 } })).toEqual([0.93, 1.07]);
  });

  test("the band is the scenario's, or what the operation made of it", () => {
    expect(bandOf({ v_min: 0.9, v_max: 1.1 }, { v_min: 0.92 })).toEqual({ v_min: 0.92, v_max: 1.1 });
    expect(bandOf(undefined, {})).toEqual({ v_min: 0.95, v_max: 1.05 });
  });
});

describe("the tornado chart", () => {
  test("has the strongest on top, bars from the default, and what failed marked", () => {
    const { rows, base, least, most, middle } = tornadoOf(characterization, "integral_violation_pu_s");
    expect([base, least, most]).toEqual([10, 4, 30]);
    expect(rows.map(({ parameter, spread }) => [parameter, spread])).toEqual([
      ["source_pu", 26],
      ["datacenters.0.base_kw_per_phase", 1],
    ]);
    expect(rows[0]?.low).toEqual({ state: "done", value: 30, from: middle, to: 1 });
    expect(rows[0]?.high).toEqual({ state: "done", value: 4, from: 0, to: middle });
    expect(rows[1]?.high.state).toBe("failed");
  });

  test("waits for what has not come, and stands in the middle where nothing moves", () => {
    const [first] = characterization.sensitivity;
    if (!first) throw new Error("no sensitivity");
    const found = { ...characterization, sensitivity: [{ ...first, low: null }] };
    expect(tornadoOf(found, "integral_violation_pu_s").rows[0]?.low.state).toBe("waiting");
    expect(tornadoOf({ ...found, default: null, sensitivity: [] }, "worst_vmin").middle).toBe(0.5);
  });
});

describe("the table of a scan", () => {
  const places = scan.op === "scan" ? scan.places : [];
  const names = (filter: object, order: Parameters<typeof rowsOf>[2]) =>
    rowsOf(places, { feeder: "", class: "", kind: "", ...filter }, order).map(({ name }) => name);

  test("is narrowed by feeder, class and kind, and ordered by any column, the worst class last", () => {
    expect(names({}, null)).toEqual(["671", "800", "ieee13-ofo"]);
    expect(names({ feeder: "ieee13" }, null)).toEqual(["671", "ieee13-ofo"]);
    expect(names({ class: "diverged" }, null)).toEqual(["800"]);
    expect(names({ kind: "scenario" }, null)).toEqual(["ieee13-ofo"]);
    expect(names({}, { column: "class", backwards: false })).toEqual(["ieee13-ofo", "671", "800"]);
    expect(names({}, { column: "worst_vmin", backwards: true })).toEqual(["ieee13-ofo", "671", "800"]);
  });
});

test("a point is opened with the operation's own changes, duration and seed", () => {
  expect(sessionOf(parseOperation(operation("heatmap")).config, { grid_dt_s: 0.2 })).toEqual({
    scenario: "ieee13",
    overrides: { v_min: 0.94, duration_s: 300, grid_dt_s: 0.2 },
    seed: 7,
  });
});

describe("a result as CSV", () => {
  test("has one line a cell, and quotes what needs it", () => {
    const reason = 'no "solution", at all';
    const lines = csvOf({ ...heatmap, cells: [{ x: 0, y: 1, value: null, status: "failed", reason }] }).split(
      "\r\n",
    );
    expect(lines).toEqual([
      "grid_dt_s,datacenters.0.models.0.replicas,integral_violation_pu_s,status,reason",
      '0.1,10,,failed,"no ""solution"", at all"',
      "",
    ]);
  });

  test("has one line a simulation, each with as many fields as the head", () => {
    const lines = csvOf(characterization).trim().split("\r\n");
    expect(lines).toHaveLength(1 + 1 + 3 + 4);
    expect(new Set(lines.map((line) => line.split(",").length)).size).toBe(1);
    expect(csvOf(scan).trim().split("\r\n")).toHaveLength(4);
  });
});
