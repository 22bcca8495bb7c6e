import { act, renderHook } from "@testing-library/react";
import { describe, expect, test } from "vitest";

import { useChannel } from "../../src/stream/useChannel";
import { FakeSurroundings } from "../samples";

function setUp(events: string | null = "/api/x/events") {
  const around = new FakeSurroundings();
  const got: unknown[] = [];
  const resets: boolean[] = [];
  const hook = renderHook(() =>
    useChannel(
      {
        socket: "/api/ws/x",
        events,
        onEntry: (entry) => got.push(entry["n"]),
        onReset: (another) => resets.push(another),
      },
      around,
    ),
  );
  const entry = (offset: number, more: object = {}) => ({ offset, n: offset, type: "progress", ...more });
  return { around, got, resets, entry, ...hook };
}

/** A proxy that refuses WebSockets, seen from the page. */
function stripped() {
  const all = setUp();
  act(() => {
    all.around.socket.drops(1006);
  });
  act(() => {
    all.around.pass(2_000);
  });
  act(() => {
    all.around.socket.drops(1006);
  });
  return all;
}

describe("useChannel", () => {
  test("takes in each entry once, and goes on where it was", () => {
    const { around, got, entry, result } = setUp();
    act(() => around.socket.onopen?.());
    act(() => {
      around.socket.says({ type: "hello", epoch: "E" }, entry(1), { type: "heartbeat", ts: 1 }, entry(2));
      around.socket.drops(1012);
      around.pass(1000);
    });
    expect([got, result.current.readyState]).toEqual([[1, 2], "CONNECTING"]);
    expect(around.socket.url).toMatch(/\/api\/ws\/x\?since=2&epoch=E$/);
    expect(around.streams).toHaveLength(0);
  });

  test("goes by event stream where WebSockets are stripped on the way", () => {
    const { around, got, entry, result } = stripped();
    expect(around.streams.map(({ url }) => url)).toEqual(["/api/x/events?since=0"]);
    expect(result.current.readyState).toBe("CONNECTING");
    act(() => {
      around.stream.says(entry(1), entry(2));
    });
    expect([got, result.current.readyState]).toEqual([[1, 2], "OPEN"]);
    // The socket rests meanwhile.
    act(() => {
      around.pass(30_000);
    });
    expect(around.sockets).toHaveLength(2);
  });

  test("a lost event stream is tried again by the best way first, once", () => {
    const { around, got, entry } = stripped();
    act(() => {
      around.stream.says({ type: "hello", epoch: "E" }, entry(1));
    });
    act(() => around.stream.onerror?.());
    act(() => {
      around.pass(5_000);
    });
    expect(around.sockets).toHaveLength(3);
    act(() => {
      around.socket.drops(1006);
    });
    expect(around.streams).toHaveLength(2);
    expect(around.stream.url).toBe("/api/x/events?since=1&epoch=E");
    act(() => {
      around.stream.says(entry(2));
    });
    expect(got).toEqual([1, 2]);
  });

  test("an event stream that says nothing is given up", () => {
    const { around, result } = stripped();
    act(() => {
      around.pass(8_000);
    });
    expect(result.current.state.phase).toBe("waiting");
  });

  test("the end of a finished channel's stream is no loss", () => {
    const { around, entry, result } = stripped();
    act(() => {
      around.stream.says(entry(1, { final: true }));
    });
    act(() => around.stream.onerror?.());
    expect(result.current.state).toEqual({ phase: "closed", code: 1000, message: "" });
    act(() => {
      around.pass(60_000);
    });
    expect([around.sockets.length, around.streams.length]).toEqual([2, 1]);
  });

  test("a channel without an event stream tries its socket for ever", () => {
    const { around } = setUp(null);
    for (let i = 0; i < 5; i++) {
      act(() => {
        around.socket.drops(1006);
      });
      act(() => {
        around.pass(60_000);
      });
    }
    expect(around.sockets.length).toBeGreaterThan(5);
    expect(around.streams).toHaveLength(0);
  });

  test.each([
    ["a gap", { offset: 2, n: 2 }, /skipped entries: entry 1 was due/],
    ["no JSON", "{", /cannot read/],
  ])("%s is a fault, after which nothing more is taken in until one connects again", (_, frame, message) => {
    const { around, result } = setUp();
    act(() => around.socket.onopen?.());
    act(() => {
      if (typeof frame === "string") around.socket.onmessage?.({ data: frame });
      else around.socket.says(frame);
    });
    expect(result.current.fault).toMatch(message);
    expect(around.socket.closed).toBe(true);
    act(() => {
      result.current.connect();
    });
    expect(result.current.fault).toBeNull();
  });

  test("a reset says whether the log is another one", () => {
    const { around, resets, entry } = setUp();
    act(() => around.socket.onopen?.());
    act(() => {
      around.socket.says({ type: "hello", epoch: "E" }, entry(1));
      around.socket.says({ type: "reset", epoch: "E", earliest_offset: 5 });
      around.socket.says({ type: "reset", epoch: "F", earliest_offset: 1 });
    });
    expect(resets).toEqual([false, true]);
  });

  test("unmounted it is heard no more, whichever way it went", () => {
    const { around, unmount } = stripped();
    unmount();
    expect(around.stream.closed).toBe(true);
    around.pass(60_000);
    expect([around.sockets.length, around.streams.length]).toEqual([2, 1]);
  });
});
