/**
 * Every bus phase as a thin line beneath the envelope. Kept on a canvas of its own: while the axes stand still only the newest
 * buckets are drawn, so that 253 lines cost no more a frame than the pixels that are new.
 */

import type uPlot from "uplot";

import { bucketTicks, type Extremes } from "../stream/buffers";
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
    pen.lineWidth = Math.max(1, devicePixelRatio * 0.75);
    pen.lineJoin = "round";
    pen.globalAlpha = history.voltages.length > 100 ? 0.16 : 0.3;
    for (const line of history.voltages) {
      pen.strokeStyle = resolve(`phase-${line.phase}`);
      pen.beginPath();
      let down = false;
      if (begin > from) {
        // The new stretch joins the old one where it ended, without going over any of it twice.
        const { lo, hi } = line.v.extremes(begin - ticks, begin, found);
        down = !Number.isNaN(lo);
        if (down) pen.moveTo(x(begin - ticks), y(rises(begin - ticks, ticks) ? hi : lo));
      }
      for (let at = begin; at < end; at += ticks) {
        const { lo, hi } = line.v.extremes(at, at + ticks, found);
        if (Number.isNaN(lo)) {
          down = false;
          continue;
        }
        const up = rises(at, ticks);
        if (down) pen.lineTo(x(at), y(up ? lo : hi));
        else pen.moveTo(x(at), y(up ? lo : hi));
        if (hi !== lo) pen.lineTo(x(at), y(up ? hi : lo));
        down = true;
      }
      pen.stroke();
    }
    this.drawn = end;
  }
}

/** Every other bucket is drawn upwards: a noisy line becomes a band of its own height rather than a saw. */
function rises(at: number, ticks: number): boolean {
  return (at / ticks) % 2 === 0;
}
