/** Thin lines across a chart at moments: where people's commands took effect, and the moment that a person went back to. */

import type { History } from "../stream/history";
import { resolve } from "./palette";
import type { Stage } from "./stage";

/** In units of the pen. `x` places a tick. */
export interface MarkArea {
  /** A CSS pixel. */
  readonly unit: number;
  readonly top: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  readonly x: (tick: number) => number;
}

const FLAG_PX = 4;

export function drawTimeMarks(
  pen: CanvasRenderingContext2D,
  stage: Stage,
  history: History,
  area: MarkArea,
): void {
  const { unit, top, height, from, to, x } = area;
  pen.save();
  pen.setLineDash([]);
  pen.lineWidth = unit;
  pen.strokeStyle = pen.fillStyle = resolve("touch");
  for (const { tick } of history.touches) {
    if (tick < from || tick > to) continue;
    const at = Math.round(x(tick)) + unit / 2;
    pen.globalAlpha = 0.55;
    line(pen, at, top, height);
    pen.globalAlpha = 1;
    pen.beginPath();
    pen.moveTo(at - FLAG_PX * unit, top);
    pen.lineTo(at + FLAG_PX * unit, top);
    pen.lineTo(at, top + 1.5 * FLAG_PX * unit);
    pen.fill();
  }
  const { seeked } = stage;
  if (seeked !== null && seeked >= from && seeked <= to) {
    pen.strokeStyle = resolve("ink");
    line(pen, Math.round(x(seeked)) + unit / 2, top, height);
  }
  pen.restore();
}

function line(pen: CanvasRenderingContext2D, at: number, top: number, height: number): void {
  pen.beginPath();
  pen.moveTo(at, top);
  pen.lineTo(at, top + height);
  pen.stroke();
}
