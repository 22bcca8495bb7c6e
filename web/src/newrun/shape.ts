/**
 * The form's model, made from the JSON Schema of a scenario's configuration: what kind of field stands where. Only what the page can
 * draw; anything else becomes `other`, which is shown as it is.
 */

import type { Json } from "../stream/frames";

export type Shape =
  | {
      readonly kind: "number";
      readonly whole: boolean;
      readonly nullable: boolean;
      readonly least: number | null;
      readonly most: number | null;
    }
  | { readonly kind: "text"; readonly nullable: boolean }
  | { readonly kind: "flag" }
  | { readonly kind: "choice"; readonly options: readonly string[] }
  /** Numbers in a row; `length` where there must be so many. */
  | { readonly kind: "numbers"; readonly length: number | null }
  | { readonly kind: "texts"; readonly nullable: boolean }
  /** Name -> number. */
  | { readonly kind: "figures" }
  | { readonly kind: "group"; readonly fields: readonly FieldShape[] }
  | { readonly kind: "list"; readonly item: Shape }
  /** One of several groups; the field `tag` says which. */
  | { readonly kind: "variants"; readonly tag: string; readonly groups: Readonly<Record<string, Shape>> }
  | { readonly kind: "constant" }
  | { readonly kind: "other" };

export interface FieldShape {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  /** The schema's own default; undefined where there is none. */
  readonly preset: Json | undefined;
  readonly shape: Shape;
}

type Node = Readonly<Record<string, Json>>;

function isNode(value: Json | undefined): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function words(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function figure(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

function nodes(value: Json | undefined): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The model of a whole schema; the schema's `$defs` are followed wherever a `$ref` names them. */
export function shapeOf(schema: Json): Shape {
  if (!isNode(schema)) return { kind: "other" };
  const defs = isNode(schema["$defs"]) ? schema["$defs"] : {};
  return new Reader(defs).shape(schema);
}

class Reader {
  private readonly defs: Node;

  constructor(defs: Node) {
    this.defs = defs;
  }

  shape(node: Node): Shape {
    const at = this.follow(node);
    if (at["const"] !== undefined) return { kind: "constant" };
    if (Array.isArray(at["enum"])) return { kind: "choice", options: at["enum"].map(String) };
    if (at["oneOf"] !== undefined) return this.variants(at);
    if (at["anyOf"] !== undefined) return this.nullable(at);
    switch (at["type"]) {
      case "number":
      case "integer":
        return {
          kind: "number",
          whole: at["type"] === "integer",
          nullable: false,
          least: figure(at["minimum"]) ?? figure(at["exclusiveMinimum"]),
          most: figure(at["maximum"]) ?? figure(at["exclusiveMaximum"]),
        };
      case "boolean":
        return { kind: "flag" };
      case "string":
        return { kind: "text", nullable: false };
      case "array":
        return this.list(at);
      case "object":
        return this.group(at);
      default:
        return { kind: "other" };
    }
  }

  private follow(node: Node): Node {
    const name = words(node["$ref"]).replace("#/$defs/", "");
    const target = name === "" ? undefined : this.defs[name];
    return isNode(target) ? target : node;
  }

  private list(at: Node): Shape {
    const tuple = nodes(at["prefixItems"]);
    if (tuple.length > 0) {
      const plain = tuple.every((item) => this.shape(item).kind === "number");
      return plain ? { kind: "numbers", length: tuple.length } : { kind: "other" };
    }
    if (!isNode(at["items"])) return { kind: "other" };
    const item = this.shape(at["items"]);
    if (item.kind === "number") return { kind: "numbers", length: null };
    if (item.kind === "text" || item.kind === "choice") return { kind: "texts", nullable: false };
    return { kind: "list", item };
  }

  private group(at: Node): Shape {
    if (isNode(at["properties"])) {
      const fields = Object.entries(at["properties"]).flatMap(([name, node]) =>
        isNode(node) ? [this.field(name, node)] : [],
      );
      return { kind: "group", fields };
    }
    const values = at["additionalProperties"];
    if (isNode(values) && this.shape(values).kind === "number") return { kind: "figures" };
    return { kind: "other" };
  }

  private field(name: string, node: Node): FieldShape {
    const target = this.follow(node);
    return {
      name,
      title: words(node["title"]) || words(target["title"]) || name,
      help: words(node["description"]) || words(target["description"]),
      preset: node["default"],
      shape: this.shape(node),
    };
  }

  private variants(at: Node): Shape {
    const discriminator = isNode(at["discriminator"]) ? at["discriminator"] : {};
    const mapping = discriminator["mapping"];
    if (!isNode(mapping)) return { kind: "other" };
    const groups = Object.fromEntries(
      Object.entries(mapping).map(([value, ref]) => [value, this.shape({ $ref: ref })]),
    );
    return { kind: "variants", tag: words(discriminator["propertyName"]), groups };
  }

  /** `X or null`. */
  private nullable(at: Node): Shape {
    const others = nodes(at["anyOf"]).filter((option) => option["type"] !== "null");
    const [only] = others;
    if (others.length !== 1 || !only) return { kind: "other" };
    const shape = this.shape(only);
    return shape.kind === "number" || shape.kind === "text" || shape.kind === "texts"
      ? { ...shape, nullable: true }
      : { kind: "other" };
  }
}

/** A new item of a list: the schema's defaults; what has none is left out, for people to fill in. */
export function blank(shape: Shape): Json {
  if (shape.kind === "variants") {
    const [first] = Object.keys(shape.groups);
    return first === undefined ? {} : blankVariant(shape, first);
  }
  if (shape.kind !== "group") return null;
  const made: Record<string, Json> = {};
  for (const { name, preset, shape: inner } of shape.fields) {
    if (preset !== undefined) made[name] = preset;
    else if (inner.kind === "group") made[name] = blank(inner);
    else if (inner.kind === "figures") made[name] = {};
    else if (inner.kind === "list" || inner.kind === "numbers" || inner.kind === "texts") made[name] = [];
  }
  return made;
}

export function blankVariant(shape: Shape & { readonly kind: "variants" }, type: string): Json {
  const group = shape.groups[type];
  return group ? { ...(blank(group) as Readonly<Record<string, Json>>), [shape.tag]: type } : {};
}
