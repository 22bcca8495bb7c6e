/** Frames and a socket for tests: as small as they can be and still true to the protocol. */

import type { RawEvents, RawSocket, Surroundings } from "../src/stream/surroundings";

export const SCHEMA = {
  session_id: "k3v9",
  scenario: "ieee13",
  feeder: "ieee13",
  seed: 0,
  workload: "measured-figures",
  tick_s: 0.5,
  n_ticks: 100,
  v_min: 0.95,
  v_max: 1.05,
  bus_phases: [
    ["671", "a"],
    ["671", "b"],
    ["684", "a"],
  ],
  datacenters: [
    {
      name: "dc",
      bus: "671",
      models: [{ label: "8B", gpus_per_replica: 1, itl_deadline_s: 0.08, feasible_batch_sizes: [8, 16] }],
    },
  ],
  regulators: ["reg1"],
  storages: [{ name: "bat", bus: "684", rated_power_kw: 500, capacity_kwh: 1000 }],
  controllers: [{ name: "ofo", enabled: true }],
};

export const SESSION = {
  id: "k3v9",
  title: "IEEE 13",
  scenario: "ieee13",
  overrides: {},
  seed: 0,
  speed: "max",
  on_idle: "continue",
  status: "running",
  tick: 0,
  n_ticks: 100,
  progress: 0,
  attempt: 1,
  owner: "local",
  visibility: "private",
  viewers: 1,
  created: 1000,
  epoch: "E",
  head: 0,
  ws_url: "ws://127.0.0.1/api/ws/sessions/k3v9",
  url: "http://127.0.0.1/sessions/k3v9",
};

export const hello = (head = 0, session: object = {}) => ({
  type: "hello",
  session: { ...SESSION, ...session },
  epoch: "E",
  head,
  role: "owner",
  protocol: 1,
});

export const schema = (offset: number) => ({ type: "schema", offset, ts: 1000, ...SCHEMA });

/** The run's answer to a command. */
export const answer = (offset: number, command_id: string, command: string, more: object = {}) => ({
  type: "command",
  offset,
  ts: 1000,
  command_id,
  by: "user:ann",
  command,
  args: {},
  status: "applied",
  tick: 0,
  ...more,
});

export const status = (offset: number, state: string, more: object = {}) => ({
  type: "status",
  offset,
  ts: 1000,
  status: state,
  tick: 0,
  attempt: 1,
  ...more,
});

/** `n` ticks from `first` on, written at `ts`; voltages tell the tick in their last digits. */
export const ticks = (offset: number, first: number, n: number, more: object = {}) => {
  const each = <T>(make: (tick: number) => T) => Array.from({ length: n }, (_, i) => make(first + i));
  return {
    type: "ticks",
    offset,
    ts: 1000 + first * 0.1,
    first,
    t_s: each((tick) => tick * 0.5),
    v: each((tick) => [1 + tick / 1e4, 1.01, 0.99]),
    dc: {
      dc: {
        p_w: each(() => [1e6, 2e6, 3e6]),
        batch: { "8B": each(() => 128) },
        replicas: { "8B": each(() => 10) },
        itl_s: { "8B": each(() => 0.05) },
        power_w: { "8B": each(() => 6e6) },
      },
    },
    taps: { reg1: each(() => 1.0625) },
    storage: { bat: { p_kw: each(() => -20), q_kvar: each(() => 5), soc: each(() => 0.5) } },
    events: [],
    controls: [],
    ...more,
  };
};

