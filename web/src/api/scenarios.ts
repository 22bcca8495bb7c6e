import { queryOptions } from "@tanstack/react-query";

import type { Json } from "../stream/frames";
import { fields, json, number, text } from "../stream/reader";
import { type Feeder, type Generator, parseFeeder, parseGenerators } from "./feeder";
import { page, request } from "./http";

/** One line of the catalogue. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly feeder: string;
  readonly duration_s: number;
}

/** A scenario with its configuration, every default filled in. */
export interface ScenarioDetail extends Scenario {
  readonly config: Json;
  readonly tick_s: number;
  readonly feeder_detail: Feeder;
  readonly generators: readonly Generator[];
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
    generators: parseGenerators(
      fields(config, "scenario.config")["generators"],
      "scenario.config.generators",
    ),
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
