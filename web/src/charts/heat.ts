/** Colours of the heat strip: blue below, red above, faint inside the limits and full outside, so that a violation stands out. */

export type Rgb = readonly [r: number, g: number, b: number];

export interface HeatColors {
  readonly middle: Rgb;
  readonly low: Rgb;
  readonly high: Rgb;
  /** What the colour goes towards as a voltage leaves the limits further behind. */
  readonly lowest: Rgb;
  readonly highest: Rgb;
}

export const HEAT: Readonly<Record<"light" | "dark", HeatColors>> = {
  light: {
    middle: [240, 241, 243],
    low: [37, 105, 205],
    high: [214, 62, 48],
    lowest: [12, 40, 105],
    highest: [110, 14, 20],
  },
  dark: {
    middle: [38, 41, 46],
    low: [64, 138, 240],
    high: [236, 92, 74],
    lowest: [176, 212, 255],
    highest: [255, 202, 190],
  },
};

/** Most that a voltage within the limits is tinted; the step to full colour is the limit itself. */
const INSIDE = 0.5;
/** Beyond a limit by this much, the colour is at its end. */
const BEYOND_PU = 0.03;

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const at = (i: 0 | 1 | 2) => Math.round(from[i] + (to[i] - from[i]) * share);
  return [at(0), at(1), at(2)];
}

export function heat(v: number, v_min: number, v_max: number, colors: HeatColors): Rgb {
  const middle = (v_min + v_max) / 2;
  const below = v < middle;
  const color = below ? colors.low : colors.high;
  const away = below ? (middle - v) / (middle - v_min) : (v - middle) / (v_max - middle);
  // Squared: the middle of the band is quiet.
  if (away <= 1) return mix(colors.middle, color, INSIDE * away * away);
  const beyond = Math.min(1, (below ? v_min - v : v - v_max) / BEYOND_PU);
  return mix(color, below ? colors.lowest : colors.highest, beyond);
}

/** Of a bucket's lowest and highest voltage, the one further from the middle of the limits: a short violation stays seen. */
export function worst(lo: number, hi: number, v_min: number, v_max: number): number {
  const middle = (v_min + v_max) / 2;
  return middle - lo > hi - middle ? lo : hi;
}

/** The colours from one end to the other, as a CSS gradient. */
export function ramp(v_min: number, v_max: number, colors: HeatColors): string {
  const stops = [];
  const from = v_min - 0.015;
  const to = v_max + 0.015;
  for (let i = 0; i <= 40; i++) {
    stops.push(`rgb(${heat(from + ((to - from) * i) / 40, v_min, v_max, colors).join(" ")})`);
  }
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}

const SHADES = 1024;

/** All colours of the strip, ready to be written into an image: one look-up a pixel. */
export class Shades {
  private readonly colors = new Uint32Array(SHADES);
  private readonly from: number;
  private readonly perShade: number;

  constructor(v_min: number, v_max: number, colors: HeatColors) {
    this.from = v_min - BEYOND_PU;
    this.perShade = (v_max - v_min + 2 * BEYOND_PU) / SHADES;
    const bytes = new Uint8ClampedArray(this.colors.buffer);
    for (let i = 0; i < SHADES; i++) {
      bytes.set([...heat(this.from + (i + 0.5) * this.perShade, v_min, v_max, colors), 255], 4 * i);
    }
  }

  /** The pixel for a voltage, in the byte order of this machine's images. */
  pixel(v: number): number {
    const shade = Math.floor((v - this.from) / this.perShade);
    return this.colors[Math.max(0, Math.min(SHADES - 1, shade))] ?? 0;
  }
}
