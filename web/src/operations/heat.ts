/** A heatmap as it is drawn: places, colours, and where the keyboard goes. Pure. */

import type { Rgb } from "../charts/heat";
import type { Cell, Heatmap } from "../api/results";

export type CellState = "waiting" | "done" | "failed";

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** What stands where nothing has come yet. */
const WAITING: Omit<Cell, "x" | "y"> = { status: "done", reason: null, value: null };

/** Cells by their places. */
export class Cells {
  readonly columns: number;
  readonly rows: number;
  readonly lowest: number | null;
  readonly highest: number | null;
  private readonly found: ReadonlyMap<number, Cell>;

  constructor({ x, y, cells }: Pick<Heatmap, "x" | "y" | "cells">) {
    this.columns = x.length;
    this.rows = y.length;
    this.found = new Map(cells.map((cell) => [cell.y * x.length + cell.x, cell]));
    const values = cells.flatMap(({ value }) => (value === null ? [] : [value]));
    this.lowest = values.length > 0 ? Math.min(...values) : null;
    this.highest = values.length > 0 ? Math.max(...values) : null;
  }

  at(spot: Spot): Cell {
    return this.found.get(spot.y * this.columns + spot.x) ?? { ...WAITING, ...spot };
  }

  /** What has a figure is done; what is over without one is marked, whatever the reason. */
  state(spot: Spot): CellState {
    const cell = this.found.get(spot.y * this.columns + spot.x);
    if (!cell) return "waiting";
    return cell.status !== "done" || cell.value === null ? "failed" : "done";
  }
}

/** From 0, the best, to 1, the worst; none is bad where all are the same. */
export function badness(value: number, { lowest, highest }: Cells, better: Heatmap["better"]): number {
  if (lowest === null || highest === null || highest === lowest) return 0;
  const share = (value - lowest) / (highest - lowest);
  return better === "minimize" ? share : 1 - share;
}

/**
 * From good to bad: lightness goes one way all along, so that the order is seen whatever colours one tells apart, and what is bad stands
 * out from the page.
 */
const RAMPS: Readonly<Record<"light" | "dark", readonly Rgb[]>> = {
  light: [
    [243, 240, 226],
    [250, 211, 145],
    [240, 152, 92],
    [206, 86, 92],
    [137, 45, 110],
    [62, 22, 86],
  ],
  dark: [
    [36, 34, 56],
    [82, 38, 104],
    [142, 50, 112],
    [206, 84, 92],
    [242, 148, 88],
    [252, 226, 160],
  ],
};

export function shade(badness: number, scheme: "light" | "dark"): Rgb {
  const stops = RAMPS[scheme];
  const at = Math.max(0, Math.min(1, badness)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const [from, to] = [stops[i], stops[i + 1]];
  if (!from || !to) return [128, 128, 128];
  const mix = (k: 0 | 1 | 2) => Math.round(from[k] + (to[k] - from[k]) * (at - i));
  return [mix(0), mix(1), mix(2)];
}

/** From good to bad, as a CSS gradient. */
export function ramp(scheme: "light" | "dark"): string {
  return `linear-gradient(90deg, ${RAMPS[scheme].map((stop) => `rgb(${stop.join(" ")})`).join(", ")})`;
}

/** Relative luminance (WCAG 2). */
export function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((channel) => {
    const share = channel / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

/** Black or white, whichever is read more easily on a colour. */
export function inkOn(rgb: Rgb): "#000" | "#fff" {
  const light = luminance(rgb);
  return (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? "#000" : "#fff";
}

/** Where a key leads; null for one that leads nowhere. Rows go upwards, as on any chart. */
export function moved(from: Spot, key: string, columns: number, rows: number): Spot | null {
  const within = (x: number, y: number): Spot => ({
    x: Math.max(0, Math.min(columns - 1, x)),
    y: Math.max(0, Math.min(rows - 1, y)),
  });
  switch (key) {
    case "ArrowLeft":
      return within(from.x - 1, from.y);
    case "ArrowRight":
      return within(from.x + 1, from.y);
    case "ArrowUp":
      return within(from.x, from.y + 1);
    case "ArrowDown":
      return within(from.x, from.y - 1);
    case "Home":
      return within(0, from.y);
    case "End":
      return within(columns - 1, from.y);
    case "PageUp":
      return within(from.x, rows - 1);
    case "PageDown":
      return within(from.x, 0);
    default:
      return null;
  }
}

/** Where a value lies along an axis of equal cells, as a share of its length; null outside of it. */
export function along(axis: readonly number[], value: number | null): number | null {
  const [first, last] = [axis[0], axis.at(-1)];
  if (value === null || first === undefined || last === undefined) return null;
  const step = axis.length > 1 ? (last - first) / (axis.length - 1) : 1;
  const share = ((value - first) / step + 0.5) / axis.length;
  return share < 0 || share > 1 ? null : share;
}

/** Indices of at most `most` ticks of an axis, evenly spread, both ends among them. */
export function ticksOf(length: number, most: number): readonly number[] {
  if (length <= most) return Array.from({ length }, (_, i) => i);
  const every = Math.ceil((length - 1) / Math.max(1, most - 1));
  const found = [];
  for (let i = 0; i < length - every / 2 - 0.5; i += every) found.push(i);
  return [...found, length - 1];
}

/** The sign of the best cell, about (0, 0). */
export const STAR = "M0-5.4L1.6-1.7L5.4-1.6L2.4.9L3.5 4.8L0 2.6L-3.5 4.8L-2.4.9L-5.4-1.6L-1.6-1.7Z";
