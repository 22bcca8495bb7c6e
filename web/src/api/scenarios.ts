import { queryOptions } from "@tanstack/react-query";

import { fields, number, text } from "../stream/reader";
import { page, request } from "./http";

/** One line of the catalogue. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly feeder: string;
  readonly duration_s: number;
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

export const scenariosQuery = queryOptions({
  queryKey: ["scenarios"],
  queryFn: ({ signal }) => request("/api/scenarios", (body) => page(body, parseScenario), { signal }),
  staleTime: Infinity,
});