/** The answer to `GET .../ticks` for ticks `[from, to)`: every one, or each `every`-th and the last. */
export const past = (
  from: number,
  to: number,
  { every = 1, next_offset = 0 }: { every?: number; next_offset?: number } = {},
) => {
  const tick = Array.from({ length: Math.ceil((to - from) / every) }, (_, i) => from + i * every);
  if (tick.at(-1) !== to - 1) tick.push(to - 1);
  const each = <T>(make: (tick: number) => T) => tick.map(make);
  return {
    session_id: "k3v9",
    epoch: "E",
    from,
    to: to - 1,
    tick,
    t_s: each((at) => at * 0.5),
    v: each((at) => [1 + at / 1e4, 1.01, 0.99]),
    dc: {
      dc: {
        p_w: each(() => [1e6, 2e6, 3e6]),
        batch: { "8B": each(() => 128) },
        replicas: { "8B": each(() => 10) },
        itl_s: { "8B": each(() => 0.05) },
        power_w: { "8B": each(() => 6e6) },
      },
    },
    taps: { reg1: each(() => 1.0625) },
    storage: { bat: { p_kw: each(() => -20), q_kvar: each(() => 5), soc: each(() => 0.5) } },
    events: [],
    controls: [],
    n_ticks_in_range: to - from,
    next_offset,
  };
};

export const summary = (offset: number) => ({
  type: "summary",
  offset,
  ts: 1010,
  metrics: { violation_time_s: 994.6, worst_vmin: 0.935, odd_metric: 3 },
  digest: "ab".repeat(32),
  wall_s: 1.5,
  ticks: 100,
  ticks_per_s: 66.7,
});

/** A socket whose other end is the test. */
export class FakeSocket implements RawSocket {
  onopen: RawSocket["onopen"] = null;
  onmessage: RawSocket["onmessage"] = null;
  onclose: RawSocket["onclose"] = null;
  readonly sent: unknown[] = [];
  closed = false;
  readonly url: string;
  /** Browsers' sockets have it; nobody who is told by it is of interest here. */
  readonly addEventListener = () => undefined;

  constructor(url: string) {
    this.url = url;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.closed = true;
  }

  says(...frames: object[]): void {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  drops(code: number): void {
    this.onclose?.({ code, reason: "" });
  }
}

/** An event stream whose other end is the test. */
export class FakeEvents implements RawEvents {
  onmessage: RawEvents["onmessage"] = null;
  onerror: RawEvents["onerror"] = null;
  closed = false;
  readonly url: string;
  private readonly listeners = new Map<string, (event: { data: unknown }) => void>();

  constructor(url: string) {
    this.url = url;
  }

  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  says(...frames: { readonly type: string; readonly [key: string]: unknown }[]): void {
    for (const frame of frames) {
      const aside = this.listeners.get(frame.type);
      (aside ?? this.onmessage)?.({ data: JSON.stringify(frame) });
    }
  }
}

/** Time, chance and the server under the test's hand. */
export class FakeSurroundings implements Surroundings {
  readonly sockets: FakeSocket[] = [];
  readonly streams: FakeEvents[] = [];
  /** What was asked of the server over HTTP. */
  readonly asked: string[] = [];
  /** Answers by the beginning of "METHOD path", the longest wins; who is not here cannot be reached. */
  answers: Readonly<Record<string, () => Response>> = {};
  now = 0;
  chance = 0.5;
  private timers: { at: number; action: () => void }[] = [];

  open = (url: string): FakeSocket => {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket;
  };
  events = (url: string): FakeEvents => {
    const stream = new FakeEvents(url);
    this.streams.push(stream);
    return stream;
  };
  fetch = (path: string, init?: RequestInit): Promise<Response> => {
    const request = `${init?.method ?? "GET"} ${path}`;
    this.asked.push(request);
    const fitting = Object.keys(this.answers).filter((key) => request.startsWith(key));
    const answer = this.answers[fitting.sort((one, other) => other.length - one.length)[0] ?? ""];
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError("Failed to fetch"));
  };
  random = (): number => this.chance;
  nowMs = (): number => this.now;
  after = (ms: number, action: () => void): (() => void) => {
    const timer = { at: this.now + ms, action };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  get stream(): FakeEvents {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error("no event stream was opened");
    return stream;
  }

  /** Lets time pass with answers coming in between. */
  async flow(ms: number, steps = 10): Promise<void> {
    for (let i = 0; i < steps; i++) {
      this.pass(ms / steps);
      await new Promise((done) => setTimeout(done, 0));
    }
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.now = due.at;
      due.action();
    }
    this.now = end;
  }
}
