import { describe, expect, test } from "vitest";

import { parseCompared } from "../../src/api/compare";
import {
  differences,
  differenceText,
  figureText,
  leaves,
  metricRows,
  sampled,
} from "../../src/compare/model";
import { strokeOf } from "../../src/compare/strokes";

describe("a comparison", () => {
  test("takes the server's answer in the order of the ids, with null where a run has ended", () => {
    const run = (v: number) => ({ v_min: [v, null], v_max: [1, 1], p_kw_total: [4000, null] });
    const { comparison, parameters } = parseCompared(
      {
        series: { t_s: [0, 5], b: run(0.9), a: run(0.8) },
        parameters: [
          { path: "controllers", values: { a: [], b: null } },
          { path: "controllers.0.type", values: { a: null, b: "ofo" } },
        ],
      },
      ["a", "b"],
    );
    expect(comparison.t_s).toEqual([0, 5]);
    expect(comparison.series.v_min).toEqual([
      [0.8, null],
      [0.9, null],
    ]);
    // The empty list is told by what the other has in it.
    expect(parameters).toEqual([{ path: "controllers.0.type", values: [null, "ofo"] }]);
  });

  test("an answer without a run's series is refused with its name", () => {
    expect(() => parseCompared({ series: { t_s: [] }, parameters: [] }, ["a"])).toThrow(/series\.a/);
  });

  test("differences are to the first, and null where either has no value", () => {
    expect(
      differences([
        [1, 2, null],
        [3, null, 5],
      ]),
    ).toEqual([[2, null, null]]);
    expect(differences([])).toEqual([]);
  });

  test("a parameter with parts is told by its parts", () => {
    const row = (path: string) => ({ path, values: [] });
    expect(leaves([row("a"), row("a.0"), row("ab")]).map(({ path }) => path)).toEqual(["a.0", "ab"]);
  });
});

describe("figures", () => {
  test("a difference always has its sign", () => {
    expect(differenceText(3, 1, 1)).toBe("+2.0");
    expect(differenceText(1, 1234.5, 1)).toBe("−1,233.5");
    expect(differenceText(1.00001, 1, 2)).toBe("±0.00");
    expect(differenceText(null, 1, 2)).toBe("–");
  });

  test("nothing is shown as minus zero", () => {
    expect(figureText(-0.00001, 2)).toBe("0.00");
    expect(figureText(-0.5, 2)).toBe("−0.50");
    expect(figureText(null, 2)).toBe("–");
  });

  test("metrics stand side by side, known ones first, in units for people", () => {
    const of = (metrics: Record<string, number | null>) => ({
      summary: { metrics, digest: "", wall_s: 1, ticks: 1, ticks_per_s: 1 },
    });
    const rows = metricRows([
      of({ odd_one: 2, itl_deadline_fraction: 0.25, worst_vmin: 0.9 }),
      { summary: null },
      of({ worst_vmin: null }),
    ]);
    expect(rows.map(({ label, unit, values }) => [label, unit, values])).toEqual([
      ["Lowest voltage", "pu", [0.9, null, null]],
      ["Latency over its deadline", "% of samples", [25, null, null]],
      ["odd one", "", [2, null, null]],
    ]);
  });

  test("a chart's table has the first and the last row, and no more than one reads", () => {
    expect(sampled(3, 61)).toEqual([0, 1, 2]);
    const rows = sampled(800, 61);
    expect(rows).toHaveLength(61);
    expect([rows[0], rows.at(-1)]).toEqual([0, 799]);
    expect(sampled(61, 61)).toHaveLength(61);
    expect(sampled(62, 61)).toHaveLength(61);
  });

  test("no two of the eight lines look alike, also without colours", () => {
    const dashes = Array.from({ length: 8 }, (_, i) => strokeOf(i).dash.join(" "));
    expect(new Set(dashes).size).toBe(8);
  });
});
