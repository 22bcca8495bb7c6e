/** A service for tests of pages: answers by method and path, remembers what it was asked for. */

import { createMemoryHistory } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { vi } from "vitest";

import { App } from "../../src/app/App";
import { makeRouter } from "../../src/app/router";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly key: string | null;
  /** What says who asks. */
  readonly token: string | null;
  readonly share: string | null;
  readonly address: string;
}

type Answer = (asked: Asked) => Response | object;

export class Service {
  readonly asked: Asked[] = [];
  private readonly answers = new Map<string, Answer>();

  constructor() {
    vi.stubGlobal("fetch", (path: string, init: RequestInit = {}) =>
      Promise.resolve(this.answer(path, init)),
    );
  }

  /** `call`: such as `GET /api/sessions`. */
  on(call: string, answer: Answer): void {
    this.answers.set(call, answer);
  }

  /** What came for one call, in order. */
  got(call: string): readonly Asked[] {
    return this.asked.filter(({ method, path }) => `${method} ${path}` === call);
  }

  private answer(address: string, init: RequestInit): Response {
    const url = new URL(address, "http://lab");
    const headers = new Headers(init.headers);
    const asked = {
      method: init.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      body: typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : null,
      key: headers.get("Idempotency-Key"),
      token: headers.get("Authorization"),
      share: headers.get("Gridcast-Share"),
      address,
    };
    this.asked.push(asked);
    const answer = this.answers.get(`${asked.method} ${asked.path}`);
    if (!answer) return Response.json({ detail: `nothing at ${asked.path}` }, { status: 404 });
    const made = answer(asked);
    return made instanceof Response ? made : Response.json(made);
  }
}

export const page = (items: readonly object[], next_cursor: string | null = null) => ({ items, next_cursor });

export const refusal = (...errors: { readonly loc: readonly (string | number)[]; readonly msg: string }[]) =>
  Response.json({ title: "The request is not valid", status: 422, errors }, { status: 422 });

/** Opens the whole page at an address; answers the place where it stands. */
export function open(path: string) {
  const history = createMemoryHistory({ initialEntries: [path] });
  const view = render(<App router={makeRouter(history)} />);
  return { ...view, history };
}

const scenario = (name: string, feeder: string) => ({
  name,
  title: `Title of ${name}`,
  description: `What ${name} is.`,
  feeder,
  duration_s: 3600,
  n_ticks: 36_000,
});

export const SCENARIOS = [
  scenario("ieee13", "ieee13"),
  scenario("ieee13-ofo", "ieee13"),
  scenario("ieee34", "ieee34"),
];

export const CONFIG = {
  feeder: "ieee13",
  duration_s: 3600,
  seed: 0,
  grid_dt_s: 0.1,
  v_min: 0.95,
  initial_taps: { creg1a: 1.05 },
  datacenters: [{ name: "site", bus: "671", dt_s: 0.1, models: [{ label: "8B", replicas: 10 }] }],
  controllers: [],
};

export const DETAIL = {
  ...SCENARIOS[0],
  feeder: {
    name: "ieee13",
    title: "IEEE 13",
    source: { bus: "650" },
    tap_step_pu: 0.00625,
    buses: [
      { name: "650", phases: "abc", kv_base: 4.16, x: 0, y: 10 },
      { name: "671", phases: "abc", kv_base: 4.16, x: 0, y: 0 },
    ],
    lines: [{ bus_from: "650", bus_to: "671", phases: "abc", is_switch: false, length: 1, units: "km" }],
    transformers: [],
    regulators: [],
    three_phase_sites: ["671"],
  },
  config: CONFIG,
  tick_s: 0.1,
  n_ticks: 36_000,
};

export const CONFIG_SCHEMA = {
  $defs: {
    Model: {
      type: "object",
      properties: {
        label: { type: "string", title: "Model" },
        replicas: { type: "integer", title: "Replicas", description: "At the start." },
      },
    },
    Site: {
      type: "object",
      properties: {
        name: { type: "string", title: "Name" },
        bus: { type: "string", title: "Bus" },
        dt_s: { type: "number", title: "Period" },
        models: { type: "array", items: { $ref: "#/$defs/Model" }, title: "Models" },
      },
    },
    Ofo: {
      type: "object",
      properties: {
        type: { const: "ofo", default: "ofo" },
        dt_s: { type: "number", default: 1, title: "Period" },
        datacenter: { type: "string", title: "Datacenter" },
      },
    },
  },
  type: "object",
  properties: {
    feeder: { type: "string", enum: ["ieee13", "ieee34"], title: "Feeder" },
    duration_s: { type: "integer", title: "Duration" },
    seed: { type: "integer", title: "Seed" },
    grid_dt_s: { type: "number", title: "Grid period" },
    v_min: { type: "number", title: "Lowest voltage" },
    initial_taps: { type: "object", additionalProperties: { type: "number" }, title: "Initial taps" },
    datacenters: { type: "array", items: { $ref: "#/$defs/Site" }, title: "Datacenters" },
    controllers: {
      type: "array",
      title: "Controllers",
      items: {
        oneOf: [{ $ref: "#/$defs/Ofo" }],
        discriminator: { propertyName: "type", mapping: { ofo: "#/$defs/Ofo" } },
      },
    },
  },
};

/** Answers everything that the page of a new run asks for. */
export function serveScenarios(service: Service): void {
  service.on("GET /api/scenarios", () => page(SCENARIOS));
  service.on("GET /api/scenarios/schema", () => CONFIG_SCHEMA);
  for (const { name, feeder } of SCENARIOS) {
    service.on(`GET /api/scenarios/${name}`, () => ({
      ...DETAIL,
      name,
      title: `Title of ${name}`,
      feeder: { ...DETAIL.feeder, name: feeder },
    }));
  }
  service.on("GET /api/workers", () => ({
    queue_depth: 0,
    workers: [{ id: "w", host: "lab", pid: 1, slots: 4, sessions: [] }],
  }));
}
