import { describe, expect, test } from "vitest";

import { along, place, type Rect, type Wish } from "../../src/diagram/labels";

const wish = (key: string, x: number, y: number): Wish => ({ key, x, y, radius: 5, width: 20, height: 12 });

const touching = (one: Rect, other: Rect) =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

describe("names", () => {
  test("stand to the right where there is room, else on another side", () => {
    expect(place([wish("a", 50, 50)], [], 200, 100)[0]).toMatchObject({ key: "a", x: 58, y: 44 });
    const blocked = place([wish("a", 50, 50)], [{ x: 56, y: 40, width: 30, height: 20 }], 200, 100);
    expect(blocked[0]?.x).toBe(22);
  });

  test("never touch each other, nor what is drawn, and stay in the picture", () => {
    const wishes = Array.from({ length: 200 }, (_, i) => wish(String(i), (i * 37) % 300, (i * 53) % 200));
    const drawn = along(0, 0, 300, 200);
    const placed = place(wishes, drawn, 300, 200);
    expect(placed.length).toBeGreaterThan(20);
    expect(placed.length).toBeLessThan(200);
    placed.forEach((one, i) => {
      expect(drawn.some((rect) => touching(one, rect))).toBe(false);
      expect(placed.slice(i + 1).some((other) => touching(one, other))).toBe(false);
      expect(one.x >= 0 && one.y >= 0 && one.x + one.width <= 300 && one.y + one.height <= 200).toBe(true);
    });
  });

  test("the first wish wins; who finds no place is left out", () => {
    const crowd = Array.from({ length: 12 }, (_, i) => wish(String(i), 50, 50));
    const keys = place(crowd, [], 100, 100).map(({ key }) => key);
    expect(keys[0]).toBe("0");
    expect(keys.length).toBeLessThan(12);
  });
});
