/** The geometry of a feeder's small picture. */

import type { Feeder } from "../api/feeder";
import type { Json } from "../stream/frames";
import { isList, isObject } from "./config";

export type Point = readonly [x: number, y: number];

export interface Picture {
  /** One SVG path of all lines: light enough for a card each. */
  readonly lines: string;
  readonly at: ReadonlyMap<string, Point>;
}

/** Fits the feeder's coordinates (y upwards) into a box, keeping its proportions. */
export function pictureOf(feeder: Feeder, width: number, height: number, margin: number): Picture {
  const xs = feeder.buses.map(({ x }) => x);
  const ys = feeder.buses.map(({ y }) => y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min(
    (width - 2 * margin) / Math.max(right - left, 1e-9),
    (height - 2 * margin) / Math.max(high - low, 1e-9),
  );
  const [x0, y0] = [(width - (right - left) * scale) / 2, (height - (high - low) * scale) / 2];
  const tenths = (n: number) => Math.round(10 * n) / 10;
  const at = new Map(
    feeder.buses.map(({ name, x, y }) => [
      name,
      [tenths(x0 + (x - left) * scale), tenths(y0 + (high - y) * scale)] as const,
    ]),
  );
  const lines = feeder.edges.flatMap(({ from, to }) => {
    const [a, b] = [at.get(from), at.get(to)];
    return a && b && (a[0] !== b[0] || a[1] !== b[1]) ? [`M${a[0]} ${a[1]}L${b[0]} ${b[1]}`] : [];
  });
  return { lines: lines.join(""), at };
}

/** Buses at which a part of the configuration (`datacenters`, `storages`, ...) stands. */
export function busesOf(config: Json | null, part: string): readonly string[] {
  const items =
    isObject(config ?? undefined) && config !== null ? (config as Record<string, Json>)[part] : [];
  if (!isList(items)) return [];
  return items.flatMap((item) => (isObject(item) && typeof item["bus"] === "string" ? [item["bus"]] : []));
}
