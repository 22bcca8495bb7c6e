import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { credentials } from "../../src/account/credentials";
import { signedFetch } from "../../src/account/signed";
import { openEvents, openSocket } from "../../src/account/tickets";
import { Service } from "../pages/service";

const SESSION = "/api/ws/sessions/s1";
const ADDRESS = `ws://lab${SESSION}?since=3`;

class Wire extends EventTarget {
  static readonly made: Wire[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: unknown[] = [];
  closed = false;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    Wire.made.push(this);
  }

  send(data: unknown) {
    this.sent.push(data);
  }

  close() {
    this.closed = true;
  }
}

let service: Service;

beforeEach(() => {
  Wire.made.length = 0;
  vi.stubGlobal("WebSocket", Wire);
  vi.stubGlobal("EventSource", Wire);
  service = new Service();
  let tickets = 0;
  service.on("POST /api/tickets", () => {
    tickets += 1;
    return Response.json({ ticket: `ticket-${tickets}`, expires_in_s: 30 }, { status: 201 });
  });
});

afterEach(() => {
  credentials.signOut();
  credentials.dismiss();
});

const wires = (count: number) =>
  vi.waitFor(() => {
    expect(Wire.made).toHaveLength(count);
  });

test("a socket of nobody is opened at once, without a ticket", () => {
  openSocket(ADDRESS);
  expect(Wire.made.map(({ url }) => url)).toEqual([ADDRESS]);
  expect(service.asked).toEqual([]);
});

test("each socket asks for a ticket of its own, for its path, with the token in a header", async () => {
  credentials.signIn("tok.en", "ada");
  openSocket(ADDRESS);
  await wires(1);
  openSocket(ADDRESS);
  await wires(2);
  expect(Wire.made.map(({ url }) => url)).toEqual([
    `${ADDRESS}&ticket=ticket-1`,
    `${ADDRESS}&ticket=ticket-2`,
  ]);
  const asked = service.got("POST /api/tickets");
  expect(asked.map(({ body, token }) => ({ body, token }))).toEqual(
    Array(2).fill({ body: { path: SESSION }, token: "Bearer tok.en" }),
  );
});

test("a socket with a ticket talks like any other", async () => {
  credentials.signIn("tok.en", "ada");
  const socket = openSocket(ADDRESS);
  const heard: unknown[] = [];
  socket.onopen = () => heard.push("open");
  socket.onmessage = ({ data }) => heard.push(data);
  socket.onclose = ({ code }) => heard.push(code);
  await wires(1);
  const [wire] = Wire.made;
  wire?.onopen?.();
  wire?.onmessage?.({ data: "hello" });
  socket.send("ping");
  wire?.onclose?.({ code: 1012, reason: "" });
  expect(heard).toEqual(["open", "hello", 1012]);
  expect(wire?.sent).toEqual(["ping"]);
});

test("a socket that is closed before its ticket came is never opened", async () => {
  credentials.signIn("tok.en", "ada");
  openSocket(ADDRESS).close();
  openSocket(ADDRESS);
  await wires(1);
  expect(service.got("POST /api/tickets")).toHaveLength(2);
  expect(Wire.made[0]?.url).toContain("ticket-2");
});

test.each([
  [401, 4401],
  [403, 4403],
  [429, 4429],
  [503, 1006],
])("a ticket that is refused with %i closes the socket with %i", async (status, expected) => {
  credentials.signIn("tok.en", "ada");
  service.on("POST /api/tickets", () => Response.json({ detail: "no" }, { status }));
  const code = await new Promise((resolve) => {
    openSocket(ADDRESS).onclose = (event) => {
      resolve(event.code);
    };
  });
  expect(code).toBe(expected);
  expect(Wire.made).toEqual([]);
});

test("a socket that is closed because the token has ended asks for another one", async () => {
  credentials.signIn("tok.en", "ada");
  openSocket(ADDRESS);
  await wires(1);
  const closed = Object.assign(new Event("close"), { code: 4401, reason: "your token has expired" });
  Wire.made[0]?.dispatchEvent(closed);
  expect(credentials.token).toBeNull();
  expect(credentials.standing.asking?.refusal).toBe("your token has expired");
});

test("an event stream has a ticket too, and does not come back by itself with one that was used", async () => {
  credentials.signIn("tok.en", "ada");
  const stream = openEvents("/api/sessions/s1/events?since=0");
  const heard: unknown[] = [];
  stream.addEventListener("heartbeat", ({ data }) => heard.push(data));
  stream.onerror = () => heard.push("error");
  await wires(1);
  const [wire] = Wire.made;
  expect(wire?.url).toBe("/api/sessions/s1/events?since=0&ticket=ticket-1");
  wire?.dispatchEvent(Object.assign(new Event("heartbeat"), { data: "beat" }));
  wire?.onerror?.();
  expect(heard).toEqual(["beat", "error"]);
  expect(wire?.closed).toBe(true);
});

test("a share of a link goes with the ticket of its own thing, without an account", async () => {
  credentials.takeShare({ href: "http://lab/sessions/s1?share=s3cret", replace: () => undefined });
  openSocket(ADDRESS);
  await wires(1);
  expect(service.got("POST /api/tickets")).toMatchObject([{ token: null, share: "s3cret" }]);
  openSocket("ws://lab/api/ws/sessions/s2");
  expect(Wire.made.at(-1)?.url).not.toContain("ticket");
});

test("neither token nor share stands in any address", async () => {
  credentials.takeShare({ href: "http://lab/sessions/s1?share=s3cret", replace: () => undefined });
  credentials.signIn("tok.en", "ada");
  await signedFetch("/api/sessions/s1?x=1");
  openSocket(ADDRESS);
  openEvents("/api/sessions/s1/events");
  await wires(2);
  expect(service.got("GET /api/sessions/s1")).toMatchObject([{ token: "Bearer tok.en", share: "s3cret" }]);
  for (const address of [
    ...Wire.made.map(({ url }) => url),
    ...service.asked.map(({ address }) => address),
  ]) {
    expect(address).not.toMatch(/tok\.en|s3cret/);
  }
});

test("a link that is none does not lock out who has a token", async () => {
  credentials.takeShare({ href: "http://lab/sessions/s1?share=broken", replace: () => undefined });
  credentials.signIn("tok.en", "ada");
  service.on("GET /api/sessions/s1", ({ share }) =>
    share ? Response.json({ detail: "this is no share link of ours" }, { status: 401 }) : { id: "s1" },
  );
  expect((await signedFetch("/api/sessions/s1")).status).toBe(200);
  expect(credentials.standing.asking).toBeNull();
  await signedFetch("/api/sessions/s1");
  expect(service.asked).toHaveLength(3);
});

test("an expired token does not cost the link beside it", async () => {
  credentials.takeShare({ href: "http://lab/sessions/s1?share=s3cret", replace: () => undefined });
  credentials.signIn("tok.en", "ada");
  service.on("GET /api/sessions/s1", () =>
    Response.json({ detail: "your token has expired" }, { status: 401 }),
  );
  await signedFetch("/api/sessions/s1");
  expect(credentials.token).toBeNull();
  expect(credentials.shareFor("/api/sessions/s1")).toBe("s3cret");
  expect(credentials.standing.asking?.refusal).toBe("your token has expired");
});
