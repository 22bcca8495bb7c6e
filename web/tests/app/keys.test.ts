import { describe, expect, test } from "vitest";

import { Keys } from "../../src/app/keys";

const press = (keys: Keys, key: string, nowMs: number, init: KeyboardEventInit = {}, on?: Element) => {
  const event = new KeyboardEvent("keydown", { key, ...init });
  Object.defineProperty(event, "target", { value: on ?? document.body });
  return keys.press(event, nowMs);
};

describe("the keys of every page", () => {
  test("g and then a letter goes somewhere", () => {
    const keys = new Keys();
    expect(press(keys, "g", 0)).toBeNull();
    expect(press(keys, "w", 1199)).toEqual({ kind: "go", to: "/workers" });
    // It is spent.
    expect(press(keys, "w", 1199)).toBeNull();
  });

  test("the letter comes soon after, or means nothing", () => {
    const keys = new Keys();
    press(keys, "g", 0);
    expect(press(keys, "w", 1200)).toBeNull();
  });

  test("? shows the keys", () => {
    expect(press(new Keys(), "?", 0)).toEqual({ kind: "help" });
  });

  test("who types a text types a text", () => {
    const keys = new Keys();
    const input = document.createElement("input");
    expect(press(keys, "?", 0, {}, input)).toBeNull();
    press(keys, "g", 0, {}, input);
    expect(press(keys, "w", 1)).toBeNull();
    const box = document.createElement("input");
    box.type = "checkbox";
    expect(press(keys, "?", 0, {}, box)).toEqual({ kind: "help" });
  });

  test("the browser's own keys stay the browser's", () => {
    const keys = new Keys();
    expect(press(keys, "?", 0, { ctrlKey: true })).toBeNull();
    press(keys, "g", 0, { metaKey: true });
    expect(press(keys, "w", 1)).toBeNull();
  });
});
