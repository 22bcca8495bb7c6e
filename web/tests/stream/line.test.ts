import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { Line } from "../../src/stream/line";
import { Run } from "../../src/stream/run";
import { answer, FakeSurroundings, hello, past, schema, SCHEMA, SESSION, status, ticks } from "../samples";

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../../../tests/golden", `${name}.json`), "utf8"));

function setUp() {
  const around = new FakeSurroundings();
  const run = new Run();
  const line = new Line("k3v9", run, around);
  line.connect();
  return { around, run, line };
}

const session = (more: object = {}) => Response.json({ ...SESSION, ...more });
const running = [hello(), status(1, "running"), schema(2)];

/** A proxy that refuses WebSockets, seen from the page. */
async function stripped(more: object = {}) {
  const all = setUp();
  const { around } = all;
  around.answers = { "GET /api/sessions/k3v9": () => session({ schema: SCHEMA, ...more }) };
  around.socket.drops(1006);
  await around.flow(1000);
  around.socket.drops(1006);
  await around.flow(10);
  return all;
}

describe("Line by WebSocket", () => {
  test("comes back with what it knows, and asks nothing else while it is open", async () => {
    const { around, run, line } = setUp();
    around.socket.onopen?.();
    around.socket.says(...running, ticks(3, 0, 10));
    around.socket.drops(1012);
    expect(line.state.phase).toBe("waiting");
    await around.flow(1000);
    expect(around.socket.url).toMatch(/\/api\/ws\/sessions\/k3v9\?since=3&epoch=E$/);
    around.socket.onopen?.();
    around.socket.says(hello(3), ticks(4, 10, 10));
    for (let i = 0; i < 60; i++) {
      await around.flow(5000, 1);
      around.socket.says({ type: "pong", ts: 1 });
    }
    expect([run.tick, run.fault, around.asked]).toEqual([20, null, []]);
  });

  test("a command without a connection is not sent, not then and not later", () => {
    const { around, line } = setUp();
    around.socket.onopen?.();
    around.socket.says(...running);
    expect(line.command("a", "pause", {})).toBe(true);
    around.socket.drops(1006);
    expect(line.command("b", "pause", {})).toBe(false);
    around.pass(1000);
    around.socket.onopen?.();
    const commands = around.sockets
      .flatMap(({ sent }) => sent)
      .filter((frame) => "command" in (frame as object));
    expect(commands).toEqual([{ type: "command", id: "a", command: "pause", args: {} }]);
  });

  test("tells where it looks four times a second at most, the newest last, and again after a reconnect", () => {
    const { around, run, line } = setUp();
    around.socket.onopen?.();
    for (let tick = 0; tick <= 370; tick++) {
      line.playhead(tick);
      if (tick % 100 === 0) around.pass(1);
    }
    line.playhead(371);
    around.pass(1000);
    const heads = () => around.socket.sent.filter((frame) => (frame as { type: string }).type === "playhead");
    expect(heads()).toEqual([{ type: "playhead", tick: null }, golden("playhead")]);
    around.socket.says(hello(), golden("viewers") as object);
    expect(run.viewers?.present.map(({ name, tick, you }) => [name, tick, you])).toEqual([
      ["ada", null, true],
      ["ben", 371, false],
    ]);
    around.socket.drops(1012);
    expect(run.viewers).toBeNull();
    around.pass(1000);
    around.socket.onopen?.();
    expect(heads()).toEqual([golden("playhead")]);
  });

  test("late to a long run it takes the past from the recording and goes on after it", async () => {
    const { around, run, line } = setUp();
    const commands = [{ command_id: "c", by: "user:ann", command: "speed", args: { x: 10 }, tick: 7 }];
    around.answers = {
      "GET /api/sessions/k3v9/ticks": () => Response.json(past(0, 100_000, { every: 20, next_offset: 4000 })),
      "GET /api/sessions/k3v9/commands": () => Response.json({ items: commands, next_cursor: null }),
    };
    around.socket.onopen?.();
    around.socket.says(hello(3990, { schema: SCHEMA, tick: 99_000 }));
    const first = around.socket;
    expect(run.catchingUp).toBe(true);
    await around.flow(10);
    expect(first.closed).toBe(true);
    expect(around.asked).toEqual([
      "GET /api/sessions/k3v9/ticks?from=0&max_points=2048",
      "GET /api/sessions/k3v9/commands",
    ]);
    expect(around.socket.url).toMatch(/since=4000&epoch=E$/);
    around.socket.onopen?.();
    around.socket.says(hello(4000, { schema: SCHEMA, tick: 100_000 }), ticks(4001, 100_000, 5));
    expect([run.fault, run.tick, run.status, run.history?.holes]).toEqual([null, 100_005, "running", []]);
    expect(run.helm.speed).toBe(10);
    expect(run.log.newest(2).map(({ by }) => by)).toEqual(["page", "ann"]);
    expect(line.state.phase).toBe("open");
  });

  test("where the recording cannot give the past, it comes from the log", async () => {
    const { around, run } = setUp();
    around.socket.onopen?.();
    around.socket.says(hello(3990, { schema: SCHEMA, tick: 99_000 }));
    await around.flow(10);
    expect(around.sockets).toHaveLength(2);
    around.socket.onopen?.();
    around.socket.says(
      hello(3990, { schema: SCHEMA, tick: 99_000 }),
      { type: "reset", epoch: "E", earliest_offset: 3000, earliest_tick: 90_000, reason: "trimmed" },
      ticks(3000, 90_000, 10),
    );
    expect([run.fault, run.tick, run.history?.holes]).toEqual([null, 90_010, [{ from: 0, to: 90_000 }]]);
  });

  test("the hole that a reset leaves is filled from the recording", async () => {
    const { around, run } = setUp();
    around.socket.onopen?.();
    around.socket.says(...running, ticks(3, 0, 10));
    around.socket.drops(1006);
    await around.flow(1000);
    around.answers = {
      "GET /api/sessions/k3v9/ticks?from=10&": () => Response.json(past(10, 30_000, { every: 10 })),
    };
    around.socket.onopen?.();
    around.socket.says(
      hello(900),
      { type: "reset", epoch: "E", earliest_offset: 800, earliest_tick: 30_000, reason: "trimmed" },
      ticks(800, 30_000, 10),
    );
    expect(run.history?.holes).toHaveLength(1);
    await around.flow(1000);
    expect(around.asked).toEqual(["GET /api/sessions/k3v9/ticks?from=10&max_points=2048&to=29999"]);
    expect([run.history?.holes, run.tick, run.cursor.offset, run.fault]).toEqual([[], 30_010, 800, null]);
  });

  test("asks for what somebody looked at more closely than it is held, once", async () => {
    const { around, run } = setUp();
    around.answers = {
      "GET /api/sessions/k3v9/ticks?from=0&max_points=2048": () =>
        Response.json(past(0, 100_000, { every: 20, next_offset: 9 })),
      "GET /api/sessions/k3v9/ticks?from=744&": () => Response.json(past(744, 1300)),
      "GET /api/sessions/k3v9/commands": () => Response.json({ items: [] }),
    };
    around.socket.onopen?.();
    around.socket.says(hello(9, { schema: SCHEMA, tick: 100_000 }));
    await around.flow(10);
    const column = run.history?.voltages[0]?.v;
    for (let tick = 1000; tick < 1044; tick++) column?.extremes(tick, tick + 1, { lo: 0, hi: 0 });
    await around.flow(1000);
    for (let tick = 1000; tick < 1044; tick++) column?.extremes(tick, tick + 1, { lo: 0, hi: 0 });
    await around.flow(1000);
    expect(around.asked.filter((path) => path.includes("from=744"))).toHaveLength(1);
    expect(column?.at(1007)).toBe(Math.fround(1.1007));
  });
});

