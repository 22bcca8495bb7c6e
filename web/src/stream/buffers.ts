/**
 * Where the ticks of a run live in the page: one growable typed array a series, indexed by tick, with a pyramid of minima and
 * maxima above it, so that the extremes of any stretch cost a few look-ups however long the run and however fast it comes in.
 * NaN stands for "no value".
 */

/** Each node of a level covers this many nodes of the level below. Costs 2/3 of the raw data in memory. */
const FAN = 4;
const FIRST_CAPACITY = 1024;
/** Most values that room is made for in advance. Growing later copies; growing hundreds of columns in one tick is felt. */
const MOST_IN_ADVANCE = 1 << 17;

class Level {
  lo: Float32Array<ArrayBuffer>;
  hi: Float32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity: number) {
    this.lo = new Float32Array(capacity);
    this.hi = new Float32Array(capacity);
  }

  push(lo: number, hi: number): void {
    if (this.length === this.lo.length) {
      this.lo = grown(this.lo);
      this.hi = grown(this.hi);
    }
    this.lo[this.length] = lo;
    this.hi[this.length] = hi;
    this.length += 1;
  }
}

function grown(old: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const wider = new Float32Array(old.length * 2);
  wider.set(old);
  return wider;
}

/** Smallest and largest value of a stretch; both NaN where it holds no value. */
export interface Extremes {
  lo: number;
  hi: number;
}

export class Column {
  length = 0;
  private data: Float32Array<ArrayBuffer>;
  private readonly levels: Level[] = [];

  /** `expected` is how many values will probably come. */
  constructor(expected = 0) {
    this.data = new Float32Array(Math.max(FIRST_CAPACITY, Math.min(expected, MOST_IN_ADVANCE)));
  }

  push(value: number): void {
    if (this.length === this.data.length) this.data = grown(this.data);
    this.data[this.length] = value;
    this.length += 1;
    if (this.length % FAN === 0) this.raise();
  }

  /** The value at `index`; NaN outside. */
  at(index: number): number {
    return index >= 0 && index < this.length ? (this.data[index] ?? NaN) : NaN;
  }

  last(): number {
    return this.at(this.length - 1);
  }

  /** Fills up with "no value" to `length`; never shortens. */
  padTo(length: number): void {
    while (this.length < length) this.push(NaN);
  }

  /** Folds the extremes of `[from, to)` into `into`, which is overwritten and handed back: painting allocates nothing. */
  extremes(from: number, to: number, into: Extremes): Extremes {
    let lo = Infinity;
    let hi = -Infinity;
    let at = Math.max(0, from);
    const end = Math.min(to, this.length);
    while (at < end) {
      // Climb to the widest node that starts here and ends in time.
      let width = 1;
      let depth = -1;
      while (
        depth + 1 < this.levels.length &&
        at % (width * FAN) === 0 &&
        at + width * FAN <= end &&
        at / (width * FAN) < (this.levels[depth + 1]?.length ?? 0)
      ) {
        width *= FAN;
        depth += 1;
      }
      const level = depth >= 0 ? this.levels[depth] : undefined;
      const node = at / width;
      const low = (level ? level.lo[node] : this.data[node]) ?? NaN;
      const high = (level ? level.hi[node] : this.data[node]) ?? NaN;
      // Comparisons with NaN are false: missing values drop out.
      if (low < lo) lo = low;
      if (high > hi) hi = high;
      at += width;
    }
    into.lo = lo <= hi ? lo : NaN;
    into.hi = lo <= hi ? hi : NaN;
    return into;
  }

  /** Called when the raw data has filled a node: builds it, and the nodes above that it fills in turn. */
  private raise(): void {
    let lows: ArrayLike<number> = this.data;
    let highs: ArrayLike<number> = this.data;
    let end = this.length;
    for (let depth = 0; end % FAN === 0; depth++) {
      let lo = Infinity;
      let hi = -Infinity;
      for (let i = end - FAN; i < end; i++) {
        const low = lows[i] ?? NaN;
        const high = highs[i] ?? NaN;
        if (low < lo) lo = low;
        if (high > hi) hi = high;
      }
      let level = this.levels[depth];
      if (!level) {
        level = new Level(Math.max(4, Math.ceil(this.data.length / FAN ** (depth + 1))));
        this.levels.push(level);
      }
      level.push(lo <= hi ? lo : NaN, lo <= hi ? hi : NaN);
      lows = level.lo;
      highs = level.hi;
      end = level.length;
    }
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
