/** The profile on a canvas: the moment shown in full, the worst moment dashed behind it, the limits as a band. */

import { clock, pu } from "../app/format";
import { resolve } from "../charts/palette";
import { Sight } from "../charts/sight";
import type { Paintable, Stage } from "../charts/stage";
import type { ElementSize } from "../charts/useSize";
import type { History } from "../stream/history";
import { type Profile, type ProfilePoint, worstMoment, type Worst } from "./profile";

const LEFT = 44;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 30;
const KM_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
const PU_STEPS = [0.005, 0.01, 0.02, 0.05, 0.1];

export class ProfilePicture implements Paintable {
  worst: Worst | null = null;
  private readonly canvas: HTMLCanvasElement;
  private readonly size: ElementSize;
  private readonly stage: Stage;
  private readonly history: History;
  private readonly profile: Profile;
  private readonly readout: () => HTMLElement | null;
  private readonly sight: Sight;
  private readonly byDistance: readonly ProfilePoint[];
  private pointed: ProfilePoint | null = null;
  private painted = "";
  private low = 0.9;
  private high = 1.1;

  constructor(
    canvas: HTMLCanvasElement,
    size: ElementSize,
    stage: Stage,
    history: History,
    profile: Profile,
    readout: () => HTMLElement | null,
  ) {
    this.canvas = canvas;
    this.size = size;
    this.stage = stage;
    this.history = history;
    this.profile = profile;
    this.readout = readout;
    this.byDistance = [...profile.points].sort((one, other) => one.km - other.km);
    this.sight = new Sight(canvas, stage);
    canvas.width = size.width * devicePixelRatio;
    canvas.height = size.height * devicePixelRatio;
    canvas.style.width = `${size.width}px`;
    canvas.style.height = `${size.height}px`;
  }

  destroy(): void {
    this.sight.end();
  }

  paint(history: History): void {
    if (history !== this.history || !this.sight.seen) return;
    this.show(history, this.stage.moment(history));
  }

  point(history: History, tick: number | null): void {
    if (history === this.history && this.sight.seen) this.show(history, tick ?? history.length - 1);
  }

  /** Reads the point nearest to a pixel; `null` reads none. */
  hover(at: readonly [x: number, y: number] | null): void {
    const tick = this.stage.moment(this.history);
    let least = 30;
    this.pointed = null;
    if (at) {
      for (const point of this.profile.points) {
        const away = Math.hypot(this.x(point.km) - at[0], this.y(point.v.at(tick)) - at[1]);
        if (away < least) [least, this.pointed] = [away, point];
      }
    }
    this.stage.request();
    this.painted = "";
  }

  /** Reads the next point along the feeder: for the arrow keys. */
  step(by: number): void {
    const at = this.pointed ? this.byDistance.indexOf(this.pointed) : by > 0 ? -1 : this.byDistance.length;
    this.pointed = this.byDistance[Math.max(0, Math.min(this.byDistance.length - 1, at + by))] ?? null;
    this.painted = "";
    this.stage.request();
  }

