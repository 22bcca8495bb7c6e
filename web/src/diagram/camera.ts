/** From the diagram's plane (y upwards) to pixels (y downwards), and how wheel, drag and keys move it. Pure. */

import type { Point } from "./graph";

export interface Camera {
  /** Pixels a unit of the plane. */
  readonly scale: number;
  /** Pixel at which the plane's origin stands. */
  readonly left: number;
  readonly top: number;
}

export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Closest look, as a multiple of the look at the whole. */
const CLOSEST = 12;

export function bounds(points: Iterable<Point>): Box {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    x0 = Math.min(x0, x);
    y0 = Math.min(y0, y);
    x1 = Math.max(x1, x);
    y1 = Math.max(y1, y);
  }
  return x0 <= x1 ? { x0, y0, x1, y1 } : { x0: 0, y0: 0, x1: 1, y1: 1 };
}

/** All of the box in sight, in the middle, with `margin` pixels around. */
export function fit(box: Box, { width, height }: Size, margin: number): Camera {
  const wide = Math.max(1e-9, box.x1 - box.x0);
  const high = Math.max(1e-9, box.y1 - box.y0);
  const scale = Math.min(Math.max(1, width - 2 * margin) / wide, Math.max(1, height - 2 * margin) / high);
  return {
    scale,
    left: width / 2 - ((box.x0 + box.x1) / 2) * scale,
    top: height / 2 + ((box.y0 + box.y1) / 2) * scale,
  };
}

export function project({ scale, left, top }: Camera, { x, y }: Point): Point {
  return { x: left + x * scale, y: top - y * scale };
}

/** Nearer by `factor`, with the plane under the pixel (px, py) where it was; between the whole and the closest look. */
export function zoom(camera: Camera, whole: Camera, factor: number, px: number, py: number): Camera {
  const scale = Math.min(CLOSEST * whole.scale, Math.max(whole.scale, camera.scale * factor));
  if (scale === whole.scale) return whole;
  const by = scale / camera.scale;
  return { scale, left: px - (px - camera.left) * by, top: py - (py - camera.top) * by };
}

/** Moved by pixels, but never so far that the box leaves the sight: a third of the window stays covered by it. */
export function pan(camera: Camera, box: Box, { width, height }: Size, dx: number, dy: number): Camera {
  const least = project(camera, { x: box.x0, y: box.y1 });
  const most = project(camera, { x: box.x1, y: box.y0 });
  const within = (by: number, low: number, high: number, size: number) =>
    Math.max(size / 3 - high, Math.min(size - size / 3 - low, by));
  return {
    scale: camera.scale,
    left: camera.left + within(dx, least.x, most.x, width),
    top: camera.top + within(dy, least.y, most.y, height),
  };
}

/** Moved as little as it takes for a point to be `margin` pixels within sight. */
export function follow(camera: Camera, point: Point, { width, height }: Size, margin: number): Camera {
  const { x, y } = project(camera, point);
  const by = (at: number, size: number) =>
    at < margin ? margin - at : at > size - margin ? size - margin - at : 0;
  const [dx, dy] = [by(x, width), by(y, height)];
  return dx === 0 && dy === 0
    ? camera
    : { scale: camera.scale, left: camera.left + dx, top: camera.top + dy };
}
