import { describe, expect, test } from "vitest";

import { blank, type Shape, shapeOf } from "../../src/newrun/shape";

const SCHEMA = {
  $defs: {
    Site: {
      type: "object",
      properties: {
        name: { type: "string", title: "Name" },
        slots: { type: "integer", minimum: 1, maximum: 9, default: 4, title: "Slots" },
        spread: { $ref: "#/$defs/Spread", description: "How they differ.", title: "Spread" },
      },
      required: ["name"],
    },
    Spread: {
      type: "object",
      properties: {
        range: {
          type: "array",
          prefixItems: [{ type: "number" }, { type: "number" }],
          default: [1, 1],
        },
      },
    },
    Droop: {
      type: "object",
      properties: { type: { const: "droop", default: "droop" }, gain: { type: "number", default: 2 } },
    },
    Taps: {
      type: "object",
      properties: {
        type: { const: "taps", default: "taps" },
        taps: { type: "object", additionalProperties: { type: "number" } },
      },
    },
  },
  type: "object",
  properties: {
    feeder: { enum: ["a", "b"], type: "string", title: "Feeder" },
    on: { type: "boolean", default: true },
    v_min: { anyOf: [{ type: "number", minimum: 0.5 }, { type: "null" }], default: null },
    buses: { type: "array", items: { type: "string" } },
    sizes: { type: "array", items: { type: "integer" } },
    sites: { type: "array", items: { $ref: "#/$defs/Site" } },
    controllers: {
      type: "array",
      items: {
        oneOf: [{ $ref: "#/$defs/Droop" }, { $ref: "#/$defs/Taps" }],
        discriminator: { propertyName: "type", mapping: { droop: "#/$defs/Droop", taps: "#/$defs/Taps" } },
      },
    },
    odd: { type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] } },
    strange: { not: {} },
  },
};

const shape = shapeOf(SCHEMA);
const field = (name: string): Shape => {
  const found = shape.kind === "group" ? shape.fields.find((each) => each.name === name) : undefined;
  if (!found) throw new Error(`no field ${name}`);
  return found.shape;
};

describe("the form's model", () => {
  test("knows plain values, with their bounds", () => {
    expect(field("feeder")).toEqual({ kind: "choice", options: ["a", "b"] });
    expect(field("on")).toEqual({ kind: "flag" });
    expect(field("v_min")).toEqual({ kind: "number", whole: false, nullable: true, least: 0.5, most: null });
    expect(field("buses")).toEqual({ kind: "texts", nullable: false });
    expect(field("sizes")).toEqual({ kind: "numbers", length: null });
  });

  test("follows references into lists of objects, and objects inside them", () => {
    const sites = field("sites");
    expect(sites).toMatchObject({
      kind: "list",
      item: {
        kind: "group",
        fields: [
          { name: "name", title: "Name", shape: { kind: "text" } },
          { name: "slots", preset: 4, shape: { kind: "number", whole: true, least: 1, most: 9 } },
          {
            name: "spread",
            help: "How they differ.",
            shape: { kind: "group", fields: [{ name: "range", shape: { kind: "numbers", length: 2 } }] },
          },
        ],
      },
    });
  });

  test("keeps the variants of a union apart by their tag", () => {
    expect(field("controllers")).toMatchObject({
      kind: "list",
      item: {
        kind: "variants",
        tag: "type",
        groups: { taps: { fields: [{ shape: { kind: "constant" } }, { shape: { kind: "figures" } }] } },
      },
    });
  });

  test("what it cannot draw is shown as it is, and nothing is lost", () => {
    expect(field("strange")).toEqual({ kind: "other" });
    expect(field("odd")).toEqual({ kind: "list", item: { kind: "other" } });
    expect(shapeOf(null)).toEqual({ kind: "other" });
  });
});

describe("a new item", () => {
  test("has the schema's defaults, and leaves what is required to people", () => {
    const sites = field("sites");
    expect(sites.kind === "list" && blank(sites.item)).toEqual({ slots: 4, spread: { range: [1, 1] } });
  });

  test("of a union is of its first type, until another is chosen", () => {
    const controllers = field("controllers");
    expect(controllers.kind === "list" && blank(controllers.item)).toEqual({ type: "droop", gain: 2 });
  });
});
