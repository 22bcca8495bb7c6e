import uPlot from "uplot";

import { clock } from "../app/format";
import type { History } from "../stream/history";
import { GUTTER_PX, RIGHT_PX } from "./ChartFrame";
import { decimate, extent } from "./decimate";
import { resolve } from "./palette";
import { Sight } from "./sight";
import type { ChartSpec, LineSpec } from "./spec";
import type { Paintable, Stage } from "./stage";
import { drawTimeMarks } from "./timeMarks";

const AXIS_PX = 26;
const TIME_STEPS_S = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400,
];

/** One uPlot and what it is fed. Lives as long as width and colours stay. */
export class LinePlot implements Paintable {
  private readonly plot: uPlot;
  private readonly stage: Stage;
  private readonly spec: ChartSpec;
  /** Its own, and behind them in the list those of the run that it is compared with. */
  private readonly lines: readonly LineSpec[];
  private readonly readouts: readonly (HTMLElement | null)[];
  private range: readonly [number, number] = [0, 1];
  private y: readonly [number, number] = [0, 1];
  private history: History;
  /** True while this chart's own crosshair moves the others'. */
  private leading = false;
  /** True while the crosshair is being put where another chart has it. */
  private following = false;
  private painted = "";
  private readonly sight: Sight;

  constructor(
    host: HTMLElement,
    width: number,
    stage: Stage,
    history: History,
    spec: ChartSpec,
    ghost: ChartSpec | null,
    readouts: readonly (HTMLElement | null)[],
  ) {
    this.stage = stage;
    this.history = history;
    this.spec = spec;
    this.readouts = readouts;
    this.lines = [...spec.lines, ...(ghost?.lines ?? [])];
    this.plot = new uPlot(this.options(width), [[], ...this.lines.map(() => [])], host);
    this.sight = new Sight(host, stage);
  }

  paint(history: History): void {
    if (history !== this.history || !this.sight.seen) return;
    const { spec, plot } = this;
    const [from, to] = (this.range = this.stage.range(history));
    const length = Math.max(history.length, ...this.lines.map(({ column }) => column.length));
    const now = `${from} ${to} ${history.length} ${length} ${this.stage.pastKey(history)}`;
    if (now === this.painted) return;
    this.painted = now;
    this.y = spec.range(...extent(this.lines, from, to));
    const width = plot.bbox.width / devicePixelRatio;
    plot.setData(decimate(this.lines, from, to, length, history.schema.tick_s, width), true);
    if (this.stage.pointed === null) this.read(this.stage.moment(history));
  }

  point(history: History, tick: number | null): void {
    this.read(tick ?? history.length - 1);
    if (this.leading) return;
    this.following = true;
    const left = tick === null ? -10 : this.plot.valToPos(history.time(tick), "x");
    this.plot.setCursor({ left, top: tick === null ? -10 : 0 });
    this.following = false;
  }

  destroy(): void {
    this.sight.end();
    this.plot.destroy();
  }

  private read(tick: number): void {
    this.spec.legend.forEach((item, i) => {
      const element = this.readouts[i];
      if (element) element.textContent = tick < 0 ? "–" : item.read(tick);
    });
  }

  private options(width: number): uPlot.Options {
    const { spec } = this;
    const muted = resolve("muted");
    const axis = {
      stroke: muted,
      font: "11px system-ui, sans-serif",
      grid: { stroke: resolve("grid"), width: 1 },
      ticks: { show: false },
      gap: 6,
    };
    return {
      width,
      height: spec.heightPx,
      padding: [8, RIGHT_PX, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        // The page's own double click shows the whole run again.
        bind: { dblclick: () => () => null },
      },
      scales: {
        x: {
          time: false,
          range: () => {
            const { tick_s } = this.history.schema;
            return [this.range[0] * tick_s, this.range[1] * tick_s];
          },
        },
        y: { range: () => [this.y[0], this.y[1]] },
      },
      axes: [
        {
          ...axis,
          size: AXIS_PX,
          gap: 9,
          incrs: TIME_STEPS_S,
          space: 70,
          values: (_, splits) => timeLabels(splits),
        },
        {
          ...axis,
          size: GUTTER_PX,
          space: 28,
          values: (_, splits) => splits.map(spec.axisLabel),
          ...(spec.splits ? { splits: (_, __, least, most) => spec.splits?.(least, most) ?? [] } : {}),
        },
      ],
      series: [
        {},
        ...this.lines.map((line, i): uPlot.Series => {
          const paths = spec.stepped ? uPlot.paths.stepped?.({ align: 1 }) : uPlot.paths.linear?.();
          const own = i < spec.lines.length;
          return {
            stroke: resolve(line.color),
            width: own ? line.widthPx : 1,
            ...(own ? {} : { dash: [5, 4], alpha: 0.75 }),
            points: { show: false },
            ...(paths ? { paths } : {}),
          };
        }),
      ],
      hooks: {
        drawClear: [
          (plot) => {
            this.shadeBand(plot);
          },
        ],
        drawAxes: [
          (plot) => {
            spec.underlay?.(plot, this.history, ...this.range);
            this.drawMarks(plot);
          },
        ],
        draw: [
          (plot) => {
            const [from, to] = this.range;
            const { top, height } = plot.bbox;
            const x = (tick: number) => plot.valToPos(this.history.time(tick), "x", true);
            drawTimeMarks(plot.ctx, this.stage, this.history, {
              unit: devicePixelRatio,
              top,
              height,
              from,
              to,
              x,
            });
          },
        ],
        setCursor: [
          (plot) => {
            if (this.following) return;
            const left = plot.cursor.left ?? -1;
            const tick = Math.floor(plot.posToVal(left, "x") / this.history.schema.tick_s + 1e-6);
            this.leading = true;
            this.stage.point(left < 0 ? null : tick);
            this.leading = false;
          },
        ],
        setSelect: [
          (plot) => {
            const { left, width: wide } = plot.select;
            if (wide < 4) return;
            const from_s = plot.posToVal(left, "x");
            const to_s = plot.posToVal(left + wide, "x");
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            this.stage.show({ kind: "chosen", from_s, to_s });
          },
        ],
      },
    };
  }

  private shadeBand(plot: uPlot): void {
    if (!this.spec.band) return;
    const { left, width } = plot.bbox;
    const [low, high] = this.spec.band;
    const top = plot.valToPos(high, "y", true);
    plot.ctx.fillStyle = resolve("band");
    plot.ctx.fillRect(left, top, width, plot.valToPos(low, "y", true) - top);
  }

  private drawMarks(plot: uPlot): void {
    const { ctx } = plot;
    const { left, width } = plot.bbox;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    // Marks of the same value share one line: their dashes take turns.
    const seen = new Map<number, number>();
    for (const mark of this.spec.marks) {
      const before = seen.get(mark.value) ?? 0;
      seen.set(mark.value, before + 1);
      const sharing = this.spec.marks.filter((other) => other.value === mark.value).length;
      const dash = 6 * devicePixelRatio;
      const y = Math.round(plot.valToPos(mark.value, "y", true));
      ctx.strokeStyle = resolve(mark.color);
      ctx.setLineDash([dash, dash * (2 * sharing - 1)]);
      ctx.lineDashOffset = -2 * dash * before;
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(left + width, y);
      ctx.stroke();
    }
    ctx.restore();
  }
}

function timeLabels(splits: readonly number[]): string[] {
  const fine = splits.some((t_s) => t_s % 1 > 0.01);
  return splits.map((t_s) => clock(t_s, fine));
}
