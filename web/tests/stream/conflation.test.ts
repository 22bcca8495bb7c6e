import { expect, test } from "vitest";

import { CALM_MS, Conflation, LATE_FOR_MS, LATE_S } from "../../src/stream/conflation";

/** One that takes the newest ticks alone, since `nowMs`. */
function slow(nowMs = 0): Conflation {
  const conflation = new Conflation();
  conflation.tooSlow(nowMs);
  return conflation;
}

test("ticks that are late for longer than a hiccup mean that the connection is slow", () => {
  const conflation = new Conflation();
  expect(conflation.ticks(LATE_S + 0.1, 0)).toBe(false);
  expect(conflation.ticks(LATE_S + 0.1, LATE_FOR_MS - 1)).toBe(false);
  expect(conflation.ticks(LATE_S + 0.1, LATE_FOR_MS)).toBe(true);
  expect(conflation.latest).toBe(true);
});

test("one tick in time begins the patience anew, and full speed is never late", () => {
  const conflation = new Conflation();
  conflation.ticks(LATE_S + 0.1, 0);
  conflation.ticks(LATE_S, LATE_FOR_MS - 1);
  expect(conflation.ticks(LATE_S + 0.1, LATE_FOR_MS)).toBe(false);
  expect(conflation.ticks(null, 10 * LATE_FOR_MS)).toBe(false);
});

test("all ticks are taken again once nothing was left out or late for a while", () => {
  const conflation = slow();
  conflation.skipped(1_000);
  expect(conflation.ticks(LATE_S + 0.1, 2_000)).toBe(false);
  expect(conflation.ticks(0.1, 2_000 + CALM_MS - 1)).toBe(false);
  expect(conflation.ticks(0.1, 2_000 + CALM_MS)).toBe(true);
  expect(conflation.latest).toBe(false);
});

test("each time that it was an error to take all again, the next waits twice as long", () => {
  const conflation = slow();
  conflation.ticks(0.1, CALM_MS);
  conflation.tooSlow(CALM_MS + 5_000);
  expect(conflation.ticks(0.1, 2 * CALM_MS + 5_000)).toBe(false);
  expect(conflation.ticks(0.1, 3 * CALM_MS + 5_000)).toBe(true);
});
