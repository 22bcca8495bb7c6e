/** The one door for foreign data: `unknown` in, a `Frame` out, or a `BadFrame` that says what is wrong with it. */

import {
  type Control,
  type DatacenterTicks,
  type Frame,
  type Parent,
  type Past,
  PHASES,
  SESSION_STATUSES,
  type Schema,
  type Session,
  type SimEvent,
  type StorageTicks,
  type Summary,
  type TicksFrame,
  VISIBILITIES,
  type Watcher,
  type Wheel,
} from "./frames";
import {
  BadFrame,
  count,
  type Fields,
  fields,
  figure,
  figures,
  flag,
  items,
  json,
  list,
  matrix,
  number,
  oneOf,
  optionalCount,
  optionalText,
  record,
  text,
} from "./reader";

export function parseSchema(value: unknown, path = "schema"): Schema {
  const from = fields(value, path);
  return {
    scenario: text(from["scenario"], `${path}.scenario`),
    feeder: text(from["feeder"], `${path}.feeder`),
    seed: number(from["seed"], `${path}.seed`),
    workload: text(from["workload"], `${path}.workload`),
    tick_s: number(from["tick_s"], `${path}.tick_s`),
    n_ticks: count(from["n_ticks"], `${path}.n_ticks`),
    v_min: number(from["v_min"], `${path}.v_min`),
    v_max: number(from["v_max"], `${path}.v_max`),
    bus_phases: items(from["bus_phases"], `${path}.bus_phases`, (pair, at) => {
      const [bus, phase] = list(pair, at);
      return [text(bus, `${at}[0]`), oneOf(phase, PHASES, `${at}[1]`)] as const;
    }),
    datacenters: items(from["datacenters"], `${path}.datacenters`, (element, at) => {
      const dc = fields(element, at);
      return {
        name: text(dc["name"], `${at}.name`),
        bus: text(dc["bus"], `${at}.bus`),
        models: items(dc["models"], `${at}.models`, (entry, where) => {
          const model = fields(entry, where);
          return {
            label: text(model["label"], `${where}.label`),
            itl_deadline_s: figure(model["itl_deadline_s"], `${where}.itl_deadline_s`),
            feasible_batch_sizes: items(
              model["feasible_batch_sizes"],
              `${where}.feasible_batch_sizes`,
              number,
            ),
          };
        }),
      };
    }),
    regulators: items(from["regulators"], `${path}.regulators`, text),
    storages: items(from["storages"], `${path}.storages`, (element, at) => {
      const storage = fields(element, at);
      return {
        name: text(storage["name"], `${at}.name`),
        bus: text(storage["bus"], `${at}.bus`),
        rated_power_kw: number(storage["rated_power_kw"], `${at}.rated_power_kw`),
      };
    }),
    controllers: items(from["controllers"], `${path}.controllers`, (element, at) => {
      const controller = fields(element, at);
      return {
        name: text(controller["name"], `${at}.name`),
        enabled: flag(controller["enabled"], `${at}.enabled`),
      };
    }),
  };
}

export function parseSummary(value: unknown, path = "summary"): Summary {
  const from = fields(value, path);
  const metrics: Record<string, number | null> = {};
  // Metrics may come to hold more than figures; the page shows the figures.
  for (const [name, metric] of Object.entries(fields(from["metrics"], `${path}.metrics`))) {
    if (metric === null || typeof metric === "number") metrics[name] = metric;
  }
  return {
    metrics,
    digest: text(from["digest"], `${path}.digest`),
    wall_s: number(from["wall_s"], `${path}.wall_s`),
    ticks: count(from["ticks"], `${path}.ticks`),
    ticks_per_s: number(from["ticks_per_s"], `${path}.ticks_per_s`),
  };
}

