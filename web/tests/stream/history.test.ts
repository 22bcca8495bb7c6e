import { describe, expect, test } from "vitest";

import { Column, Holdings, PAGE } from "../../src/stream/buffers";
import { History } from "../../src/stream/history";
import { parse, parsePast } from "../../src/stream/parse";
import type { TicksFrame } from "../../src/stream/frames";
import { past, schema, ticks } from "../samples";

/** A history of 3 voltages with room for hundreds of pages. */
function historyOf(n: number, each = 1000): History {
  const frame = parse(schema(1));
  if (frame.type !== "schema") throw new Error("no schema");
  const history = new History({ ...frame.schema, n_ticks: 1_000_000 });
  for (let first = 0; first < n; first += each) {
    expect(history.append(parse(ticks(2, first, each)) as TicksFrame)).toBeNull();
  }
  return history;
}

const look = (history: History, from: number, to: number) =>
  history.voltages[0]?.v.extremes(from, to, { lo: 0, hi: 0 });

describe("Column", () => {
  test("what it lets go of stays in outline: its extremes are true for all stretches as wide as a node", () => {
    const holdings = new Holdings();
    const column = new Column(holdings);
    const value = (tick: number) => Math.fround(Math.sin(tick / 300) + ((tick * 7919) % 97) / 1000);
    for (let tick = 0; tick < 10 * PAGE; tick++) column.push(value(tick));
    holdings.fineFrom = 8 * PAGE;
    column.release(holdings.fineFrom);
    for (let from = 0; from + 256 <= 10 * PAGE; from += 64) {
      const values = Array.from({ length: 256 }, (_, i) => value(from + i));
      expect(column.extremes(from, from + 256, { lo: 0, hi: 0 })).toEqual({
        lo: Math.min(...values),
        hi: Math.max(...values),
      });
    }
    expect(holdings.wished()).toBeNull();
    column.extremes(100, 104, { lo: 0, hi: 0 });
    column.extremes(200, 204, { lo: 0, hi: 0 });
    expect(holdings.wished()).toEqual([100, 204]);
    expect(holdings.wished()).toBeNull();
  });

  test("a run of any length stays within its bounds, and no peak is lost", () => {
    const holdings = new Holdings();
    const column = new Column(holdings);
    const n = 600 * PAGE;
    for (let tick = 0; tick < n; tick++) {
      column.push(tick === 12_345 ? 9 : 1);
      if (tick % PAGE === 0 && tick > 4 * PAGE) {
        holdings.fineFrom = tick - 4 * PAGE;
        column.release(holdings.fineFrom);
      }
    }
    expect(column.unit * 8192).toBeGreaterThanOrEqual(n);
    expect(column.extremes(0, n, { lo: 0, hi: 0 })).toEqual({ lo: 1, hi: 9 });
    expect(column.at(n - 1)).toBe(1);
  });
});

describe("History", () => {
  test("keeps the newest ticks exactly and all before them in outline", () => {
    const history = historyOf(200_000);
    const { fineFrom } = history.holdings;
    expect(fineFrom).toBe(200_000 - (200_000 % PAGE) - 31 * PAGE);
    expect(history.voltages[0]?.v.at(fineFrom)).toBe(Math.fround(1 + fineFrom / 1e4));
    expect(history.atTime(fineFrom * 0.5)).toEqual({ tick: fineFrom, t_s: fineFrom * 0.5, exact: true });
    expect(history.atTime((fineFrom - 1) * 0.5).exact).toBe(false);
    expect(history.atTime(1e9).tick).toBe(199_999);
    expect(look(history, 0, fineFrom)).toEqual({ lo: 1, hi: Math.fround(1 + (fineFrom - 1) / 1e4) });
  });

  test("a detail of the past is exact where every tick came", () => {
    const history = historyOf(200_000);
    expect(history.learn(parsePast(past(1000, 1500), 2048))).toBeNull();
    expect(history.revision).toBe(1);
    expect(history.atTime(1200 * 0.5).exact).toBe(true);
    expect(history.voltages[0]?.v.at(1200)).toBe(Math.fround(1 + 1200 / 1e4));
    expect(look(history, 1200, 1201)).toEqual({ lo: Math.fround(1.12), hi: Math.fround(1.12) });
    expect(history.holdings.wished()).toBeNull();
  });

  test("comes late: the past from its rows, then goes on with the stream, and no hole is left", () => {
    const history = historyOf(0);
    history.learn(parsePast(past(0, 50_000, { every: 10 }), 5000));
    expect([history.length, history.holes, history.holdings.fineFrom]).toEqual([50_000, [], 50_000]);
    expect(history.append(parse(ticks(9, 50_000, 10)) as TicksFrame)).toBeNull();
    expect(history.voltages[0]?.v.at(50_003)).toBe(Math.fround(1 + 50_003 / 1e4));
    expect(history.voltages[0]?.v.at(4_007)).toBe(Math.fround(1.4));
    const all = look(history, 0, 50_010);
    expect([all?.lo, all?.hi]).toEqual([1, Math.fround(1 + 50_009 / 1e4)]);
  });

  test("a hole is filled from the recording", () => {
    const history = historyOf(1000);
    history.skipTo(20_000);
    expect(look(history, 5000, 6000)?.lo).toBeNaN();
    history.learn(parsePast(past(1000, 20_000, { every: 10 }), 1900));
    expect(history.holes).toEqual([]);
    expect(look(history, 5000, 6000)).toEqual({ lo: Math.fround(1.5), hi: Math.fround(1 + 5990 / 1e4) });
    expect(look(history, 0, 960)).toEqual({ lo: 1, hi: Math.fround(1.0959) });
  });

  test("what goes on where the page is, with nothing left out, is as good as the stream", () => {
    const history = historyOf(1000);
    history.learn(parsePast(past(1000, 1400), 2048));
    expect([history.length, history.holdings.fineFrom, history.missing()]).toEqual([1400, 0, []]);
    expect(history.voltages[0]?.v.at(1399)).toBe(Math.fround(1 + 1399 / 1e4));
  });
});
