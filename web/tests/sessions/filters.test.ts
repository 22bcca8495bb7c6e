import { describe, expect, test } from "vitest";

import { idsOf, idsText } from "../../src/compare/search";
import { filterOf, isFiltered } from "../../src/sessions/filters";

describe("the filters in the address", () => {
  test("come back as they were written", () => {
    const filter = { status: "running", scenario: "ieee13", owner: "ann" } as const;
    expect(filterOf(filter)).toEqual(filter);
  });

  test("what is no filter, or no known state, is left out", () => {
    expect(filterOf({ status: "dancing", scenario: "", owner: null, other: 1 })).toEqual({});
    expect(filterOf({ owner: 7 })).toEqual({ owner: "7" });
  });

  test("tell whether anything is filtered", () => {
    expect(isFiltered(filterOf({}))).toBe(false);
    expect(isFiltered(filterOf({ owner: "ann" }))).toBe(true);
  });
});

describe("the runs of a comparison in the address", () => {
  test("come in order, each once, eight at most", () => {
    expect(idsOf("b, a,,b")).toEqual(["b", "a"]);
    expect(idsOf("a,b,c,d,e,f,g,h,i")).toHaveLength(8);
    expect(idsOf(123)).toEqual(["123"]);
    expect(idsOf(undefined)).toEqual([]);
  });

  test("stand there as one word, or not at all", () => {
    expect(idsText(["a", "b"])).toEqual({ ids: "a,b" });
    expect(idsText([])).toEqual({});
  });
});
