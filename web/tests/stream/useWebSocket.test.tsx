import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, renderHook, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { describe, expect, test, vi } from "vitest";

import { KEPT_MESSAGES } from "../../src/stream/socket";
import { staleAfter, TASK_EVENTS } from "../../src/stream/tasks";
import { useTaskWebSocket } from "../../src/stream/useTaskWebSocket";
import { useWebSocket } from "../../src/stream/useWebSocket";
import { FakeSurroundings } from "../samples";

function setUp(more: { attempts?: number } = {}) {
  const around = new FakeSurroundings();
  let since = 0;
  const options = { path: "/api/ws/x", query: () => `since=${since}`, onMessage: () => since++, ...more };
  const hook = renderHook(() => useWebSocket(options, around));
  return { around, ...hook };
}

describe("useWebSocket", () => {
  test("tells its state in the browser's names, from the first connect to the end", () => {
    const { around, result } = setUp();
    expect(result.current.readyState).toBe("CONNECTING");
    act(() => around.socket.onopen?.());
    expect(result.current.readyState).toBe("OPEN");
    act(() => {
      result.current.disconnect();
    });
    expect([result.current.readyState, around.socket.closed]).toEqual(["CLOSING", true]);
    act(() => {
      around.socket.drops(1000);
    });
    expect(result.current.readyState).toBe("CLOSED");
    act(() => {
      around.pass(60_000);
    });
    expect(around.sockets).toHaveLength(1);
    act(() => {
      result.current.connect();
    });
    expect([result.current.readyState, around.sockets.length]).toEqual(["CONNECTING", 2]);
  });

  test("a close that nobody answers ends by itself", () => {
    const { around, result } = setUp();
    act(() => around.socket.onopen?.());
    act(() => {
      result.current.disconnect();
      around.pass(1000);
    });
    expect(result.current.readyState).toBe("CLOSED");
  });

  test("comes back with the newest since, and keeps the last 100 messages over it", () => {
    const { around, result } = setUp();
    act(() => around.socket.onopen?.());
    for (let n = 0; n < KEPT_MESSAGES; n++) around.socket.says({ n });
    act(() => {
      around.socket.drops(1006);
      around.pass(1000);
    });
    expect(around.sockets.map(({ url }) => url)).toEqual([
      `ws://${location.host}/api/ws/x?since=0`,
      `ws://${location.host}/api/ws/x?since=100`,
    ]);
    act(() => around.socket.onopen?.());
    around.socket.says({ n: 100 });
    expect(result.current.messages()).toHaveLength(KEPT_MESSAGES);
    expect([result.current.messages()[0], result.current.messages().at(-1)]).toEqual([
      '{"n":1}',
      '{"n":100}',
    ]);
  });

  test.each([1, 3])("gives up after %i failed connects in a row", (attempts) => {
    const { around, result } = setUp({ attempts });
    for (let i = 0; i < attempts; i++) {
      act(() => {
        around.socket.drops(1006);
        around.pass(30_000);
      });
    }
    expect([around.sockets.length, result.current.state]).toEqual([
      attempts,
      { phase: "closed", code: 1006, message: "The connection was lost." },
    ]);
    act(() => {
      result.current.connect();
    });
    expect(around.sockets).toHaveLength(attempts + 1);
  });

  test("unmounted it closes, and nothing of it is heard again", () => {
    const { around, unmount } = setUp();
    act(() => around.socket.onopen?.());
    unmount();
    expect([around.socket.closed, around.socket.onmessage, around.socket.onclose]).toEqual([
      true,
      null,
      null,
    ]);
    around.pass(60_000);
    expect(around.sockets).toHaveLength(1);
  });

  test("tells connects, reconnects and messages on the console at debug level", () => {
    const debug = vi.spyOn(console, "debug").mockReturnValue();
    const { around } = setUp();
    act(() => around.socket.onopen?.());
    around.socket.says({ n: 1 });
    act(() => {
      around.socket.drops(1006);
      around.pass(1000);
    });
    expect(debug.mock.calls.map((call: unknown[]) => call.slice(0, 2))).toMatchObject([
      ["gridcast /api/ws/x", { phase: "connecting", attempt: 0 }],
      ["gridcast /api/ws/x", { phase: "open" }],
      ["gridcast /api/ws/x", "message"],
      ["gridcast /api/ws/x", { phase: "waiting", attempt: 1 }],
      ["gridcast /api/ws/x", { phase: "connecting", attempt: 1 }],
    ]);
  });
});

const event = (offset: number, type: string, more: object = {}) => ({
  offset,
  type,
  task_id: "t1",
  timestamp: 5,
  message: type,
  data: {},
  ...more,
});

function Task({ around }: { readonly around: FakeSurroundings }) {
  const { readyState, events, fault } = useTaskWebSocket("t1", around);
  return (
    <p>
      {readyState} {events.map(({ type }) => type).join()} {fault}
    </p>
  );
}

function renderTask() {
  const around = new FakeSurroundings();
  const queries = new QueryClient();
  const stale = vi.spyOn(queries, "invalidateQueries");
  const shell = ({ children }: { readonly children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  render(<Task around={around} />, { wrapper: shell });
  act(() => around.socket.onopen?.());
  return { around, keys: () => stale.mock.calls.map(([filter]) => filter?.queryKey) };
}

describe("useTaskWebSocket", () => {
  test("keeps the events and makes the answers stale that they change", () => {
    const { around, keys } = renderTask();
    act(() => {
      around.socket.says(
        { type: "hello", epoch: "E" },
        event(1, "task_started"),
        { type: "heartbeat", ts: 1 },
        event(2, "experiment_completed", { experiment_id: "e1" }),
      );
    });
    expect(screen.getByText(/^OPEN task_started,experiment_completed/)).toBeVisible();
    expect(keys()).toEqual([
      ["tasks"],
      ["tasks", "t1", "detail"],
      ["tasks", "t1", "experiments"],
      ["tasks", "t1", "best"],
      ["experiments", "e1"],
    ]);
    act(() => {
      around.socket.drops(1012);
      around.pass(1000);
    });
    expect(around.socket.url).toMatch(/\/api\/ws\/tasks\/t1\?since=2&epoch=E$/);
  });

  test("after a reset everything of the task is asked for again", () => {
    const { around, keys } = renderTask();
    act(() => {
      around.socket.says({ type: "hello", epoch: "E" }, event(1, "task_started"));
      around.socket.says({ type: "reset", epoch: "F", earliest_offset: 7 }, event(7, "task_progress"));
    });
    expect(keys()).toContainEqual(["tasks", "t1"]);
    expect(screen.getByText(/OPEN task_progress/)).toBeVisible();
  });

  test.each([
    ["a gap", event(2, "task_started"), /skipped entries: entry 1 was due/],
    ["an unknown event", event(1, "task_dreamt"), /cannot read/],
  ])("%s is a fault, after which nothing more is taken in", (_, frame, message) => {
    const { around } = renderTask();
    act(() => {
      around.socket.says({ type: "hello", epoch: "E" }, frame);
    });
    expect(screen.getByText(message)).toBeVisible();
    expect(around.socket.closed).toBe(true);
  });

  test.each(TASK_EVENTS)("%s makes only answers about its own task or experiment stale", (type) => {
    const { task_id, ...rest } = event(1, type, { experiment_id: "e1", data: null });
    for (const key of staleAfter({ task_id, ...rest, type, experiment_id: "e1", data: null })) {
      expect([["tasks"], ["tasks", "t1"], ["experiments", "e1"]]).toContainEqual(key.slice(0, 2));
    }
  });
});
