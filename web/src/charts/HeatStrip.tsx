import { type PointerEvent, useEffect, useRef } from "react";

import { clock, pu } from "../app/format";
import { bucketTicks, type Extremes } from "../stream/buffers";
import type { BusPhase, History } from "../stream/history";
import { ChartFrame, GUTTER_PX, RIGHT_PX } from "./ChartFrame";
import classes from "./charts.module.css";
import { HEAT, heat, type HeatColors, worst } from "./heat";
import { resolve } from "./palette";
import { Sight } from "./sight";
import type { Paintable, Stage } from "./stage";
import { useScheme } from "./useScheme";
import { useWidth } from "./useWidth";

interface Props {
  readonly stage: Stage;
  readonly history: History;
}

const MIN_LABEL_PX = 11;

/** Few rows are tall enough to be labelled; many share the height of a chart. */
function stripHeight(rows: number): number {
  return Math.round(Math.min(380, Math.max(rows * 6, rows * 1.5, 60)));
}

export function HeatStrip({ stage, history }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const hair = useRef<HTMLDivElement>(null);
  const readouts = useRef<(HTMLElement | null)[]>([]);
  const strip = useRef<Strip>(null);
  const width = useWidth(host);
  const scheme = useScheme();
  const height = stripHeight(history.voltages.length);
  const { v_min, v_max } = history.schema;

  useEffect(() => {
    if (!canvas.current || !hair.current || width === 0) return;
    const made = new Strip(
      canvas.current,
      hair.current,
      width,
      height,
      stage,
      history,
      HEAT[scheme],
      () => readouts.current[0],
    );
    strip.current = made;
    const leave = stage.add(made);
    return () => {
      leave();
      made.destroy();
    };
  }, [stage, history, width, height, scheme]);

  const onPointerMove = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    strip.current?.hover(event.clientX - box.left, event.clientY - box.top);
  };

  return (
    <ChartFrame
      stage={stage}
      title="Voltage by bus"
      unit="one row a bus phase; the worst voltage of each moment"
      legend={[]}
      readouts={readouts}
      summary={() => summary(history)}
      aside={
        <>
          <li className={classes["scale"]}>
            under {v_min}
            <span
              className={classes["ramp"]}
              style={{ background: ramp(v_min, v_max, HEAT[scheme]) }}
              aria-hidden="true"
            />
            over {v_max} pu
          </li>
          <li>
            <output
              className={classes["readout"]}
              aria-live="off"
              ref={(element) => {
                readouts.current[0] = element;
              }}
            />
          </li>
        </>
      }
    >
      <div
        ref={host}
        className={classes["strip"]}
        style={{ height }}
        onPointerMove={onPointerMove}
        onPointerLeave={() => {
          strip.current?.hover(-1, -1);
        }}
      >
        <canvas ref={canvas} aria-hidden="true" />
        <div ref={hair} className={classes["hair"]} hidden />
      </div>
    </ChartFrame>
  );
}

function ramp(v_min: number, v_max: number, colors: HeatColors): string {
  const stops = [];
  const from = v_min - 0.015;
  const to = v_max + 0.015;
  for (let i = 0; i <= 40; i++) {
    stops.push(`rgb(${heat(from + ((to - from) * i) / 40, v_min, v_max, colors).join(" ")})`);
  }
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}

function summary(history: History): string {
  const { v_min, v_max } = history.schema;
  const out = history.voltages.filter(({ v }) => v.last() < v_min || v.last() > v_max);
  const names = out.slice(0, 5).map(({ bus, phase }) => `${bus}.${phase}`);
  const more = out.length > names.length ? ` and ${out.length - names.length} more` : "";
  return `Voltage by bus: ${out.length} of ${history.voltages.length} bus phases are outside the limits now${
    out.length ? `: ${names.join(", ")}${more}` : ""
  }.`;
}

/** Rows of one bus stand together, buses in the order of the run. */
function rowsByBus(history: History): BusPhase[] {
  const order = new Map<string, number>();
  for (const { bus } of history.voltages) if (!order.has(bus)) order.set(bus, order.size);
  return [...history.voltages].sort(
    (one, other) =>
      (order.get(one.bus) ?? 0) - (order.get(other.bus) ?? 0) || one.phase.localeCompare(other.phase),
  );
}

const found: Extremes = { lo: NaN, hi: NaN };

/** The picture: one image pixel a row and bucket, filled as the run goes on and stretched over the strip. */
class Strip implements Paintable {
  private readonly image = document.createElement("canvas");
  private readonly rows: readonly BusPhase[];
  private axes = "";
  private drawn = 0;
  private range: readonly [number, number] = [0, 1];
  private hovered: number | null = null;
  private readonly sight: Sight;
  private readonly canvas: HTMLCanvasElement;
  private readonly hair: HTMLElement;
  private readonly width: number;
  private readonly height: number;
  private readonly stage: Stage;
  private readonly history: History;
  private readonly colors: HeatColors;
  private readonly readout: () => HTMLElement | null | undefined;

