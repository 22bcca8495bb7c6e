/** What a series is made of: pages of ticks with their pyramids of extremes, and the outline of the whole run. */

/** Each node of a level covers this many nodes of the level below. */
export const FAN = 4;
/** Ticks a page: a power of `FAN`, so that each page has its own whole pyramid. */
export const PAGE = 4096;
const DEPTH = 6;
/** The coarsest that is told to the outline at once. */
export const GRAIN = 64;
/** Nodes of an outline; then four become one. Wider than any plot has pixels. */
const MOST_NODES = 8192;
const FIRST_NODES = 128;

/** Smallest and largest value of a stretch; both NaN where it holds no value. */
export interface Extremes {
  lo: number;
  hi: number;
}

/** NaN throughout. */
export function filled(length: number): Float32Array<ArrayBuffer> {
  return new Float32Array(length).fill(NaN);
}

/** `PAGE` ticks one by one, and the extremes of 4, 16, 64, ... of them. */
export class Page {
  readonly data = new Float32Array(PAGE);
  /** Level by level, the finest first. */
  readonly lo = new Float32Array((PAGE - 1) / (FAN - 1));
  readonly hi = new Float32Array((PAGE - 1) / (FAN - 1));

  /** Called when the raw data up to `end` has filled a node: builds it, and the nodes above that it fills in turn. */
  raise(end: number): void {
    let lows = this.data;
    let highs = this.data;
    let below = 0;
    let here = 0;
    for (let depth = 0, size = PAGE / FAN; depth < DEPTH && end % FAN === 0; depth++, size /= FAN) {
      let lo = Infinity;
      let hi = -Infinity;
      for (let i = below + end - FAN; i < below + end; i++) {
        const low = lows[i] ?? NaN;
        const high = highs[i] ?? NaN;
        // Comparisons with NaN are false: missing values drop out.
        if (low < lo) lo = low;
        if (high > hi) hi = high;
      }
      end /= FAN;
      this.lo[here + end - 1] = lo <= hi ? lo : NaN;
      this.hi[here + end - 1] = lo <= hi ? hi : NaN;
      lows = this.lo;
      highs = this.hi;
      below = here;
      here += size;
    }
  }
}

/** The whole run in at most `MOST_NODES` stretches of equal length: lowest, highest and last value of each. */
export class Outline {
  /** Ticks a node. */
  unit = GRAIN;
  private lo = filled(FIRST_NODES);
  private hi = filled(FIRST_NODES);
  private end = filled(FIRST_NODES);

  /** Adds to what is known of the stretch in which `tick` lies. */
  merge(tick: number, lo: number, hi: number, last: number): void {
    if (Number.isNaN(lo)) return;
    while (tick >= this.unit * MOST_NODES) this.coarsen();
    const node = Math.floor(tick / this.unit);
    while (node >= this.lo.length) this.grow();
    if (!((this.lo[node] ?? NaN) <= lo)) this.lo[node] = lo;
    if (!((this.hi[node] ?? NaN) >= hi)) this.hi[node] = hi;
    if (!Number.isNaN(last)) this.end[node] = last;
  }

  at(tick: number): number {
    return this.end[Math.floor(tick / this.unit)] ?? NaN;
  }

  /** Folds in every node that `[from, to)` touches. */
  fold(from: number, to: number, into: Extremes): void {
    const last = Math.min(this.lo.length, Math.ceil(to / this.unit));
    for (let node = Math.floor(from / this.unit); node < last; node++) {
      const low = this.lo[node] ?? NaN;
      const high = this.hi[node] ?? NaN;
      if (low < into.lo) into.lo = low;
      if (high > into.hi) into.hi = high;
    }
  }

  private grow(): void {
    for (const name of ["lo", "hi", "end"] as const) {
      const wider = filled(this[name].length * 2);
      wider.set(this[name]);
      this[name] = wider;
    }
  }

  private coarsen(): void {
    const { lo, hi, end } = this;
    this.unit *= FAN;
    this.lo = filled(lo.length);
    this.hi = filled(lo.length);
    this.end = filled(lo.length);
    for (let node = 0; node < lo.length; node++) {
      this.merge((node / FAN) * this.unit, lo[node] ?? NaN, hi[node] ?? NaN, end[node] ?? NaN);
    }
  }
}
