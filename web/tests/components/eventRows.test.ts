import { describe, expect, test } from "vitest";

import { eventRows, rowText } from "../../src/components/eventRows";
import type { LineKind, LogLine } from "../../src/stream/log";

let id = 0;
const line = (kind: LineKind, t_s: number, by: string, text: string): LogLine => ({
  id: id++,
  kind,
  t_s,
  by,
  text,
  bad: false,
});

/** As the log hands them out: newest first. */
const newestFirst = (...lines: LogLine[]) => [...lines].reverse();

describe("rows of the event log", () => {
  test("all that controllers did in one moment is one row, in the order in which they did it", () => {
    const rows = eventRows(
      newestFirst(
        line("control", 1, "ofo-1", "set_batch_size: datacenter dc1, batch_size_by_model (8B 64)"),
        line("control", 1, "ofo-2", "set_batch_size: datacenter dc2, batch_size_by_model (70B 32, 405B 16)"),
        line("control", 2, "ofo-1", "set_batch_size: datacenter dc1, batch_size_by_model (8B 32)"),
      ),
      "all",
      "",
    );
    expect(rows.map(rowText)).toEqual([
      "set_batch_size: dc1 8B 32",
      "set_batch_size: dc1 8B 64; dc2 70B 32, 405B 16",
    ]);
    expect(rows[1]?.by).toEqual(["ofo-1", "ofo-2"]);
  });

  test("what the simulation tells of a control step is counted beside it, before or after", () => {
    const rows = eventRows(
      newestFirst(
        line("event", 1, "controller", "controller.ofo.step: x"),
        line("control", 1, "ofo", "set_batch_size: datacenter dc, batch_size_by_model (8B 64)"),
        line("event", 1, "datacenter", "datacenter.batch.updated: y"),
      ),
      "all",
      "",
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.kind).toBe("control");
    expect(rows[0]?.besides).toEqual(["controller.ofo.step: x", "datacenter.batch.updated: y"]);
  });

  test("what people did stays apart, even in the same moment", () => {
    const rows = eventRows(
      newestFirst(
        line("command", 1, "ann", "pause · applied"),
        line("command", 1, "bob", "speed · x 2 · applied"),
      ),
      "all",
      "",
    );
    expect(rows).toHaveLength(2);
  });

  test("can be narrowed to a kind and to words that all occur", () => {
    const lines = newestFirst(
      line("status", 0, "run", "running"),
      line("command", 1, "ann", "set_taps · creg1a 1.05 · applied"),
      line("command", 2, "bob", "set_taps · creg1b 1.02 · applied"),
      line("control", 2, "ofo", "set_batch_size: z"),
    );
    expect(eventRows(lines, "people", "").map(({ by }) => by[0])).toEqual(["bob", "ann", "run"]);
    expect(eventRows(lines, "control", "")).toHaveLength(1);
    expect(eventRows(lines, "all", "taps ANN").map(({ by }) => by[0])).toEqual(["ann"]);
  });

  test("arguments that are not known stay as they came", () => {
    const [row] = eventRows([line("control", 1, "x", "odd_command: anything 3")], "all", "");
    expect(row && rowText(row)).toBe("odd_command: anything 3");
  });
});