  constructor(
    canvas: HTMLCanvasElement,
    hair: HTMLElement,
    width: number,
    height: number,
    stage: Stage,
    history: History,
    colors: HeatColors,
    readout: () => HTMLElement | null | undefined,
  ) {
    this.canvas = canvas;
    this.hair = hair;
    this.width = width;
    this.height = height;
    this.stage = stage;
    this.history = history;
    this.colors = colors;
    this.readout = readout;
    this.rows = rowsByBus(history);
    this.sight = new Sight(canvas, stage);
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }

  paint(history: History): void {
    if (history !== this.history || !this.sight.seen) return;
    const [from, to] = (this.range = this.stage.range(history));
    const ticks = bucketTicks(from, to, this.plotWidth);
    const first = Math.floor(from / ticks);
    const columns = Math.max(1, Math.ceil(to / ticks) - first);
    const axes = `${from} ${to}`;
    if (axes !== this.axes) {
      this.axes = axes;
      this.image.width = columns;
      this.image.height = Math.max(1, this.rows.length);
      this.drawn = from;
    }
    if (!this.fill(first, ticks, Math.min(to, history.length))) return;
    this.stretch(from, to, first * ticks, columns * ticks);
  }

  point(history: History, tick: number | null): void {
    const [from, to] = this.range;
    const shown = tick !== null && tick >= from && tick <= to;
    this.hair.hidden = !shown;
    if (shown) {
      const x = GUTTER_PX + ((tick - from) / (to - from)) * this.plotWidth;
      this.hair.style.transform = `translateX(${x}px)`;
    }
    const element = this.readout();
    const row = this.hovered === null ? undefined : this.rows[this.hovered];
    if (!element) return;
    element.textContent =
      row && tick !== null
        ? `${row.bus}.${row.phase} ${pu(row.v.at(tick))} at ${clock(history.time(tick), true)}`
        : "";
  }

  destroy(): void {
    this.sight.end();
  }

  hover(x: number, y: number): void {
    const [from, to] = this.range;
    const share = (x - GUTTER_PX) / this.plotWidth;
    const inside = share >= 0 && share <= 1;
    this.hovered = inside ? Math.floor((y / this.height) * this.rows.length) : null;
    this.stage.point(inside ? Math.floor(from + share * (to - from)) : null);
  }

  private get plotWidth(): number {
    return Math.max(1, this.width - GUTTER_PX - RIGHT_PX);
  }

  /** Draws the buckets from the last one drawn, which may have been incomplete. False where nothing is new. */
  private fill(first: number, ticks: number, end: number): boolean {
    const pen = this.image.getContext("2d");
    if (!pen) return false;
    const begin = Math.floor(this.drawn / ticks);
    const last = Math.ceil(end / ticks);
    const columns = Math.min(last - begin, this.image.width - (begin - first));
    if (columns <= 0) return this.drawn === this.range[0];
    const { v_min, v_max } = this.history.schema;
    const picture = pen.createImageData(columns, this.rows.length);
    this.rows.forEach(({ v }, row) => {
      for (let i = 0; i < columns; i++) {
        const at = (begin + i) * ticks;
        const { lo, hi } = v.extremes(at, Math.min(at + ticks, end), found);
        if (Number.isNaN(lo)) continue;
        const [r, g, b] = heat(worst(lo, hi, v_min, v_max), v_min, v_max, this.colors);
        picture.data.set([r, g, b, 255], (row * columns + i) * 4);
      }
    });
    pen.putImageData(picture, begin - first, 0);
    this.drawn = end;
    return true;
  }

  private stretch(from: number, to: number, imageFrom: number, imageTicks: number): void {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const scale = this.plotWidth / (to - from);
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.imageSmoothingEnabled = false;
    pen.save();
    pen.beginPath();
    pen.rect(GUTTER_PX, 0, this.plotWidth, this.height);
    pen.clip();
    pen.drawImage(this.image, GUTTER_PX + (imageFrom - from) * scale, 0, imageTicks * scale, this.height);
    pen.restore();
    this.label(pen);
  }

  private label(pen: CanvasRenderingContext2D): void {
    const rowPx = this.height / this.rows.length;
    pen.font = "10px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillStyle = resolve("muted");
    let free = 0;
    this.rows.forEach(({ bus }, row) => {
      if (bus === this.rows[row - 1]?.bus) return;
      let end = row + 1;
      while (this.rows[end]?.bus === bus) end++;
      const y = ((row + end) / 2) * rowPx;
      if (y - MIN_LABEL_PX / 2 < free) return;
      pen.fillText(bus, GUTTER_PX - 8, y, GUTTER_PX - 10);
      free = y + MIN_LABEL_PX / 2;
    });
  }
}
