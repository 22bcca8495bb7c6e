import { describe, expect, test } from "vitest";

import { parse } from "../../src/stream/parse";
import { Run } from "../../src/stream/run";
import { answer, hello, schema, status } from "../samples";

function begun(): Run {
  const run = new Run();
  give(run, hello(), status(1, "running"), schema(2));
  return run;
}

function give(run: Run, ...frames: object[]): void {
  for (const frame of frames) run.receive(() => parse(frame), 0);
}

const fate = (run: Run, slot: string) => run.commands.of(slot)?.fate;

describe("a command of this page", () => {
  test("is sent until the log says what became of it", () => {
    const run = begun();
    run.commands.sent("taps", "c1", "set_taps", {});
    expect(fate(run, "taps")).toEqual({ kind: "sent" });
    give(run, answer(3, "c1", "set_taps", { tick: 7 }));
    expect(fate(run, "taps")).toEqual({ kind: "applied", tick: 7 });
    expect(run.log.newest(1)[0]?.by).toBe("ann (you)");
  });

  test("is refused with the run's reason", () => {
    const run = begun();
    run.commands.sent("taps", "c1", "set_taps", {});
    give(run, answer(3, "c1", "set_taps", { status: "rejected", error: "allowed are 0.9 to 1.1" }));
    expect(fate(run, "taps")).toEqual({ kind: "refused", reason: "allowed are 0.9 to 1.1" });
    expect(run.log.newest(1)[0]).toMatchObject({
      bad: true,
      text: "set_taps · refused: allowed are 0.9 to 1.1",
    });
  });

  test("is refused where the server does not even store it", () => {
    const run = begun();
    run.commands.sent("taps", "c1", "set_taps", {});
    give(run, { type: "error", code: "ended", detail: "the session has ended", command_id: "c1" });
    expect(fate(run, "taps")).toEqual({ kind: "refused", reason: "the session has ended" });
  });

  test("is not told by the answer to somebody else's", () => {
    const run = begun();
    run.commands.sent("transport", "mine", "pause", {});
    give(run, answer(3, "theirs", "pause"));
    expect(fate(run, "transport")).toEqual({ kind: "sent" });
    expect(run.log.newest(1)[0]?.by).toBe("ann");
  });

  test("a slot shows the newest: a late answer to an older one does not hide it", () => {
    const run = begun();
    run.commands.sent("taps", "c1", "set_taps", {});
    run.commands.sent("taps", "c2", "set_taps", {});
    give(run, answer(3, "c1", "set_taps"));
    expect(fate(run, "taps")).toEqual({ kind: "sent" });
    give(run, answer(4, "c2", "set_taps", { tick: 9 }));
    expect(fate(run, "taps")).toEqual({ kind: "applied", tick: 9 });
  });

  test("is uncertain over a lost connection, until the log that goes on tells", () => {
    const run = begun();
    run.commands.sent("taps", "c1", "set_taps", {});
    run.commands.disconnected();
    expect(fate(run, "taps")).toEqual({ kind: "unsure" });
    give(run, hello(3), answer(3, "c1", "set_taps", { tick: 4 }));
    expect(fate(run, "taps")).toEqual({ kind: "applied", tick: 4 });
    run.commands.disconnected();
    expect(fate(run, "taps")).toEqual({ kind: "applied", tick: 4 });
  });

  test("that the run ended without was lost on the way", () => {
    const run = begun();
    run.commands.sent("taps", "c1", "set_taps", {});
    run.commands.disconnected();
    give(run, status(3, "completed", { tick: 100 }));
    expect(fate(run, "taps")).toEqual({
      kind: "refused",
      reason: expect.stringMatching(/lost on the way/) as string,
    });
  });

  test("whose answer is in a log that began anew is not known", () => {
    const run = begun();
    run.commands.sent("taps", "c1", "set_taps", {});
    give(run, { type: "reset", epoch: "F", earliest_offset: 1, earliest_tick: 0, reason: "epoch" });
    expect(fate(run, "taps")).toEqual({
      kind: "refused",
      reason: expect.stringMatching(/not known/) as string,
    });
  });
});
