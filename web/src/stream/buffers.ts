/**
 * Where the series of a run live in the page, in bounded memory however long the run: the newest ticks one by one, all that came before
 * as minima and maxima of ever wider stretches, and a few stretches of the past in detail, fetched because somebody looked there. Typed
 * arrays throughout; drawing asks for the extremes of a stretch, which costs a few look-ups. NaN stands for "no value".
 */

import { type Extremes, FAN, filled, GRAIN, Outline, PAGE, Page } from "./pyramid";

export { type Extremes, PAGE } from "./pyramid";

/** What takes in one value after another. */
export interface Sink {
  push(value: number): void;
  last(): number;
}

/** A stretch of the past, row by row: `ticks[i]` is the tick of row i. Covers `[from, to)`. */
export interface Detail {
  readonly from: number;
  readonly to: number;
  /** Ticks that one look at the server's extremes covers; 1 where every tick is here. */
  readonly stretch: number;
  readonly ticks: Int32Array;
  /** One a column, in the order in which the columns were made. */
  readonly values: readonly Float32Array[];
}

/** What the columns of one history share: how much of it they hold one by one, and what was asked for in vain. */
export class Holdings {
  /** Ticks `[fineFrom, length)` are there one by one. */
  fineFrom = 0;
  /** Newest last. */
  details: readonly Detail[] = [];
  /** How finely the past was sampled where it did not come over the stream, in ticks. */
  sampled = 1;
  private from = Infinity;
  private to = -Infinity;

  /** Somebody looked at `[from, to)` more closely than it is held. */
  wish(from: number, to: number): void {
    if (from < this.from) this.from = from;
    if (to > this.to) this.to = to;
  }

  /** The stretch that was looked at more closely than it is held, since this was last asked; null where none was. */
  wished(): readonly [from: number, to: number] | null {
    const wish = this.from < this.to ? ([this.from, this.to] as const) : null;
    this.from = Infinity;
    this.to = -Infinity;
    return wish;
  }

  /** The detail to show for `[from, to)`: the finest that covers it. */
  detail(from: number, to: number): Detail | null {
    let best: Detail | null = null;
    for (const detail of this.details) {
      if (detail.from <= from && detail.to >= to && (best === null || detail.stretch <= best.stretch))
        best = detail;
    }
    return best;
  }
}