export function parseSession(value: unknown, path = "session"): Session {
  const from = fields(value, path);
  const speed = from["speed"];
  const scenario = text(from["scenario"], `${path}.scenario`);
  return {
    id: text(from["id"], `${path}.id`),
    title: optionalText(from["title"], `${path}.title`) ?? scenario,
    scenario,
    seed: number(from["seed"], `${path}.seed`),
    speed: speed === "max" ? "max" : number(speed, `${path}.speed`),
    status: oneOf(from["status"], SESSION_STATUSES, `${path}.status`),
    reason: optionalText(from["reason"], `${path}.reason`),
    tick: count(from["tick"], `${path}.tick`),
    n_ticks: count(from["n_ticks"], `${path}.n_ticks`),
    queue_position: optionalCount(from["queue_position"], `${path}.queue_position`),
    viewers: optionalCount(from["viewers"], `${path}.viewers`) ?? 0,
    owner: text(from["owner"], `${path}.owner`),
    visibility: oneOf(from["visibility"], VISIBILITIES, `${path}.visibility`),
    created: number(from["created"], `${path}.created`),
    epoch: text(from["epoch"], `${path}.epoch`),
    head: count(from["head"], `${path}.head`),
    parent: from["parent"] ? parseParent(from["parent"], `${path}.parent`) : null,
    schema: from["schema"] ? parseSchema(from["schema"], `${path}.schema`) : null,
    summary: from["summary"] ? parseSummary(from["summary"], `${path}.summary`) : null,
  };
}

function parseParent(value: unknown, path: string): Parent {
  const from = fields(value, path);
  return { id: text(from["id"], `${path}.id`), tick: count(from["tick"], `${path}.tick`) };
}

function parseEvent(value: unknown, path: string): SimEvent {
  const from = fields(value, path);
  return {
    tick: count(from["tick"], `${path}.tick`),
    t_s: number(from["t_s"], `${path}.t_s`),
    source: text(from["source"], `${path}.source`),
    topic: text(from["topic"], `${path}.topic`),
    data: json(from["data"]),
  };
}

function parseControl(value: unknown, path: string): Control {
  const from = fields(value, path);
  return {
    tick: count(from["tick"], `${path}.tick`),
    by: text(from["by"], `${path}.by`),
    command_id: optionalText(from["command_id"], `${path}.command_id`),
    command: text(from["command"], `${path}.command`),
    args: json(from["args"]),
  };
}

function parseTicks(from: Fields): Omit<TicksFrame, "type" | "offset" | "ts"> {
  const times = list(from["t_s"], "t_s");
  const n = times.length;
  const column = (value: unknown, path: string) => figures(value, n, path);
  const datacenter = (value: unknown, path: string): DatacenterTicks => {
    const dc = fields(value, path);
    return {
      p_w: matrix(dc["p_w"], n, 3, `${path}.p_w`),
      batch: record(dc["batch"], `${path}.batch`, column),
      replicas: record(dc["replicas"], `${path}.replicas`, column),
      itl_s: record(dc["itl_s"], `${path}.itl_s`, column),
    };
  };
  const storage = (value: unknown, path: string): StorageTicks => {
    const unit = fields(value, path);
    return {
      p_kw: column(unit["p_kw"], `${path}.p_kw`),
      q_kvar: column(unit["q_kvar"], `${path}.q_kvar`),
      soc: column(unit["soc"], `${path}.soc`),
    };
  };
  return {
    first: count(from["first"], "first"),
    t_s: times.map((t, i) => number(t, `t_s[${i}]`)),
    v: matrix(from["v"], n, null, "v"),
    dc: record(from["dc"], "dc", datacenter),
    taps: record(from["taps"], "taps", column),
    storage: record(from["storage"], "storage", storage),
    events: from["events"] === undefined ? [] : items(from["events"], "events", parseEvent),
    controls: from["controls"] === undefined ? [] : items(from["controls"], "controls", parseControl),
  };
}

function parseWatcher(value: unknown, path: string): Watcher {
  const from = fields(value, path);
  return {
    id: text(from["id"], `${path}.id`),
    name: text(from["name"], `${path}.name`),
    color: text(from["color"], `${path}.color`),
    since: number(from["since"], `${path}.since`),
    tick: optionalCount(from["tick"], `${path}.tick`),
    you: from["you"] === true,
  };
}

