import { describe, expect, test } from "vitest";

import { bounds, fit, follow, pan, project, zoom } from "../../src/diagram/camera";

const SIZE = { width: 400, height: 200 };
const BOX = bounds([
  { x: 0, y: 0 },
  { x: 100, y: 100 },
]);
const WHOLE = fit(BOX, SIZE, 20);

describe("the camera", () => {
  test("fits everything in, up is up", () => {
    expect(project(WHOLE, { x: 0, y: 100 })).toEqual({ x: 120, y: 20 });
    expect(project(WHOLE, { x: 100, y: 0 })).toEqual({ x: 280, y: 180 });
  });

  test("zooms about the pointer: what is under it stays there", () => {
    const near = zoom(WHOLE, WHOLE, 2, 120, 20);
    expect(near.scale).toBe(2 * WHOLE.scale);
    expect(project(near, { x: 0, y: 100 })).toEqual({ x: 120, y: 20 });
  });

  test("goes no farther out than the whole, and no closer than twelve times that", () => {
    expect(zoom(WHOLE, WHOLE, 0.5, 0, 0)).toBe(WHOLE);
    expect(zoom(WHOLE, WHOLE, 100, 0, 0).scale).toBe(12 * WHOLE.scale);
  });

  test("cannot be moved until nothing is seen", () => {
    const gone = pan(WHOLE, BOX, SIZE, 10_000, -10_000);
    const corner = project(gone, { x: 0, y: 0 });
    expect(corner.x).toBeLessThan(SIZE.width);
    expect(corner.y).toBeGreaterThan(0);
  });

  test("follows a point as little as it must", () => {
    expect(follow(WHOLE, { x: 50, y: 50 }, SIZE, 30)).toBe(WHOLE);
    const moved = follow(zoom(WHOLE, WHOLE, 4, 0, 0), { x: 100, y: 100 }, SIZE, 30);
    expect(project(moved, { x: 100, y: 100 }).x).toBeCloseTo(SIZE.width - 30, 6);
  });

  test("a single point is a picture as well", () => {
    const camera = fit(bounds([{ x: 3, y: 3 }]), SIZE, 20);
    expect(project(camera, { x: 3, y: 3 })).toEqual({ x: 200, y: 100 });
    expect(Number.isFinite(camera.scale)).toBe(true);
  });
});
