/** What stands at the buses of one run besides wires: datacenters, storages, generators. */

import type { Json, Schema } from "../stream/frames";
import type { Generator } from "../api/feeder";

export type SiteKind = "datacenter" | "storage" | "pv";

export interface Site {
  readonly kind: SiteKind;
  readonly name: string;
  readonly bus: string;
}

/** `overrides` are those that the run was started with: dotted path into its scenario's config -> value. */
export function sitesOf(
  schema: Schema | null,
  generators: readonly Generator[],
  overrides: Readonly<Record<string, Json>>,
): readonly Site[] {
  return [
    ...(schema?.datacenters ?? []).map(({ name, bus }) => ({ kind: "datacenter" as const, name, bus })),
    ...(schema?.storages ?? []).map(({ name, bus }) => ({ kind: "storage" as const, name, bus })),
    ...generators.map(({ bus, peak_kw }, i) => {
      const moved = overrides[`generators.${i}.bus`];
      const peak = overrides[`generators.${i}.peak_kw`];
      return {
        kind: "pv" as const,
        name: `PV ${Math.round(typeof peak === "number" ? peak : peak_kw)} kW`,
        bus: typeof moved === "string" ? moved : bus,
      };
    }),
  ];
}
