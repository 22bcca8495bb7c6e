import type { Json } from "../stream/frames";
import { getAt, isObject } from "./config";
import type { Shape } from "./shape";

/**
 * The longest beginning of a dotted path that the form shows something for: the field itself, or the list or group around what went wrong.
 * Empty where there is none.
 */
export function placeOf(shape: Shape, config: Json, path: string, hidden: readonly string[]): string {
  const parts = path === "" ? [] : path.split(".");
  const found: string[] = [];
  let here: Shape | undefined = shape;
  let value: Json | undefined = config;
  for (const part of parts) {
    if (found.length === 0 && hidden.includes(part)) break;
    const next = inside(here, value, part);
    if (!next) break;
    found.push(part);
    here = next;
    value = getAt(value, [part]);
  }
  return found.join(".");
}

function inside(shape: Shape, value: Json | undefined, part: string): Shape | undefined {
  if (shape.kind === "variants") {
    const type = isObject(value) ? value[shape.tag] : undefined;
    const group = typeof type === "string" ? shape.groups[type] : undefined;
    return group && inside(group, value, part);
  }
  if (shape.kind === "group") return shape.fields.find(({ name }) => name === part)?.shape;
  if (shape.kind === "list")
    return Array.isArray(value) && value[Number(part)] !== undefined ? shape.item : undefined;
  if (shape.kind === "figures")
    return { kind: "number", whole: false, nullable: false, least: null, most: null };
  return undefined;
}
