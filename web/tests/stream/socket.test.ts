import { describe, expect, test } from "vitest";

import { backoffMs, BASE_MS, CAP_MS } from "../../src/stream/backoff";
import {
  DEAD_AFTER_MS,
  gist,
  PING_EVERY_MS,
  ReturningSocket,
  type SocketState,
} from "../../src/stream/socket";
import { FakeSurroundings } from "../samples";

function setUp() {
  const around = new FakeSurroundings();
  const states: SocketState[] = [];
  const messages: unknown[] = [];
  let since = 0;
  const socket = new ReturningSocket(
    {
      name: "test",
      url: () => `ws://test/?since=${since}`,
      onMessage: (data) => {
        messages.push(data);
        since += 1;
      },
      onState: (state) => states.push(state),
    },
    around,
  );
  socket.connect();
  return { around, socket, states, messages };
}

describe("backoffMs", () => {
  test("doubles from the base to the cap, and chance takes a share of it", () => {
    expect([0, 1, 2, 3, 4, 5, 100].map((n) => backoffMs(n, 1))).toEqual([
      BASE_MS,
      2000,
      4000,
      8000,
      16_000,
      CAP_MS,
      CAP_MS,
    ]);
    expect(backoffMs(3, 0)).toBe(0);
    expect(backoffMs(3, 0.25)).toBe(2000);
  });
});

describe("gist", () => {
  test.each([
    ['{"offset":12,"type":"ticks","first":4}', "ticks 12, 38 characters"],
    ['{"type":"hello","session":{}}', "hello, 29 characters"],
    ["not JSON", "message, 8 characters"],
    [new ArrayBuffer(3), "object"],
  ])("tells of %s what the console needs, and keeps nothing of its text", (data, told) => {
    expect(gist(data)).toBe(told);
  });
});

describe("ReturningSocket", () => {
  test.each([1001, 1006, 1011, 1012, 1013, 4429, 4999])("comes back after close code %i", (code) => {
    const { around, socket } = setUp();
    around.socket.onopen?.();
    around.socket.drops(code);
    expect(socket.state).toMatchObject({ phase: "waiting", attempt: 1, retryAtMs: 500 });
    around.pass(499);
    expect(around.sockets).toHaveLength(1);
    around.pass(1);
    expect(around.sockets).toHaveLength(2);
  });

  test.each([1000, 1008, 1009, 4401, 4403, 4404])("stays away after close code %i", (code) => {
    const { around, socket } = setUp();
    around.socket.onopen?.();
    around.socket.drops(code);
    expect(socket.state).toMatchObject({ phase: "closed", code });
    around.pass(10 * CAP_MS);
    expect(around.sockets).toHaveLength(1);
  });

  test("waits longer each time, and from the start again once a message came", () => {
    const { around, socket } = setUp();
    around.chance = 1;
    for (const wait of [1000, 2000, 4000]) {
      around.socket.drops(1006);
      expect(socket.state).toMatchObject({ phase: "waiting", retryAtMs: around.now + wait });
      around.pass(wait);
    }
    // Open alone proves nothing: a server may accept and refuse at once.
    around.socket.onopen?.();
    around.socket.drops(1013);
    expect(socket.state).toMatchObject({ retryAtMs: around.now + 8000 });
    around.pass(8000);
    around.socket.onopen?.();
    around.socket.says({ type: "heartbeat", ts: 1 });
    around.socket.drops(1006);
    expect(socket.state).toMatchObject({ attempt: 1, retryAtMs: around.now + 1000 });
  });

  test("asks for the address anew at each connect", () => {
    const { around } = setUp();
    around.socket.onopen?.();
    around.socket.says({}, {});
    around.socket.drops(1006);
    around.pass(BASE_MS);
    expect(around.sockets.map((socket) => socket.url)).toEqual(["ws://test/?since=0", "ws://test/?since=2"]);
  });

  test("gives up a connection that no longer answers pings", () => {
    const { around, socket } = setUp();
    around.socket.onopen?.();
    around.pass(PING_EVERY_MS);
    expect(around.socket.sent).toEqual([{ type: "ping" }]);
    around.pass(DEAD_AFTER_MS + PING_EVERY_MS);
    expect(around.sockets[0]?.closed).toBe(true);
    expect(socket.state.phase).not.toBe("open");
    expect(around.sockets.length).toBeGreaterThan(1);
  });

  test("keeps a connection that answers, however long nothing else comes", () => {
    const { around, socket } = setUp();
    around.socket.onopen?.();
    for (let i = 0; i < 20; i++) {
      around.pass(PING_EVERY_MS);
      around.socket.says({ type: "pong", ts: 1 });
    }
    expect(socket.state.phase).toBe("open");
    expect(around.sockets).toHaveLength(1);
  });

  test("gives up a handshake that never ends", () => {
    const { around, socket } = setUp();
    around.pass(DEAD_AFTER_MS);
    expect(socket.state.phase).toBe("waiting");
  });

  test("sends nothing while there is no connection, and nothing later", () => {
    const { around, socket } = setUp();
    expect(socket.send({ type: "command" })).toBe(false);
    around.socket.onopen?.();
    expect(around.socket.sent).toEqual([]);
    expect(socket.send({ type: "command" })).toBe(true);
    around.socket.drops(1006);
    expect(socket.send({ type: "command" })).toBe(false);
  });

  test("close ends it for good, also while waiting to come back", () => {
    const { around, socket, messages } = setUp();
    around.socket.drops(1006);
    socket.close();
    around.pass(10 * CAP_MS);
    expect(around.sockets).toHaveLength(1);
    around.socket.says({});
    expect(messages).toEqual([]);
  });
});
