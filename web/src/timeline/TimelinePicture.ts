/** The whole run in one strip of canvas: what was done, where the limits were left, who commanded what, what the charts show. */

import { clock } from "../app/format";
import { resolve } from "../charts/palette";
import type { Paintable, Stage } from "../charts/stage";
import type { History } from "../stream/history";
import { type Marker, markersOf, Violations, xOf } from "./scale";

export const HEIGHT_PX = 62;
/** Room for half a handle and half a time label. */
export const INSET_PX = 14;
const TRACK_TOP = 20;
const TRACK_PX = 18;
const FLAG_PX = 5;
const TIME_STEPS_S = [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400];

/** Where somebody else looks; a tick of null is the live edge. */
export interface Playhead {
  readonly id: string;
  readonly name: string;
  readonly tick: number | null;
}

export class TimelinePicture implements Paintable {
  markers: readonly Marker[] = [];
  others: readonly Playhead[] = [];
  private readonly canvas: HTMLCanvasElement;
  private readonly stage: Stage;
  private readonly history: History;
  private readonly width: number;
  private violations: Violations;
  private painted = "";
  private revision = -1;
  private logged = -1;
  private ticks: number;
  private readonly onMoment: (tick: number) => void;

  constructor(
    canvas: HTMLCanvasElement,
    width: number,
    stage: Stage,
    history: History,
    onMoment: (tick: number) => void,
  ) {
    this.canvas = canvas;
    this.stage = stage;
    this.history = history;
    this.width = Math.max(1, width - 2 * INSET_PX);
    this.onMoment = onMoment;
    this.ticks = stage.total(history);
    this.violations = new Violations(this.width, this.ticks);
    canvas.width = width * devicePixelRatio;
    canvas.height = HEIGHT_PX * devicePixelRatio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${HEIGHT_PX}px`;
  }

  paint(history: History): void {
    if (history !== this.history) return;
    const { stage } = this;
    const ticks = stage.total(history);
    if (ticks !== this.ticks || history.revision !== this.revision) {
      this.ticks = ticks;
      this.revision = history.revision;
      this.violations = new Violations(this.width, ticks);
    }
    const { log } = stage.run;
    if (log.total(false) !== this.logged) {
      this.logged = log.total(false);
      this.markers = markersOf(log.newest(Infinity, false));
    }
    const [from, to] = stage.range(history);
    const places = this.others.map(({ id, tick }) => `${id} ${tick}`).join();
    const now = `${history.length} ${stage.moment(history)} ${from} ${to} ${this.logged} ${ticks} ${history.revision} ${places}`;
    if (now === this.painted) return;
    this.painted = now;
    this.violations.extend(history);
    this.draw(history, from, to);
    this.onMoment(stage.seeked ?? history.length - 1);
  }

  point(history: History): void {
    this.paint(history);
  }

  private draw(history: History, from: number, to: number): void {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const { ticks, width } = this;
    const x = (tick: number) => INSET_PX + xOf(tick, ticks, width);
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, width + 2 * INSET_PX, HEIGHT_PX);
    const bottom = TRACK_TOP + TRACK_PX;

    pen.fillStyle = resolve("grid");
    pen.fillRect(INSET_PX, TRACK_TOP, width, TRACK_PX);
    pen.fillStyle = resolve("muted");
    pen.globalAlpha = 0.28;
    pen.fillRect(INSET_PX, TRACK_TOP, x(history.length) - INSET_PX, TRACK_PX);
    pen.globalAlpha = 1;
    this.drawHoles(pen, history, x);
    this.drawViolations(pen);
    this.drawTimes(pen, history, x);

    // What the charts show.
    pen.strokeStyle = resolve("ink");
    pen.globalAlpha = 0.75;
    pen.lineWidth = 1.5;
    const [left, right] = [x(Math.max(0, from)), x(Math.min(to, ticks))];
    if (right - left < width - 1)
      pen.strokeRect(left, TRACK_TOP - 2, Math.max(3, right - left), TRACK_PX + 4);
    pen.globalAlpha = 1;

    this.drawMarkers(pen, history);
    this.drawOthers(pen, history, x);
    this.drawHead(pen, history, x, bottom);
  }

  private drawHoles(pen: CanvasRenderingContext2D, history: History, x: (tick: number) => number): void {
    pen.fillStyle = resolve("phase-b");
    pen.globalAlpha = 0.5;
    for (const { from, to } of history.holes) {
      pen.fillRect(x(from), TRACK_TOP + TRACK_PX / 2 - 1, x(to) - x(from), 2);
    }
    pen.globalAlpha = 1;
  }

  /** Over the limit in the upper half, under it in the lower half: told by place as well as by colour. */
  private drawViolations(pen: CanvasRenderingContext2D): void {
    const half = TRACK_PX / 2;
    const lane = (flags: Uint8Array, top: number, color: "heat-high" | "heat-low") => {
      pen.fillStyle = resolve(color);
      for (let i = 0; i < flags.length; i++) {
        if (!flags[i]) continue;
        let end = i + 1;
        while (flags[end]) end++;
        pen.fillRect(INSET_PX + i, top, Math.max(1.5, end - i), half - 1);
        i = end;
      }
    };
    lane(this.violations.over, TRACK_TOP, "heat-high");
    lane(this.violations.under, TRACK_TOP + half + 1, "heat-low");
  }

  private drawTimes(pen: CanvasRenderingContext2D, history: History, x: (tick: number) => number): void {
    const { tick_s } = history.schema;
    const total_s = this.ticks * tick_s;
    const step = TIME_STEPS_S.find((one) => (one / total_s) * this.width >= 72) ?? 86_400;
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "top";
    pen.textAlign = "center";
    pen.fillStyle = resolve("muted");
    for (let t_s = 0; t_s <= total_s + 1e-9; t_s += step) {
      const text = clock(t_s);
      const half = pen.measureText(text).width / 2;
      const at = Math.max(half, Math.min(this.width + 2 * INSET_PX - half, x(t_s / tick_s)));
      pen.fillText(text, at, TRACK_TOP + TRACK_PX + 11);
    }
  }

  private drawMarkers(pen: CanvasRenderingContext2D, history: History): void {
    const total_s = this.ticks * history.schema.tick_s;
    let last = -Infinity;
    pen.lineWidth = 1.25;
    for (const { t_s, refused } of this.markers) {
      const at = INSET_PX + (t_s / total_s) * this.width;
      if (at - last < 2) continue;
      last = at;
      pen.beginPath();
      pen.moveTo(at - FLAG_PX, TRACK_TOP - 11);
      pen.lineTo(at + FLAG_PX, TRACK_TOP - 11);
      pen.lineTo(at, TRACK_TOP - 3);
      pen.closePath();
      pen.fillStyle = pen.strokeStyle = resolve(refused ? "limit" : "touch");
      if (refused) pen.stroke();
      else pen.fill();
    }
  }

  private drawOthers(pen: CanvasRenderingContext2D, history: History, x: (tick: number) => number): void {
    pen.font = "10px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    for (const { name, tick } of this.others) {
      const at = x(tick ?? history.length);
      pen.fillStyle = resolve("series-6");
      pen.fillRect(at - 0.75, TRACK_TOP - 2, 1.5, TRACK_PX + 4);
      pen.beginPath();
      pen.arc(at, TRACK_TOP - 9, 7, 0, 2 * Math.PI);
      pen.fill();
      pen.fillStyle = resolve("surface");
      pen.fillText(name.slice(0, 1).toUpperCase(), at, TRACK_TOP - 8.5);
    }
  }

  /** This page's own place: filled at the live edge, ringed where the view stands. */
  private drawHead(
    pen: CanvasRenderingContext2D,
    history: History,
    x: (tick: number) => number,
    bottom: number,
  ): void {
    const { seeked, pointed } = this.stage;
    if (pointed !== null && pointed !== seeked) {
      pen.fillStyle = resolve("muted");
      pen.fillRect(x(pointed) - 0.5, TRACK_TOP - 4, 1, TRACK_PX + 8);
    }
    const at = x(seeked === null ? history.length : seeked + 0.5);
    pen.fillStyle = pen.strokeStyle = resolve("accent");
    pen.fillRect(at - 1, TRACK_TOP - 5, 2, TRACK_PX + 10);
    pen.beginPath();
    pen.arc(at, bottom + 3, 5.5, 0, 2 * Math.PI);
    pen.fill();
    if (seeked !== null) {
      pen.fillStyle = resolve("surface");
      pen.beginPath();
      pen.arc(at, bottom + 3, 2.75, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}
