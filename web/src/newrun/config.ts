/** A scenario's configuration as plain JSON: read and change it at a path, and tell what differs from the scenario's own. */

import type { Json } from "../stream/frames";

export type Path = readonly (string | number)[];
export type JsonObject = Readonly<Record<string, Json>>;
/** Dotted path into the configuration -> value: what a session is asked for beside its scenario. */
export type Overrides = Readonly<Record<string, Json>>;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function dotted(path: Path): string {
  return path.join(".");
}

export function getAt(value: Json | undefined, path: Path): Json | undefined {
  let here = value;
  for (const part of path) {
    if (isList(here)) here = here[Number(part)];
    else if (isObject(here)) here = here[String(part)];
    else return undefined;
  }
  return here;
}

/** A copy with `next` at `path`; without the field where `next` is undefined. What is not on the way is shared. */
export function setAt(value: Json | undefined, path: Path, next: Json | undefined): Json {
  const [head, ...rest] = path;
  if (head === undefined) return next ?? null;
  if (isList(value)) {
    return value.map((item, i) => (i === Number(head) ? setAt(item, rest, next) : item));
  }
  const fields = isObject(value) ? value : {};
  const name = String(head);
  if (rest.length === 0 && next === undefined) {
    return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
  }
  return { ...fields, [name]: setAt(fields[name], rest, next) };
}

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
  }
  return false;
}

/**
 * The smallest set of overrides that makes `config` of `original`. A list whose items were added or taken away is sent as a whole, and so is
 * an item that became of another type, a list of plain values, and a table (name -> number) with other names. A field that was emptied is
 * not sent: it keeps what the scenario has.
 */
export function overridesOf(original: Json, config: Json): Overrides {
  const found: Record<string, Json> = {};
  collect(original, config, [], found);
  return found;
}

function collect(from: Json | undefined, to: Json, path: Path, found: Record<string, Json>): void {
  if (same(from, to)) return;
  if (isObject(from) && isObject(to) && from["type"] === to["type"] && !dropped(from, to, path)) {
    for (const [key, value] of Object.entries(to)) collect(from[key], value, [...path, key], found);
  } else if (isList(from) && isList(to) && from.length === to.length && to.every(isObject)) {
    to.forEach((item, i) => {
      collect(from[i], item, [...path, i], found);
    });
  } else found[dotted(path)] = to;
}

/** Whether names of a table went away: an override cannot take one name out, only tell the whole table. */
function dropped(from: JsonObject, to: JsonObject, path: Path): boolean {
  const table = Object.values(from).every((value) => typeof value === "number");
  return table && path.length > 0 && Object.keys(from).some((key) => !(key in to));
}

/** `config` with one override taken back. */
export function takeBack(original: Json, config: Json, override: string): Json {
  const path = override.split(".");
  return setAt(config, path, getAt(original, path));
}
