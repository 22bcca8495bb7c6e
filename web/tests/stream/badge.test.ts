import { describe, expect, test } from "vitest";

import { badge, type BadgeFacts, STALE_AFTER_S } from "../../src/stream/badge";

const LIVE: BadgeFacts = {
  socket: { phase: "open" },
  status: "running",
  reason: null,
  attempt: 1,
  pausedBy: null,
  queuePosition: null,
  catchingUp: false,
  conflated: false,
  fault: null,
  via: "socket",
  ended: false,
  begun: true,
  tickEvery_s: 0,
  age_s: 0.1,
  nowMs: 0,
};

describe("badge", () => {
  test("live is only what is open, running, caught up and young", () => {
    expect(badge(LIVE).kind).toBe("live");
    const spoilt: Partial<BadgeFacts>[] = [
      { socket: { phase: "connecting", attempt: 0 } },
      { socket: { phase: "waiting", attempt: 1, retryAtMs: 0, message: "" } },
      { socket: { phase: "closed", code: 4404, message: "" } },
      { status: "paused" },
      { status: "recovering" },
      { status: "completed" },
      { status: null },
      { catchingUp: true },
      { fault: "gap" },
      { conflated: true },
      { age_s: null },
      { age_s: 2 },
      { age_s: STALE_AFTER_S + 0.1 },
    ];
    for (const facts of spoilt) expect(badge({ ...LIVE, ...facts }).kind).not.toBe("live");
  });

  test("a tick may be as old as a slow pace makes it", () => {
    expect(badge({ ...LIVE, tickEvery_s: 10, age_s: 11 }).kind).toBe("live");
    expect(badge({ ...LIVE, tickEvery_s: 10, age_s: 31 }).kind).toBe("stale");
  });

  test.each([
    [{ age_s: 7.4 }, "stale", "Stalled", "The newest tick is 7 s old."],
    [{ age_s: 2.04 }, "catching-up", "Behind", "2.0 s behind the run."],
    [{ status: "queued", queuePosition: 3 }, "queued", "Queued, #3", "Waiting for a free worker."],
    [{ status: "queued" }, "queued", "Queued", "Waiting for a free worker."],
    [
      { status: "queued", reason: "ada runs as many as may." },
      "queued",
      "Queued",
      "ada runs as many as may.",
    ],
    [{ status: "failed", reason: "no convergence" }, "failed", "Failed", "no convergence"],
    [{ status: "completed" }, "finished", "Finished", ""],
    [{ status: "paused", pausedBy: "user:ann" }, "paused", "Paused", "By ann."],
    [{ status: "paused", reason: "nobody watches" }, "paused", "Paused", "nobody watches"],
    [
      { status: "recovering", attempt: 2 },
      "recovering",
      "Recovering, attempt 2",
      "The worker was lost; another one takes over.",
    ],
    [
      { status: "completed", socket: { phase: "closed", code: 1000, message: "" } },
      "finished",
      "Finished",
      "",
    ],
    [
      { socket: { phase: "waiting", attempt: 2, retryAtMs: 2500, message: "The server is restarting." } },
      "reconnecting",
      "Reconnecting",
      "The server is restarting. Next try in 3 s.",
    ],
    [
      { socket: { phase: "closed", code: 4404, message: "There is no such run." } },
      "unavailable",
      "Not connected",
      "There is no such run.",
    ],
  ] satisfies [Partial<BadgeFacts>, string, string, string][])("%o", (facts, kind, label, detail) => {
    expect(badge({ ...LIVE, ...facts })).toEqual({ kind, label, detail });
  });

  test("a state from the past is not told as the present", () => {
    expect(badge({ ...LIVE, status: "queued", catchingUp: true }).kind).toBe("catching-up");
    expect(badge({ ...LIVE, status: "failed", reason: "x", catchingUp: true }).kind).toBe("catching-up");
  });
});
