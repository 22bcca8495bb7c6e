import { describe, expect, test } from "vitest";

import { speedText, tapStep, untilText } from "../../src/steering/steering";

describe("words of steering", () => {
  test.each([
    [{ t_s: 1200 }, "20:00"],
    [{ t_s: 12.5 }, "00:12.5"],
    [{ bus: "671", phase: "a", below: 0.95 }, "671.a below 0.95"],
    [{ bus: "671", above: 1.05 }, "671 above 1.05"],
  ])("%o is told as %s", (args, text) => {
    expect(untilText(args)).toBe(text);
  });

  test.each([
    [0.1, "0.1×"],
    [1, "1×"],
    [60, "60×"],
    [1000, "1,000×"],
    ["max", "max"],
  ] as const)("speed %s is told as %s", (x, text) => {
    expect(speedText(x)).toBe(text);
  });

  test.each([
    [1, "0"],
    [1.05, "+8"],
    [0.9, "−16"],
    [1.1, "+16"],
    [1.003, "+0.48"],
  ])("ratio %d is tap step %s", (ratio, text) => {
    expect(tapStep(ratio)).toBe(text);
  });
});
