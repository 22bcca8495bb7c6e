/**
 * Every bus phase as a thin line beneath the envelope. Kept on a canvas of its own: while the axes stand still only the newest
 * buckets are drawn, so that 253 lines cost no more a frame than the pixels that are new.
 */

import type uPlot from "uplot";

import { bucketTicks, type Column, type Extremes } from "../stream/buffers";
import type { History } from "../stream/history";
import { resolve } from "./palette";

const found: Extremes = { lo: NaN, hi: NaN };

export class VoltageLines {
  private readonly canvas = document.createElement("canvas");
  private axes = "";
  private source: History | null = null;
  /** Ticks drawn so far. */
  private drawn = 0;

  /** Draws into the plot's canvas, between its grid and its series. */
  draw(plot: uPlot, history: History, from: number, to: number): void {
    const { left, top, width, height } = plot.bbox;
    const min = plot.scales["y"]?.min ?? 0;
    const max = plot.scales["y"]?.max ?? 1;
    const axes = [from, to, width, height, min, max, resolve("phase-a")].join();
    if (axes !== this.axes || history !== this.source) {
      this.axes = axes;
      this.source = history;
      this.canvas.width = Math.max(1, Math.round(width));
      this.canvas.height = Math.max(1, Math.round(height));
      this.drawn = from;
    }
    this.extend(history, from, to, min, max);
    plot.ctx.drawImage(this.canvas, left, top);
  }

  private extend(history: History, from: number, to: number, min: number, max: number): void {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const { width, height } = this.canvas;
    const ticks = bucketTicks(from, to, width / 2);
    const ended = Math.min(to, history.length);
    // Only whole buckets, so that what is drawn stays true; the rest of the last one is less than two pixels.
    const end = ended - (ended % ticks);
    const begin = this.drawn - (this.drawn % ticks);
    if (end <= begin) return;
    const x = (tick: number) => ((tick - from) / (to - from)) * width;
    const y = (v: number) => ((max - v) / (max - min)) * height;
    const thick = Math.max(1, devicePixelRatio * 0.75);
    pen.lineWidth = thick;
    pen.lineJoin = "round";
    pen.globalAlpha = history.voltages.length > 100 ? 0.14 : 0.24;
    for (const { phase, v } of history.voltages) {
      pen.beginPath();
      if (ticks === 1) {
        pen.strokeStyle = resolve(`phase-${phase}`);
        // One tick back, so that the new stretch joins the old one.
        trace(pen, v, Math.max(from, begin - 1), end, x, y);
        pen.stroke();
      } else {
        pen.fillStyle = resolve(`phase-${phase}`);
        band(pen, v, Math.max(from, begin), end, ticks, thick, x, y);
        pen.fill();
      }
    }
    this.drawn = end;
  }
}

type Place = (value: number) => number;

/** Few ticks: a line from value to value. */
function trace(
  pen: CanvasRenderingContext2D,
  v: Column,
  from: number,
  end: number,
  x: Place,
  y: Place,
): void {
  let down = false;
  for (let at = from; at < end; at++) {
    const value = v.at(at);
    if (Number.isNaN(value)) down = false;
    else if (down) pen.lineTo(x(at), y(value));
    else {
      pen.moveTo(x(at), y(value));
      down = true;
    }
  }
}

/** Many ticks: a bar from the lowest to the highest of each bucket, long enough to touch the one before. */
function band(
  pen: CanvasRenderingContext2D,
  v: Column,
  from: number,
  end: number,
  ticks: number,
  thick: number,
  x: Place,
  y: Place,
): void {
  const before = v.extremes(from - ticks, from, found);
  let lastLo = before.lo;
  let lastHi = before.hi;
  for (let at = from; at < end; at += ticks) {
    const { lo, hi } = v.extremes(at, at + ticks, found);
    if (!Number.isNaN(lo)) {
      // Math.min and Math.max would hand on the NaN of a hole before.
      const bottom = y(lastHi < lo ? lastHi : lo);
      const top = y(lastLo > hi ? lastLo : hi);
      const height = Math.max(thick, bottom - top);
      pen.rect(x(at), (top + bottom - height) / 2, x(at + ticks) - x(at), height);
    }
    lastLo = lo;
    lastHi = hi;
  }
}
