import { beforeEach, describe, expect, test } from "vitest";

import { Problem } from "../../src/api/http";
import { Reach } from "../../src/app/reach";

let now = 0;
let healthy = false;
let timers: { ms: number; action: () => void }[] = [];
let reach: Reach;
let states: boolean[] = [];

beforeEach(() => {
  now = 1000;
  healthy = false;
  timers = [];
  states = [];
  reach = new Reach({
    nowMs: () => now,
    after: (ms, action) => {
      const timer = { ms, action };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    look: () => Promise.resolve(healthy),
  });
  reach.watch(() => states.push(reach.state.away));
});

/** Lets the next look happen; answers how long it was waited for. */
async function lookNext(): Promise<number> {
  const timer = timers.shift();
  if (!timer) throw new Error("nothing is looked for");
  timer.action();
  await Promise.resolve();
  await Promise.resolve();
  return timer.ms;
}

describe("whether the service answers", () => {
  test("a refusal says that it does", () => {
    reach.failed(new Problem(422, "no"));
    reach.failed(new Problem(503, "no worker"));
    reach.failed(new Error("a mistake of ours"));
    expect(reach.state.away).toBe(false);
  });

  test("silence, and a proxy that found nobody, say that it does not; since when stays", () => {
    reach.failed(new Problem(0, "unreachable"));
    now = 5000;
    reach.failed(new Problem(502, "bad gateway"));
    expect(reach.state).toEqual({ away: true, sinceMs: 1000 });
    expect(states).toEqual([true]);
  });

  test("it is asked again, less and less often, until it answers", async () => {
    reach.failed(new Problem(0, ""));
    expect([
      await lookNext(),
      await lookNext(),
      await lookNext(),
      await lookNext(),
      await lookNext(),
    ]).toEqual([1000, 2000, 4000, 8000, 10_000]);
    healthy = true;
    await lookNext();
    expect(reach.state.away).toBe(false);
    expect(timers).toEqual([]);
  });

  test("any answer ends the asking", () => {
    reach.failed(new Problem(0, ""));
    reach.answered();
    expect(states).toEqual([true, false]);
    expect(timers).toEqual([]);
  });
});