/** First row of a tick at or after `tick`. */
function rowFrom(ticks: Int32Array, tick: number): number {
  let low = 0;
  let high = ticks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ticks[middle] ?? Infinity) < tick) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Column implements Sink {
  length = 0;
  private readonly pages: (Page | null)[] = [];
  private outline = new Outline();
  private readonly holdings: Holdings;
  /** Place among the columns of its history. */
  private readonly place: number;

  constructor(holdings = new Holdings(), place = 0) {
    this.holdings = holdings;
    this.place = place;
  }

  push(value: number): void {
    const index = this.length % PAGE;
    const page = (this.pages[(this.length - index) / PAGE] ??= new Page());
    page.data[index] = value;
    this.length += 1;
    if (this.length % FAN === 0) {
      page.raise(index + 1);
      if (this.length % GRAIN === 0) this.tell(this.length - GRAIN, this.length);
    }
  }

  /** The value at a tick, or the nearest to it that is held; NaN outside. */
  at(tick: number): number {
    if (tick < 0 || tick >= this.length) return NaN;
    if (tick >= this.holdings.fineFrom) return this.pages[Math.floor(tick / PAGE)]?.data[tick % PAGE] ?? NaN;
    const detail = this.holdings.detail(tick, tick + 1);
    if (detail) {
      const row = rowFrom(detail.ticks, tick + 1) - 1;
      if (detail.stretch > 1) this.holdings.wish(tick, tick + 1);
      return detail.values[this.place]?.[Math.max(0, row)] ?? NaN;
    }
    this.holdings.wish(tick, tick + 1);
    return this.outline.at(tick);
  }

  last(): number {
    return this.at(this.length - 1);
  }

  /** Fills up with "no value" to `length`; never shortens. What was held one by one before a wide gap is let go. */
  skipTo(length: number): void {
    if (length - this.length < PAGE) {
      while (this.length < length) this.push(NaN);
      return;
    }
    this.tell(this.length - (this.length % GRAIN), this.length);
    this.pages.length = 0;
    const first = new Page();
    first.data.fill(NaN);
    first.lo.fill(NaN);
    first.hi.fill(NaN);
    this.pages[Math.floor(length / PAGE)] = first;
    this.length = length;
  }

  /** Lets go of everything. */
  free(): void {
    this.pages.length = 0;
    this.outline = new Outline();
    this.length = 0;
  }

  /** Lets go of the pages that end before `fineFrom`. */
  release(fineFrom: number): void {
    for (let i = Math.floor(fineFrom / PAGE) - 1; i >= 0 && this.pages[i]; i--) this.pages[i] = null;
  }

  /** Adds a value of the past, which is not held one by one, to the outline. */
  sketch(tick: number, value: number): void {
    this.outline.merge(tick, value, value, value);
  }

  /** Ticks of the shortest stretch whose extremes are known where nothing finer is held. */
  get unit(): number {
    return this.outline.unit;
  }

  /** Folds the extremes of `[from, to)` into `into`, which is overwritten and handed back: painting allocates nothing. */
  extremes(from: number, to: number, into: Extremes): Extremes {
    const { holdings } = this;
    into.lo = Infinity;
    into.hi = -Infinity;
    const begin = Math.max(0, from);
    const end = Math.min(to, this.length);
    const old = Math.min(end, holdings.fineFrom);
    if (begin < old) {
      const detail = holdings.detail(begin, old);
      const fine = Math.max(1, to - from);
      if (detail) {
        this.foldRows(detail, begin, old, into);
        if (detail.stretch > fine) holdings.wish(begin, old);
      } else {
        this.outline.fold(begin, old, into);
        if (Math.max(this.outline.unit, holdings.sampled) > fine) holdings.wish(begin, old);
      }
    }
    this.foldPages(Math.max(begin, holdings.fineFrom), end, into);
    if (!(into.lo <= into.hi)) into.lo = into.hi = NaN;
    return into;
  }

  private foldRows({ ticks, values }: Detail, from: number, to: number, into: Extremes): void {
    const column = values[this.place];
    if (!column) return;
    // Between two rows nothing is known but that it lies between their extremes: the one before still holds.
    for (let row = Math.max(0, rowFrom(ticks, from + 1) - 1); row < ticks.length; row++) {
      if ((ticks[row] ?? Infinity) >= to) break;
      const value = column[row] ?? NaN;
      if (value < into.lo) into.lo = value;
      if (value > into.hi) into.hi = value;
    }
  }

  private foldPages(from: number, end: number, into: Extremes): void {
    let at = from;
    while (at < end) {
      const begin = at - (at % PAGE);
      const page = this.pages[begin / PAGE];
      const stop = Math.min(end, begin + PAGE);
      if (!page) {
        at = stop;
        continue;
      }
      while (at < stop) {
        // Climb to the widest node that starts here, ends in time, and is complete.
        let width = 1;
        let first = -1;
        let next = 0;
        let size = PAGE / FAN;
        while (size >= 1 && at % (width * FAN) === 0 && at + width * FAN <= stop) {
          width *= FAN;
          first = next;
          next += size;
          size /= FAN;
        }
        const index = at - begin;
        const low = first < 0 ? page.data[index] : page.lo[first + index / width];
        const high = first < 0 ? low : page.hi[first + index / width];
        if ((low ?? NaN) < into.lo) into.lo = low ?? NaN;
        if ((high ?? NaN) > into.hi) into.hi = high ?? NaN;
        at += width;
      }
    }
  }

  private tell(from: number, to: number): void {
    if (from >= to) return;
    grain.lo = Infinity;
    grain.hi = -Infinity;
    this.foldPages(from, to, grain);
    if (grain.lo <= grain.hi) {
      const last = this.pages[Math.floor((to - 1) / PAGE)]?.data[(to - 1) % PAGE] ?? NaN;
      this.outline.merge(from, grain.lo, grain.hi, last);
    }
  }
}

const grain: Extremes = { lo: NaN, hi: NaN };

/** Takes in the rows of a detail. */
export class Rows implements Sink {
  readonly values: Float32Array;
  private length = 0;

  constructor(n: number) {
    this.values = filled(n);
  }

  push(value: number): void {
    this.values[this.length] = value;
    this.length += 1;
  }

  last(): number {
    return this.values[this.length - 1] ?? NaN;
  }
}

/**
 * Ticks a bucket for drawing ticks `[from, to)` in at most `maxBuckets` buckets: a power of two, so that bucket edges do not
 * wander while the view moves, and nodes of the pyramid fit them.
 */
export function bucketTicks(from: number, to: number, maxBuckets: number): number {
  let ticks = 1;
  while (Math.ceil((to - from) / ticks) > Math.max(1, maxBuckets)) ticks *= 2;
  return ticks;
}