describe("Line over a connection that cannot carry all ticks", () => {
  /** A run paced at real time whose ticks have come late for longer than a hiccup. */
  function late(paced: object = { speed: 1 }) {
    const all = setUp();
    const { around } = all;
    around.socket.onopen?.();
    around.now = 1_000_000;
    around.socket.says({ type: "pong", ts: 1000 });
    around.socket.says(hello(0, paced), status(1, "running", { ts: 900 }), schema(2));
    around.socket.says(ticks(3, 0, 10, { ts: 999 }));
    for (const [i, ts] of [995.2, 995.4, 996.4].entries()) {
      around.now += 2_000;
      around.socket.says(ticks(4 + i, 10 * (i + 1), 10, { ts }));
    }
    return all;
  }

  test("takes the newest ticks alone, says so, and leaves the holes until it can carry all again", async () => {
    const { around, run } = late();
    expect(around.socket.url).toMatch(/\?since=6&epoch=E&mode=latest$/);
    expect(run.conflated).toBe(true);
    around.socket.onopen?.();
    const fresh = (offset: number, first: number) => ticks(offset, first, 1, { ts: around.now / 1000 });
    around.socket.says(hello(6, { speed: 1 }));
    around.socket.says({ type: "skipped", from_offset: 7, to_offset: 8, from_tick: 40, to_tick: 49 });
    around.socket.says(fresh(9, 50));
    around.socket.says({ type: "skipped", from_offset: 10, to_offset: 10, from_tick: 51, to_tick: 59 });
    around.socket.says(fresh(11, 60));
    await around.flow(5_000);
    expect([run.fault, run.history?.holes.length, around.asked]).toEqual([null, 2, []]);

    around.answers = {
      "GET /api/sessions/k3v9/ticks?from=40&": () =>
        Response.json({
          ...past(40, 60),
          events: [{ tick: 45, t_s: 22.5, source: "grid", topic: "voltage.low", data: null }],
        }),
    };
    await around.flow(9_000);
    around.socket.says(fresh(12, 61));
    expect(run.conflated).toBe(true);
    await around.flow(1_500);
    around.socket.says(fresh(13, 62));
    expect(around.socket.url).toMatch(/\?since=13&epoch=E$/);
    expect(run.conflated).toBe(false);
    await around.flow(1_000);
    expect(around.asked).toEqual(["GET /api/sessions/k3v9/ticks?from=40&max_points=2048&to=59"]);
    expect([run.history?.holes, run.tick, run.fault]).toEqual([[], 63, null]);
    expect(run.log.newest(9).map(({ text }) => text)).toContain("voltage.low");
  });

  test("a run at full speed comes whole, however late", () => {
    const { around, run } = late({ speed: "max" });
    expect([around.sockets.length, run.conflated]).toEqual([1, false]);
  });

  test.each([
    ["too slow; reconnect with since", true],
    ["the broker does not answer; reconnect with since", false],
  ])("closed by the server as %s: the newest alone next: %s", (reason, conflated) => {
    const { around, run } = setUp();
    around.socket.onopen?.();
    around.socket.says(...running, ticks(3, 0, 10));
    around.socket.onclose?.({ code: 1013, reason });
    around.pass(1000);
    expect(around.socket.url.includes("mode=latest")).toBe(conflated);
    expect(run.conflated).toBe(conflated);
  });
});