  private show(history: History, tick: number): void {
    const now = `${tick} ${history.length} ${history.revision}`;
    if (now === this.painted) return;
    this.painted = now;
    this.worst = worstMoment(history);
    this.scale(history);
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const { width, height } = this.size;
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, width, height);
    this.drawAxes(pen, history);
    if (this.worst) this.drawLinks(pen, this.worst.tick, true);
    if (tick >= 0) {
      this.drawLinks(pen, tick, false);
      this.drawPoints(pen, history, tick);
    }
    this.read(history, tick);
  }

  /** In steps of 0.01 pu over the whole run, so that the axis stands still unless a voltage leaves it. */
  private scale(history: History): void {
    const { v_min, v_max } = history.schema;
    const beyond = Math.max(0.01, (this.worst?.beyond_pu ?? 0) + 0.005);
    const room = Math.min(0.4, Math.ceil(beyond * 100) / 100);
    this.low = v_min - room;
    this.high = v_max + room;
  }

  private x(km: number): number {
    return LEFT + (km / Math.max(1e-9, this.profile.most_km)) * (this.size.width - LEFT - RIGHT);
  }

  private y(v: number): number {
    return TOP + ((this.high - v) / (this.high - this.low)) * (this.size.height - TOP - BOTTOM);
  }

  private drawAxes(pen: CanvasRenderingContext2D, history: History): void {
    const { width, height } = this.size;
    const { v_min, v_max } = history.schema;
    const right = width - RIGHT;
    pen.fillStyle = resolve("band");
    pen.fillRect(LEFT, this.y(v_max), right - LEFT, this.y(v_min) - this.y(v_max));
    pen.font = "11px system-ui, sans-serif";
    pen.lineWidth = 1;
    pen.strokeStyle = resolve("grid");
    pen.fillStyle = resolve("muted");
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    const step = PU_STEPS.find((one) => (this.high - this.low) / one <= 8) ?? 0.2;
    for (let i = Math.ceil(this.low / step - 1e-6); i * step <= this.high + 1e-9; i++) {
      const y = Math.round(this.y(i * step)) + 0.5;
      line(pen, LEFT, y, right, y);
      pen.fillText((i * step).toFixed(step < 0.01 ? 3 : 2), LEFT - 7, y);
    }
    pen.textAlign = "center";
    pen.textBaseline = "top";
    const per = KM_STEPS.find((one) => this.profile.most_km / one <= 8) ?? 50;
    for (let i = 0; i * per <= this.profile.most_km + 1e-9; i++) {
      const x = Math.round(this.x(i * per)) + 0.5;
      line(pen, x, TOP, x, height - BOTTOM);
      pen.fillText(
        `${Math.round(i * per * 10) / 10}${i === 0 ? " km" : ""}`,
        Math.max(LEFT, x),
        height - BOTTOM + 7,
      );
    }
    pen.strokeStyle = resolve("limit");
    pen.setLineDash([6, 4]);
    for (const limit of [v_min, v_max]) line(pen, LEFT, this.y(limit), right, this.y(limit));
    pen.setLineDash([]);
  }

  private drawLinks(pen: CanvasRenderingContext2D, tick: number, worst: boolean): void {
    pen.lineWidth = worst ? 1 : 1.75;
    pen.globalAlpha = worst ? 0.7 : 1;
    pen.setLineDash(worst ? [3, 3] : []);
    for (const [from, to] of this.profile.links) {
      const [one, other] = [from.v.at(tick), to.v.at(tick)];
      if (Number.isNaN(one) || Number.isNaN(other)) continue;
      pen.strokeStyle = resolve(`phase-${from.phase}`);
      line(pen, this.x(from.km), this.y(one), this.x(to.km), this.y(other));
    }
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  /** Discs within the limits, triangles beyond them: as in the diagram. */
  private drawPoints(pen: CanvasRenderingContext2D, history: History, tick: number): void {
    const { v_min, v_max } = history.schema;
    for (const { phase, km, v } of this.profile.points) {
      const value = v.at(tick);
      if (Number.isNaN(value)) continue;
      const [x, y] = [this.x(km), this.y(value)];
      pen.fillStyle = resolve(`phase-${phase}`);
      pen.beginPath();
      if (value >= v_min && value <= v_max) pen.arc(x, y, 2.2, 0, 2 * Math.PI);
      else {
        const down = value < v_min ? 1 : -1;
        pen.moveTo(x, y + 5 * down);
        pen.lineTo(x + 4.5, y - 3.5 * down);
        pen.lineTo(x - 4.5, y - 3.5 * down);
      }
      pen.fill();
    }
    if (!this.pointed) return;
    pen.strokeStyle = resolve("ink");
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(this.x(this.pointed.km), this.y(this.pointed.v.at(tick)), 6, 0, 2 * Math.PI);
    pen.stroke();
  }

  private read(history: History, tick: number): void {
    const element = this.readout();
    if (!element) return;
    const { pointed, worst } = this;
    const text = pointed
      ? `${pointed.bus}.${pointed.phase} at ${pointed.km.toFixed(2)} km: ${pu(pointed.v.at(tick))} pu, at the worst moment ${worst ? pu(pointed.v.at(worst.tick)) : "–"}`
      : worst
        ? `worst moment ${clock(history.time(worst.tick), true)}: ${worst.beyond_pu > 0 ? `${worst.beyond_pu.toFixed(4)} pu beyond a limit` : `${(-worst.beyond_pu).toFixed(4)} pu within the limits`}`
        : "";
    if (element.textContent !== text) element.textContent = text;
  }
}

function line(pen: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}
