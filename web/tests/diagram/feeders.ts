/** The feeders of the catalogue as the API tells them, read from the tables that it reads. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Feeder, parseFeeder } from "../../src/api/feeder";

const FOLDER = join(import.meta.dirname, "../../../scenarios/data/feeders");

export const FEEDERS = { ieee13: "sourcebus", ieee34: "sourcebus", ieee123: "150" } as const;

function table(name: string, part: string): Record<string, string>[] {
  const [head = "", ...lines] = readFileSync(join(FOLDER, name, `${part}.csv`), "utf-8")
    .trim()
    .split(/\r?\n/);
  const columns = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i] ?? "", cell])));
}

export function feeder(name: keyof typeof FEEDERS): Feeder {
  return parseFeeder(
    {
      name,
      title: name,
      source: { bus: FEEDERS[name] },
      tap_step_pu: 0.00625,
      buses: table(name, "buses").map(({ bus, kv_base, x, y, ...more }) => ({
        ...more,
        name: bus,
        kv_base: Number(kv_base),
        x: Number(x),
        y: Number(y),
      })),
      lines: table(name, "lines").map(({ length, units, is_switch, ...more }) => ({
        ...more,
        length: length === "" ? null : Number(length),
        units: units === "" ? null : units,
        is_switch: is_switch === "yes",
      })),
      transformers: table(name, "transformers"),
      regulators: table(name, "regulators"),
      three_phase_sites: [],
    },
    "feeder",
  );
}
