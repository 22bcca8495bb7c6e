/**
 * Every bus phase as a thin line beneath the envelope. Kept on a canvas of its own: while the axes stand still only the newest
 * buckets are drawn, so that 253 lines cost no more a frame than the pixels that are new.
 */

import type uPlot from "uplot";

import { bucketTicks, type Column, type Extremes } from "../stream/buffers";
import type { History } from "../stream/history";
import { resolve } from "./palette";

const found: Extremes = { lo: NaN, hi: NaN };

/**
 * The canvas is a ring: it is as wide as the stretch shown, and a tick has its place on it by its number modulo that stretch.
 * So a stretch that moves on costs no more than one that stands.
 */
export class VoltageLines {
  private readonly canvas = document.createElement("canvas");
  private axes = "";
  private source: History | null = null;
  /** The canvas is true for the ticks `[since, drawn)`. */
  private since = 0;
  private drawn = 0;

  /** Draws into the plot's canvas, between its grid and its series. */
  draw(plot: uPlot, history: History, from: number, to: number): void {
    const { left, top } = plot.bbox;
    const width = Math.max(1, Math.round(plot.bbox.width));
    const height = Math.max(1, Math.round(plot.bbox.height));
    const min = plot.scales["y"]?.min ?? 0;
    const max = plot.scales["y"]?.max ?? 1;
    const span = to - from;
    const axes = [span, width, height, min, max, resolve("phase-a"), history.revision].join();
    const anew = axes !== this.axes || history !== this.source;
    if (anew || from < this.since || from >= this.drawn) {
      this.axes = axes;
      this.source = history;
      this.canvas.width = width;
      this.canvas.height = height;
      this.since = this.drawn = from;
    }
    this.extend(history, span, to, min, max);
    this.since = Math.max(this.since, this.drawn - span);

    const scale = width / span;
    for (let at = from; at < this.drawn;) {
      const turn = at - (at % span);
      const end = Math.min(turn + span, this.drawn);
      const wide = (end - at) * scale;
      plot.ctx.drawImage(
        this.canvas,
        (at - turn) * scale,
        0,
        wide,
        height,
        left + (at - from) * scale,
        top,
        wide,
        height,
      );
      at = end;
    }
  }

  /** Draws the whole buckets that have come, so that what is drawn stays true; the rest of the last is less than two pixels. */
  private extend(history: History, span: number, to: number, min: number, max: number): void {
    const ticks = bucketTicks(0, span, this.canvas.width / 2);
    const ended = Math.min(to, history.length);
    const end = ended - (ended % ticks);
    while (this.drawn < end) {
      // One turn of the ring at a time.
      const turn = this.drawn - (this.drawn % span);
      const until = Math.min(end, turn + span);
      this.stretch(history, this.drawn, until, ticks, turn, span, min, max);
      this.drawn = until;
    }
  }

  private stretch(
    history: History,
    begin: number,
    end: number,
    ticks: number,
    turn: number,
    span: number,
    min: number,
    max: number,
  ): void {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const { width, height } = this.canvas;
    const x = (tick: number) => ((tick - turn) / span) * width;
    const y = (v: number) => ((max - v) / (max - min)) * height;
    const thick = Math.max(1, devicePixelRatio * 0.75);
    // On whole pixels: an edge within one would leave a faint seam.
    pen.clearRect(Math.round(x(begin)), 0, Math.round(x(end)) - Math.round(x(begin)), height);
    pen.lineWidth = thick;
    pen.lineJoin = "round";
    pen.globalAlpha = history.voltages.length > 100 ? 0.14 : 0.24;
    for (const { phase, v } of history.voltages) {
      pen.beginPath();
      if (ticks === 1) {
        pen.strokeStyle = resolve(`phase-${phase}`);
        // One tick back, so that the new stretch joins the old one.
        trace(pen, v, begin - 1, end, x, y);
        pen.stroke();
      } else {
        pen.fillStyle = resolve(`phase-${phase}`);
        band(pen, v, begin, end, ticks, thick, x, y);
        pen.fill();
      }
    }
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
  for (let at = from; at < end;) {
    // Up to the next edge: a stretch may begin within a bucket.
    const next = Math.min(end, at - (at % ticks) + ticks);
    const { lo, hi } = v.extremes(at, next, found);
    if (!Number.isNaN(lo)) {
      // Math.min and Math.max would hand on the NaN of a hole before.
      const bottom = y(lastHi < lo ? lastHi : lo);
      const top = y(lastLo > hi ? lastLo : hi);
      const height = Math.max(thick, bottom - top);
      pen.rect(x(at), (top + bottom - height) / 2, x(next) - x(at), height);
    }
    lastLo = lo;
    lastHi = hi;
    at = next;
  }
}