/** Also the answer of `.../wheel`. */
export function parseWheel(value: unknown, path = "wheel"): Wheel {
  const from = fields(value, path);
  return {
    holder: optionalText(from["holder"], `${path}.holder`),
    asked: items(from["asked"], `${path}.asked`, (item, at) => text(fields(item, at)["name"], `${at}.name`)),
  };
}

/** The answer to `GET .../ticks`; `maxPoints` is what was asked for. */
export function parsePast(value: unknown, maxPoints: number): Past {
  const from = fields(value, "past");
  const ticks = items(from["tick"], "tick", count);
  const first = count(from["from"], "from");
  const to = ticks.length > 0 ? count(from["to"], "to") + 1 : first;
  return {
    ...parseTicks({ ...from, first, v: from["v"] ?? ticks.map(() => null) }),
    tick: ticks,
    from: first,
    to,
    stretch: Math.max(1, Math.ceil((to - first) / maxPoints)),
    epoch: text(from["epoch"], "epoch"),
    next_offset: count(from["next_offset"], "next_offset"),
  };
}

/** The answer to `GET .../commands`: what was applied, in order. */
export function parseApplied(value: unknown): readonly Control[] {
  return items(fields(value, "commands")["items"], "items", parseControl);
}

/** Entries of a kind this page does not know still take their place in the order of offsets: they are refused, not skipped. */
export function parse(value: unknown): Frame {
  const from = fields(value, "frame");
  const entry = () => ({ offset: count(from["offset"], "offset"), ts: number(from["ts"], "ts") });
  const type = text(from["type"], "type");
  switch (type) {
    case "hello":
      return {
        type,
        session: parseSession(from["session"]),
        epoch: text(from["epoch"], "epoch"),
        head: count(from["head"], "head"),
        role: text(from["role"], "role"),
        protocol: count(from["protocol"], "protocol"),
      };
    case "schema":
      return { type, ...entry(), schema: parseSchema(from, "schema") };
    case "ticks":
      return { type, ...entry(), ...parseTicks(from) };
    case "command":
      return {
        type,
        ...entry(),
        command_id: text(from["command_id"], "command_id"),
        by: text(from["by"], "by"),
        command: text(from["command"], "command"),
        args: json(from["args"]),
        status: oneOf(from["status"], ["applied", "rejected"], "status"),
        tick: count(from["tick"], "tick"),
        error: optionalText(from["error"], "error"),
      };
    case "status":
      return {
        type,
        ...entry(),
        status: oneOf(from["status"], SESSION_STATUSES, "status"),
        tick: count(from["tick"], "tick"),
        reason: optionalText(from["reason"], "reason"),
        attempt: optionalCount(from["attempt"], "attempt") ?? 1,
      };
    case "summary":
      return { type, ...entry(), summary: parseSummary(from, "summary") };
    case "reset":
      return {
        type,
        epoch: text(from["epoch"], "epoch"),
        earliest_offset: count(from["earliest_offset"], "earliest_offset"),
        earliest_tick: optionalCount(from["earliest_tick"], "earliest_tick"),
        reason: text(from["reason"], "reason"),
      };
    case "skipped":
      return {
        type,
        from_offset: count(from["from_offset"], "from_offset"),
        to_offset: count(from["to_offset"], "to_offset"),
        from_tick: count(from["from_tick"], "from_tick"),
        to_tick: count(from["to_tick"], "to_tick"),
      };
    case "viewers":
      return {
        type,
        count: count(from["count"], "count"),
        present: items(from["viewers"], "viewers", parseWatcher),
        wheel: from["wheel"] == null ? null : parseWheel(from["wheel"]),
      };
    case "heartbeat":
    case "pong":
      return { type, ts: number(from["ts"], "ts") };
    case "error":
      return {
        type,
        code: text(from["code"], "code"),
        detail: optionalText(from["detail"], "detail") ?? "",
        command_id: optionalText(from["command_id"], "command_id"),
      };
    default:
      throw new BadFrame(`type: this page does not know frames of type ${JSON.stringify(type)}`);
  }
}

/** The text of one WebSocket message. */
export function parseText(data: unknown): Frame {
  const message = text(data, "message");
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    throw new BadFrame(`message: not JSON: ${message.slice(0, 60)}`);
  }
  return parse(value);
}
