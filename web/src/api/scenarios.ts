import { queryOptions } from "@tanstack/react-query";

import type { Json } from "../stream/frames";
import { fields, figure, flag, items, json, number, text } from "../stream/reader";
import { page, request } from "./http";

/** One line of the catalogue. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly feeder: string;
  readonly duration_s: number;
}

export interface Bus {
  readonly name: string;
  readonly phases: string;
  /** Place on the one-line diagram, in units of the feeder's own; null where nobody knows it. */
  readonly at: readonly [x: number, y: number] | null;
}
export interface Line {
  readonly from: string;
  readonly to: string;
  readonly phases: string;
  readonly is_switch: boolean;
}

/** What a picture of a feeder and the form about it need. */
export interface Feeder {
  readonly name: string;
  readonly buses: readonly Bus[];
  /** Lines, and transformers and regulators between two buses. */
  readonly lines: readonly Line[];
  readonly source: string;
  /** Where datacenters, storages and generators may stand. */
  readonly three_phase_sites: readonly string[];
}

/** A scenario with its configuration, every default filled in. */
export interface ScenarioDetail extends Scenario {
  readonly config: Json;
  readonly tick_s: number;
  readonly feeder_detail: Feeder;
}

function parseScenario(value: unknown, path: string): Scenario {
  const from = fields(value, path);
  return {
    name: text(from["name"], `${path}.name`),
    title: text(from["title"], `${path}.title`),
    description: text(from["description"], `${path}.description`),
    feeder: text(from["feeder"], `${path}.feeder`),
    duration_s: number(from["duration_s"], `${path}.duration_s`),
  };
}

function parseBus(value: unknown, path: string): Bus {
  const from = fields(value, path);
  const x = figure(from["x"], `${path}.x`);
  const y = figure(from["y"], `${path}.y`);
  return {
    name: text(from["name"], `${path}.name`),
    phases: text(from["phases"], `${path}.phases`),
    at: x === null || y === null ? null : [x, y],
  };
}

function parseLine(value: unknown, path: string): Line {
  const from = fields(value, path);
  return {
    from: text(from["bus_from"], `${path}.bus_from`),
    to: text(from["bus_to"], `${path}.bus_to`),
    phases: text(from["phases"], `${path}.phases`),
    is_switch: from["is_switch"] === undefined ? false : flag(from["is_switch"], `${path}.is_switch`),
  };
}

function parseFeeder(value: unknown, path: string): Feeder {
  const from = fields(value, path);
  const edges = ["lines", "transformers", "regulators"].flatMap((part) =>
    items(from[part], `${path}.${part}`, part === "transformers" ? parseTransformer : parseLine),
  );
  return {
    name: text(from["name"], `${path}.name`),
    buses: items(from["buses"], `${path}.buses`, parseBus),
    lines: edges,
    source: text(fields(from["source"], `${path}.source`)["bus"], `${path}.source.bus`),
    three_phase_sites: items(from["three_phase_sites"], `${path}.three_phase_sites`, text),
  };
}

function parseTransformer(value: unknown, path: string): Line {
  return parseLine({ ...fields(value, path), phases: "abc" }, path);
}

function parseDetail(value: unknown): ScenarioDetail {
  const from = fields(value, "scenario");
  const feeder = parseFeeder(from["feeder"], "scenario.feeder");
  const config = json(from["config"]);
  return {
    ...parseScenario(
      { ...from, feeder: feeder.name, duration_s: fields(config, "scenario.config")["duration_s"] },
      "scenario",
    ),
    config,
    tick_s: number(from["tick_s"], "scenario.tick_s"),
    feeder_detail: feeder,
  };
}

export const scenariosQuery = queryOptions({
  queryKey: ["scenarios"],
  queryFn: ({ signal }) => request("/api/scenarios", (body) => page(body, parseScenario).items, { signal }),
  staleTime: Infinity,
});

export const scenarioQuery = (name: string) =>
  queryOptions({
    queryKey: ["scenarios", name],
    queryFn: ({ signal }) => request(`/api/scenarios/${encodeURIComponent(name)}`, parseDetail, { signal }),
    staleTime: Infinity,
  });

/** JSON Schema of a scenario's configuration. */
export const schemaQuery = queryOptions({
  queryKey: ["scenarios", "schema"],
  queryFn: ({ signal }) => request("/api/scenarios/schema", json, { signal }),
  staleTime: Infinity,
});
