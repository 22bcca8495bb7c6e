/** uPlot, set up for the lines of several runs on one time axis. */

import uPlot from "uplot";

import { clock } from "../app/format";
import { resolve } from "../charts/palette";
import type { Series } from "./model";
import type { Stroke } from "./strokes";

export interface OverlayData {
  readonly t_s: readonly number[];
  readonly lines: readonly { readonly values: Series; readonly stroke: Stroke }[];
  readonly digits: number;
}

const GUTTER_PX = 62;
/** Share of the plot's width by which an arrow key moves the crosshair. */
const STEP = 1 / 200;

export class OverlayPlot {
  private readonly plot: uPlot;

  /** `onPoint` is told the row under the crosshair, null where there is none. Plots of one `group` share it. */
  constructor(
    host: HTMLElement,
    width: number,
    height: number,
    data: OverlayData,
    group: string,
    onPoint: (row: number | null) => void,
  ) {
    const ink = resolve("muted");
    const grid = { stroke: resolve("grid"), width: 1 };
    const axis = { stroke: ink, grid, ticks: grid, font: "11px system-ui, sans-serif" };
    this.plot = new uPlot(
      {
        width,
        height,
        scales: { x: { time: false } },
        legend: { show: false },
        cursor: {
          y: false,
          drag: { x: true, y: false },
          points: { size: 6 },
          sync: { key: group, setSeries: false },
        },
        axes: [
          { ...axis, size: 28, values: (_, splits) => splits.map((t_s) => clock(t_s)) },
          {
            ...axis,
            size: GUTTER_PX,
            values: (_, splits) => splits.map((value) => tidy(value, data.digits)),
          },
        ],
        series: [
          {},
          ...data.lines.map(({ stroke }) => ({
            stroke: resolve(stroke.token),
            width: 1.6,
            dash: [...stroke.dash],
            points: { show: false },
          })),
        ],
        hooks: {
          setCursor: [
            ({ cursor }) => {
              onPoint((cursor.left ?? -1) < 0 ? null : (cursor.idx ?? null));
            },
          ],
        },
      },
      [[...data.t_s], ...data.lines.map(({ values }) => [...values])],
      host,
    );
  }

  /** Moves the crosshair by so many steps; from the middle where there is none. */
  nudge(steps: number): void {
    const width = this.plot.over.clientWidth;
    const left = this.plot.cursor.left ?? -1;
    const from = left < 0 ? width / 2 : left;
    this.plot.setCursor({ left: Math.min(width - 1, Math.max(0, from + steps * STEP * width)), top: 1 });
  }

  leave(): void {
    this.plot.setCursor({ left: -10, top: -10 });
  }

  /** Shows the whole time again. */
  whole(): void {
    const [t_s] = this.plot.data;
    this.plot.setScale("x", { min: t_s[0] ?? 0, max: t_s.at(-1) ?? 1 });
  }

  destroy(): void {
    this.plot.destroy();
  }
}

function tidy(value: number, digits: number): string {
  return value.toFixed(digits).replace(/(\.\d*?[1-9])0+$|\.0+$/, "$1");
}
