import { type HeatColors, heat } from "../charts/heat";

const SHADES = 256;
/** Voltages this far out of the limits have the last shade. */
const BEYOND_PU = 0.03;

/** The colours of the heat strip in steps, so that a bus is coloured anew only when one could see it. */
export class BusShades {
  private readonly colors: string[] = [];
  private readonly from: number;
  private readonly span: number;

  constructor(v_min: number, v_max: number, colors: HeatColors) {
    this.from = v_min - BEYOND_PU;
    this.span = v_max - v_min + 2 * BEYOND_PU;
    for (let i = 0; i < SHADES; i++) {
      const v = this.from + ((i + 0.5) / SHADES) * this.span;
      this.colors.push(`rgb(${heat(v, v_min, v_max, colors).join(" ")})`);
    }
  }

  /** -1 for no voltage. */
  index(v: number): number {
    if (Number.isNaN(v)) return -1;
    return Math.max(0, Math.min(SHADES - 1, Math.floor(((v - this.from) / this.span) * SHADES)));
  }

  /** Empty for no voltage: the style sheet's own colour. */
  color(index: number): string {
    return this.colors[index] ?? "";
  }
}
