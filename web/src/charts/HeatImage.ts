import { clock, pu } from "../app/format";
import { bucketTicks, type Extremes } from "../stream/buffers";
import type { BusPhase, History } from "../stream/history";
import { GUTTER_PX, RIGHT_PX } from "./ChartFrame";
import { type HeatColors, Shades, worst } from "./heat";
import { resolve } from "./palette";
import { Sight } from "./sight";
import type { Paintable, Stage } from "./stage";
import { drawTimeMarks } from "./timeMarks";

const MIN_LABEL_PX = 11;

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

/**
 * The picture: one image pixel a row and bucket, filled as the run goes on and stretched over the strip. A ring like
 * `VoltageLines`: a bucket has its column by its number modulo the width of the image.
 */
export class HeatImage implements Paintable {
  private readonly image = document.createElement("canvas");
  private readonly rows: readonly BusPhase[];
  private readonly shades: Shades;
  private ticks = 0;
  /** The image is true for the ticks from the bucket `since` up to `drawn`. */
  private since = 0;
  private drawn = 0;
  private painted = "";
  private revision = -1;
  private range: readonly [number, number] = [0, 1];
  private hovered: number | null = null;
  private readonly sight: Sight;
  private readonly canvas: HTMLCanvasElement;
  private readonly hair: HTMLElement;
  private readonly width: number;
  private readonly height: number;
  private readonly stage: Stage;
  private readonly history: History;
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
    this.readout = readout;
    this.rows = rowsByBus(history);
    this.shades = new Shades(history.schema.v_min, history.schema.v_max, colors);
    this.sight = new Sight(canvas, stage);
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }

  paint(history: History): void {
    if (history !== this.history || !this.sight.seen) return;
    const [from, to] = (this.range = this.stage.range(history));
    const now = `${from} ${to} ${history.length} ${this.stage.pastKey(history)}`;
    if (now === this.painted) return;
    this.painted = now;
    const ticks = bucketTicks(0, to - from, this.plotWidth);
    // One more than the stretch has: it may begin and end within a bucket.
    const columns = Math.ceil((to - from) / ticks) + 1;
    const first = Math.floor(from / ticks);
    const anew = ticks !== this.ticks || columns !== this.image.width || history.revision !== this.revision;
    if (anew || first < this.since || from > this.drawn) {
      this.revision = history.revision;
      this.ticks = ticks;
      this.image.width = columns;
      this.image.height = Math.max(1, this.rows.length);
      this.since = first;
      this.drawn = from;
    }
    const end = Math.min(to, history.length);
    this.fill(end);
    this.since = Math.max(this.since, Math.ceil(end / ticks) - columns);
    this.stretch(from, to, first, Math.ceil(end / ticks));
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

  hover(x: number, y: number): void {
    const [from, to] = this.range;
    const share = (x - GUTTER_PX) / this.plotWidth;
    const inside = share >= 0 && share <= 1;
    this.hovered = inside ? Math.floor((y / this.height) * this.rows.length) : null;
    this.stage.point(inside ? Math.floor(from + share * (to - from)) : null);
  }

  destroy(): void {
    this.sight.end();
  }

  private get plotWidth(): number {
    return Math.max(1, this.width - GUTTER_PX - RIGHT_PX);
  }

  /** Draws the buckets from the last one drawn, which may have been incomplete, up to the tick `end`. */
  private fill(end: number): void {
    const pen = this.image.getContext("2d");
    if (!pen) return;
    const { width, height } = this.image;
    const last = Math.ceil(end / this.ticks);
    for (let bucket = Math.floor(this.drawn / this.ticks); bucket < last;) {
      // One turn of the ring at a time.
      const column = bucket % width;
      const columns = Math.min(last - bucket, width - column);
      const picture = pen.createImageData(columns, height);
      this.color(new Uint32Array(picture.data.buffer), bucket, columns, end);
      pen.putImageData(picture, column, 0);
      bucket += columns;
    }
    this.drawn = Math.max(this.drawn, end);
  }

  private color(pixels: Uint32Array, bucket: number, columns: number, end: number): void {
    const { v_min, v_max } = this.history.schema;
    for (let row = 0; row < this.rows.length; row++) {
      const v = this.rows[row]?.v;
      for (let i = 0; v && i < columns; i++) {
        const at = (bucket + i) * this.ticks;
        const { lo, hi } = v.extremes(at, Math.min(at + this.ticks, end), found);
        if (!Number.isNaN(lo)) pixels[row * columns + i] = this.shades.pixel(worst(lo, hi, v_min, v_max));
      }
    }
  }

  private stretch(from: number, to: number, first: number, last: number): void {
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
    const { width, height } = this.image;
    for (let bucket = first; bucket < last;) {
      const column = bucket % width;
      const columns = Math.min(last - bucket, width - column);
      const left = GUTTER_PX + (bucket * this.ticks - from) * scale;
      pen.drawImage(
        this.image,
        column,
        0,
        columns,
        height,
        left,
        0,
        columns * this.ticks * scale,
        this.height,
      );
      bucket += columns;
    }
    drawTimeMarks(pen, this.stage, this.history, {
      unit: 1,
      top: 0,
      height: this.height,
      from,
      to,
      x: (tick) => GUTTER_PX + (tick - from) * scale,
    });
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
