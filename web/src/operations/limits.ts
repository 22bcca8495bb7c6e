/** The voltage band of an operation's scenario: its own, or as the operation changes it. Pure. */

import { getAt } from "../newrun/config";
import type { Json } from "../stream/frames";

export interface Band {
  readonly v_min: number;
  readonly v_max: number;
}

/** ANSI C84.1's range A about 1 pu, which scenarios have unless they say otherwise. */
const USUAL: Band = { v_min: 0.95, v_max: 1.05 };

/** A value of the scenario's configuration with the operation's changes. */
export function valueAt(
  config: Json | undefined,
  params: Readonly<Record<string, Json>>,
  path: string,
): Json | undefined {
  const changed = params[path];
  return changed === undefined ? getAt(config, path.split(".")) : changed;
}

export function bandOf(config: Json | undefined, params: Readonly<Record<string, Json>>): Band {
  const limit = (path: "v_min" | "v_max") => {
    const value = valueAt(config, params, path);
    return typeof value === "number" ? value : USUAL[path];
  };
  return { v_min: limit("v_min"), v_max: limit("v_max") };
}
