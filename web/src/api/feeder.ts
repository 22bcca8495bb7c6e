/** A feeder as the API tells it, reduced to what is drawn: buses in places, and edges between them. */

import type { Phase } from "../stream/frames";
import { fields, figure, flag, items, number, optionalText, text } from "../stream/reader";

export interface Bus {
  readonly name: string;
  readonly phases: readonly Phase[];
  readonly kv_base: number;
  /** Place in the one-line diagram: no unit, y upwards. */
  readonly x: number;
  readonly y: number;
}

export type EdgeKind = "line" | "switch" | "transformer" | "regulator";

export interface Edge {
  readonly kind: EdgeKind;
  readonly from: string;
  readonly to: string;
  readonly phases: readonly Phase[];
  /** 0 for what is not a line. */
  readonly length_km: number;
  /** The regulators of its phases; empty for other kinds. */
  readonly regulators: readonly { readonly name: string; readonly phases: readonly Phase[] }[];
}

export interface Feeder {
  readonly name: string;
  readonly title: string;
  /** The bus of the stiff source. */
  readonly source: string;
  readonly tap_step_pu: number;
  readonly buses: readonly Bus[];
  readonly edges: readonly Edge[];
  /** Where datacenters, storages and generators may stand. */
  readonly three_phase_sites: readonly string[];
}

export interface Generator {
  readonly bus: string;
  readonly peak_kw: number;
}

const KM: Readonly<Record<string, number>> = { mi: 1.609344, kft: 0.3048, ft: 0.0003048, km: 1, m: 0.001 };

/** A length in km. Null is no length: a switch. Throws a `RangeError` for a unit that is not known. */
export function kilometres(length: number | null, unit: string | null): number {
  if (length === null) return 0;
  const scale = KM[unit ?? ""];
  if (scale === undefined) throw new RangeError(`no length is known in ${String(unit)}`);
  return length * scale;
}

function phasesOf(value: unknown, path: string): readonly Phase[] {
  const letters = text(value, path);
  return (["a", "b", "c"] as const).filter((phase) => letters.includes(phase));
}

function parseBus(value: unknown, path: string): Bus {
  const from = fields(value, path);
  return {
    name: text(from["name"], `${path}.name`),
    phases: phasesOf(from["phases"], `${path}.phases`),
    kv_base: number(from["kv_base"], `${path}.kv_base`),
    x: number(from["x"], `${path}.x`),
    y: number(from["y"], `${path}.y`),
  };
}

function ends(value: unknown, path: string) {
  const from = fields(value, path);
  return { from: text(from["bus_from"], `${path}.bus_from`), to: text(from["bus_to"], `${path}.bus_to`) };
}

function parseLine(value: unknown, path: string): Edge {
  const from = fields(value, path);
  return {
    ...ends(value, path),
    kind: flag(from["is_switch"], `${path}.is_switch`) ? "switch" : "line",
    phases: phasesOf(from["phases"], `${path}.phases`),
    length_km: kilometres(
      figure(from["length"], `${path}.length`),
      optionalText(from["units"], `${path}.units`),
    ),
    regulators: [],
  };
}

/** Regulators of single phases between the same two buses are one edge. */
function regulatorEdges(value: unknown, path: string): readonly Edge[] {
  const edges = new Map<string, Edge>();
  for (const one of items(value, path, (element, at) => ({
    ...ends(element, at),
    name: text(fields(element, at)["name"], `${at}.name`),
    phases: phasesOf(fields(element, at)["phases"], `${at}.phases`),
  }))) {
    const key = `${one.from} ${one.to}`;
    const others = edges.get(key);
    edges.set(key, {
      kind: "regulator",
      from: one.from,
      to: one.to,
      phases: [...(others?.phases ?? []), ...one.phases],
      length_km: 0,
      regulators: [...(others?.regulators ?? []), { name: one.name, phases: one.phases }],
    });
  }
  return [...edges.values()];
}

export function parseFeeder(value: unknown, path: string): Feeder {
  const from = fields(value, path);
  return {
    name: text(from["name"], `${path}.name`),
    title: text(from["title"], `${path}.title`),
    source: text(fields(from["source"], `${path}.source`)["bus"], `${path}.source.bus`),
    tap_step_pu: number(from["tap_step_pu"], `${path}.tap_step_pu`),
    buses: items(from["buses"], `${path}.buses`, parseBus),
    edges: [
      ...items(from["lines"], `${path}.lines`, parseLine),
      ...items(from["transformers"], `${path}.transformers`, (element, at): Edge => ({
        ...ends(element, at),
        kind: "transformer",
        phases: ["a", "b", "c"],
        length_km: 0,
        regulators: [],
      })),
      ...regulatorEdges(from["regulators"], `${path}.regulators`),
    ],
    three_phase_sites: items(from["three_phase_sites"], `${path}.three_phase_sites`, text),
  };
}

/** The generators of a scenario's configuration. */
export function parseGenerators(value: unknown, path: string): readonly Generator[] {
  return items(value ?? [], path, (element, at) => {
    const generator = fields(element, at);
    return {
      bus: text(generator["bus"], `${at}.bus`),
      peak_kw: number(generator["peak_kw"], `${at}.peak_kw`),
    };
  });
}