describe("Line where a proxy strips WebSockets", () => {
  test("follows the event stream, sends commands by HTTP, and says so", async () => {
    const { around, run, line } = await stripped();
    expect([run.via, around.stream.url]).toEqual(["events", "/api/sessions/k3v9/events?since=0&epoch=E"]);
    around.stream.says({ type: "heartbeat", ts: 5 }, status(1, "running"), schema(2), ticks(3, 0, 10));
    expect([line.state.phase, run.tick, run.fault]).toEqual(["open", 10, null]);
    around.answers = {
      ...around.answers,
      "POST /api/sessions/k3v9/commands": () => Response.json({ id: "a" }),
    };
    run.commands.sent("slot", "a", "pause", {});
    expect(line.command("a", "pause", {})).toBe(true);
    await around.flow(10);
    expect(around.asked.at(-1)).toBe("POST /api/sessions/k3v9/commands");
    around.stream.says(answer(4, "a", "pause", { tick: 10 }));
    expect(run.commands.of("slot")?.fate).toEqual({ kind: "applied", tick: 10 });
  });

  test("a command that the server refuses is told", async () => {
    const { around, run, line } = await stripped();
    around.stream.says({ type: "heartbeat", ts: 5 });
    around.answers = {
      "POST /api": () => Response.json({ detail: "the session has ended" }, { status: 409 }),
    };
    run.commands.sent("slot", "a", "pause", {});
    line.command("a", "pause", {});
    await around.flow(10);
    expect(run.commands.of("slot")?.fate).toEqual({ kind: "refused", reason: "the session has ended" });
  });

  test("an event stream that ends begins again with the WebSocket, where it was", async () => {
    const { around, line } = await stripped();
    around.stream.says({ type: "heartbeat", ts: 5 }, status(1, "running"), schema(2), ticks(3, 0, 10));
    around.stream.onerror?.();
    expect(line.state.phase).toBe("waiting");
    await around.flow(1000);
    expect(around.sockets).toHaveLength(3);
    around.socket.drops(1006);
    await around.flow(10);
    expect(around.stream.url).toBe("/api/sessions/k3v9/events?since=3&epoch=E");
  });

  test("where the event stream is held back too it asks every 3 s", async () => {
    const { around, run, line } = await stripped();
    around.answers = {
      "GET /api/sessions/k3v9": () => session({ schema: SCHEMA, tick: 20, head: 5 }),
      "GET /api/sessions/k3v9/ticks?from=0": () => Response.json(past(0, 20, { next_offset: 5 })),
      "GET /api/sessions/k3v9/commands": () => Response.json({ items: [] }),
    };
    await around.flow(8000);
    expect([run.via, around.stream.closed, line.state.phase]).toEqual(["polling", true, "open"]);
    expect([run.tick, run.status, run.catchingUp]).toEqual([20, "running", false]);
    const before = around.asked.length;
    around.answers = {
      ...around.answers,
      "GET /api/sessions/k3v9": () => session({ schema: SCHEMA, tick: 40, head: 9, status: "stopped" }),
      "GET /api/sessions/k3v9/ticks?from=20": () => Response.json(past(20, 40, { next_offset: 9 })),
    };
    await around.flow(2900);
    expect(around.asked).toHaveLength(before);
    // It never says that the run is over while ticks are missing.
    const ended: number[] = [];
    run.watch(() => {
      if (run.ended) ended.push(run.tick);
    });
    await around.flow(200);
    expect([run.tick, run.ended, run.history?.missing(), line.state.phase]).toEqual([40, true, [], "closed"]);
    expect(new Set(ended)).toEqual(new Set([40]));
  });

  test("a server that is away is not a proxy that strips", async () => {
    const { around, run } = setUp();
    for (let i = 0; i < 5; i++) {
      around.socket.drops(1006);
      await around.flow(30_000);
    }
    expect([run.via, around.streams.length]).toEqual(["socket", 0]);
  });
});
