import { act, renderHook } from "@testing-library/react";
import { describe, expect, test } from "vitest";

import { refreshEvery, useSessionStream } from "../../src/stream/useSessionStream";
import { FakeSurroundings, hello, schema, status, ticks } from "../samples";

function setUp() {
  const around = new FakeSurroundings();
  const hook = renderHook(() => useSessionStream("k3v9", around));
  act(() => {
    around.socket.onopen?.();
    around.socket.says(hello(), status(1, "running"), schema(2), ticks(3, 0, 10));
  });
  return { around, stream: hook.result.current, unmount: hook.unmount };
}

describe("useSessionStream", () => {
  test("shows what it holds on the console, and lets go of it once the page is left", () => {
    const { around, stream, unmount } = setUp();
    expect(window.gridcast?.holding("k3v9")).toEqual({
      ticks: 10,
      offset: 3,
      epoch: "E",
      via: "socket",
      missing: [],
      firstEmpty: null,
    });
    const { history } = stream.run;
    unmount();
    expect(around.socket.closed).toBe(true);
    expect(window.gridcast?.holding("k3v9")).toBeNull();
    around.pass(1);
    expect([stream.run.history, history?.voltages[0]?.v.length]).toEqual([null, 0]);
  });

  test("who comes back at once finds everything; who comes back later begins anew", () => {
    const { around, stream, unmount } = setUp();
    unmount();
    const leave = stream.follow();
    around.pass(1);
    expect(stream.run.tick).toBe(10);
    expect(around.socket.url).toMatch(/since=3&epoch=E$/);
    leave();
    around.pass(1);
    stream.follow();
    expect(around.socket.url).toMatch(/since=0$/);
  });

  test("with a live socket the session is asked for every 30 s, when idle every 5 min, without one or at the end never", () => {
    const { around, stream } = setUp();
    expect(refreshEvery(stream)).toBe(30_000);
    act(() => {
      around.socket.says(status(4, "paused"));
    });
    expect(refreshEvery(stream)).toBe(300_000);
    act(() => {
      around.socket.drops(1012);
    });
    expect(refreshEvery(stream)).toBe(false);
    act(() => {
      around.pass(1000);
      around.socket.onopen?.();
      around.socket.says(hello(4), status(5, "stopped"));
    });
    expect(refreshEvery(stream)).toBe(false);
  });
});
