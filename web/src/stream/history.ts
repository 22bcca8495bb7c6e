/** All series of one run, indexed by tick: what the charts draw. Outside React; written by the stream, read by the painter. */

import { Column, type Detail, Holdings, PAGE, Rows, type Sink } from "./buffers";
import {
  type Control,
  type Figures,
  type Past,
  type Phase,
  PHASES,
  type Schema,
  type TicksFrame,
} from "./frames";

export interface BusPhase {
  readonly bus: string;
  readonly phase: Phase;
  readonly v: Column;
}
export interface PhaseEnvelope {
  readonly phase: Phase;
  readonly min: Column;
  readonly max: Column;
}
export interface ModelSeries {
  readonly datacenter: string;
  readonly label: string;
  readonly deadline_s: number | null;
  readonly batch: Column;
  readonly replicas: Column;
  readonly itl_s: Column;
}
export interface PowerSeries {
  readonly datacenter: string;
  readonly bus: string;
  readonly p_w: readonly { readonly phase: Phase; readonly column: Column }[];
}
export interface NamedColumn {
  readonly name: string;
  readonly column: Column;
}
export interface StorageSeries {
  readonly name: string;
  readonly p_kw: Column;
  readonly q_kvar: Column;
  readonly soc: Column;
}

/** A tick from which on something that a person commanded is in the simulation. */
export interface Touch {
  readonly tick: number;
  readonly by: string;
}

/** Ticks that this page never got: `[from, to)`. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

/** The tick nearest to a moment. `exact`: all columns hold the very tick, not only one near it. */
export interface Moment {
  readonly tick: number;
  readonly t_s: number;
  readonly exact: boolean;
}

/** Memory for the ticks that are held one by one. */
const FINE_BYTES = 128 << 20;
/** Of a tick in one column, pyramid included. */
const TICK_BYTES = 4 * (1 + 2 / 3);
const FEWEST_PAGES = 4;
const MOST_PAGES = 32;
/** Details kept: sampled ones are what a view shows, exact ones are where a pointer rested. */
const MOST_DETAILS = { sampled: 2, exact: 3 };

type Parts = Pick<TicksFrame, "t_s" | "v" | "dc" | "taps" | "storage">;

export class History {
  readonly schema: Schema;
  /** Number of ticks taken in, holes included. */
  length = 0;
  /** Counts what came in elsewhere than at the end: pictures of the past are out of date then. */
  revision = 0;
  readonly holdings = new Holdings();
  holes: readonly Hole[] = [];
  /** In the order of their ticks. */
  readonly touches: Touch[] = [];
  readonly voltages: readonly BusPhase[];
  readonly envelope: readonly PhaseEnvelope[];
  readonly power: readonly PowerSeries[];
  readonly models: readonly ModelSeries[];
  readonly taps: readonly NamedColumn[];
  readonly storages: readonly StorageSeries[];
  private readonly all: readonly Column[];
  private readonly mostFine: number;

  constructor(schema: Schema) {
    this.schema = schema;
    const all: Column[] = [];
    const column = () => {
      const made = new Column(this.holdings, all.length);
      all.push(made);
      return made;
    };
    this.voltages = schema.bus_phases.map(([bus, phase]) => ({ bus, phase, v: column() }));
    this.envelope = PHASES.filter((phase) => schema.bus_phases.some((pair) => pair[1] === phase)).map(
      (phase) => ({ phase, min: column(), max: column() }),
    );
    this.power = schema.datacenters.map((dc) => ({
      datacenter: dc.name,
      bus: dc.bus,
      p_w: PHASES.map((phase) => ({ phase, column: column() })),
    }));
    this.models = schema.datacenters.flatMap((dc) =>
      dc.models.map((model) => ({
        datacenter: dc.name,
        label: model.label,
        deadline_s: model.itl_deadline_s,
        batch: column(),
        replicas: column(),
        itl_s: column(),
      })),
    );
    this.taps = schema.regulators.map((name) => ({ name, column: column() }));
    this.storages = schema.storages.map(({ name }) => ({
      name,
      p_kw: column(),
      q_kvar: column(),
      soc: column(),
    }));
    this.all = all;
    const pages = Math.floor(FINE_BYTES / (TICK_BYTES * PAGE * Math.max(1, all.length)));
    this.mostFine = PAGE * Math.max(FEWEST_PAGES, Math.min(MOST_PAGES, pages));
  }

  /** Simulated seconds at which a tick starts. */
  time(tick: number): number {
    return tick * this.schema.tick_s;
  }

  /** Simulated seconds that have passed. */
  get now_s(): number {
    return this.time(this.length);
  }

  /** The tick nearest to a moment, within what has come. */
  atTime(t_s: number): Moment {
    const tick = Math.max(0, Math.min(this.length - 1, Math.round(t_s / this.schema.tick_s)));
    const { fineFrom } = this.holdings;
    const exact = tick >= fineFrom || this.holdings.detail(tick, tick + 1)?.stretch === 1;
    return { tick, t_s: this.time(tick), exact };
  }

  /** Ticks `[from, to)` that were promised and did not come, or are held only in outline: for those who doubt. */
  missing(): readonly Hole[] {
    const { fineFrom } = this.holdings;
    return fineFrom > 0
      ? [{ from: 0, to: fineFrom }, ...this.holes.filter(({ from }) => from >= fineFrom)]
      : this.holes;
  }

  /** Takes in an entry; answers what is wrong with it, or null. Ticks before `first` that never came become a hole. */
  append(frame: TicksFrame): string | null {
    if (frame.first < this.length) {
      return `The stream repeated ticks: tick ${this.length} was due, tick ${frame.first} came.`;
    }
    const wrong = this.wrongWidth(frame);
    if (wrong !== null) return wrong;
    this.skipTo(frame.first);
    this.spread(frame, this.all);
    this.touch(frame.controls);
    this.length += frame.t_s.length;
    this.letGo();
    return null;
  }

  /** Marks the ticks up to `tick` as missing. */
  skipTo(tick: number): void {
    if (tick <= this.length) return;
    this.holes = [...this.holes, { from: this.length, to: tick }];
    for (const column of this.all) column.skipTo(tick);
    if (tick - this.length >= PAGE) this.holdings.fineFrom = tick;
    this.length = tick;
    this.letGo();
  }

  /** Takes in what the server kept of the past. Where it reaches beyond what is here, the run goes on after it. */
  learn(past: Past): string | null {
    const wrong = this.wrongWidth(past);
    if (wrong !== null) return wrong;
    if (past.tick.length === past.to - past.from && past.from === this.length) {
      // Nothing is left out, and it goes on where this page is: as good as the stream.
      this.spread(past, this.all);
      this.length = past.to;
      this.touch(past.controls);
      this.letGo();
      return null;
    }
    const detail = this.detailOf(past);
    if (detail === null) return null;
    const hidden = this.holes.some(({ from, to }) => from < past.to && to > past.from);
    if (past.to > this.length || hidden) {
      this.skipTo(past.to);
      this.outline(detail);
      this.holes = this.holes.filter(({ from, to }) => from < past.from || to > past.to);
      this.holdings.fineFrom = Math.max(this.holdings.fineFrom, past.to);
      this.holdings.sampled = Math.max(this.holdings.sampled, detail.stretch);
    }
    this.touch(past.controls);
    this.keep(detail);
    this.letGo();
    this.revision += 1;
    return null;
  }

  /** Lets go of all values. What still holds this object, such as a page that was left, holds little then. */
  free(): void {
    for (const column of this.all) column.free();
    this.holdings.details = [];
    this.length = 0;
  }

  private wrongWidth(frame: Pick<TicksFrame, "v" | "first">): string | null {
    const wrong = frame.v.find((row) => row !== null && row.length !== this.voltages.length);
    if (!wrong) return null;
    return `Tick ${frame.first} has ${wrong.length} voltages; the run has ${this.voltages.length} bus phases.`;
  }

  private detailOf(past: Past): Detail | null {
    const n = past.tick.length;
    if (n === 0) return null;
    const rows = this.all.map(() => new Rows(n));
    this.spread(past, rows);
    return {
      from: past.from,
      to: past.to,
      stretch: n >= past.to - past.from ? 1 : past.stretch,
      ticks: Int32Array.from(past.tick),
      values: rows.map(({ values }) => values),
    };
  }

  /** Draws the rows into the outline: between two of them the first still holds. */
  private outline({ ticks, values }: Detail): void {
    this.all.forEach((column, i) => {
      const rows = values[i];
      if (!rows) return;
      for (let row = 0; row < ticks.length; row++) {
        const value = rows[row] ?? NaN;
        const next = ticks[row + 1] ?? (ticks[row] ?? 0) + 1;
        for (let tick = ticks[row] ?? 0; tick < next; tick += column.unit - (tick % column.unit)) {
          column.sketch(tick, value);
        }
      }
    });
  }

  private keep(detail: Detail): void {
    const kept = [...this.holdings.details, detail];
    const newest = (exact: boolean, most: number) =>
      kept.filter(({ stretch }) => (stretch === 1) === exact).slice(-most);
    this.holdings.details = [...newest(false, MOST_DETAILS.sampled), ...newest(true, MOST_DETAILS.exact)];
  }

  /** Keeps memory in its bounds. */
  private letGo(): void {
    const { holdings } = this;
    if (this.length - holdings.fineFrom > this.mostFine) {
      holdings.fineFrom = PAGE * Math.ceil((this.length - this.mostFine) / PAGE);
      for (const column of this.all) column.release(holdings.fineFrom);
    }
  }

  private touch(controls: readonly Control[]): void {
    for (const { tick, by } of controls) {
      if (by.startsWith("controller:") || this.touches.some((touch) => touch.tick === tick)) continue;
      this.touches.push({ tick, by });
      if (tick < (this.touches.at(-2)?.tick ?? 0)) this.touches.sort((one, other) => one.tick - other.tick);
    }
  }

  /** Hands the values of each series to its sink, in the order in which the columns were made. */
  private spread(frame: Parts, sinks: readonly Sink[]): void {
    const n = frame.t_s.length;
    let at = 0;
    const next = (): Sink => sinks[at++] ?? NOWHERE;
    for (let i = 0; i < this.voltages.length; i++) {
      const sink = next();
      for (const row of frame.v) sink.push(row ? (row[i] ?? NaN) : sink.last());
    }
    for (const { phase } of this.envelope) this.span(frame.v, phase, next(), next());
    for (const { datacenter } of this.power) {
      const rows = frame.dc[datacenter]?.p_w;
      for (let i = 0; i < PHASES.length; i++) {
        const sink = next();
        for (let tick = 0; tick < n; tick++) {
          const row = rows?.[tick];
          // Where a component was not due its last state still holds.
          sink.push(row ? (row[i] ?? NaN) : sink.last());
        }
      }
    }
    for (const { datacenter, label } of this.models) {
      const dc = frame.dc[datacenter];
      hold(next(), dc?.batch[label], n);
      hold(next(), dc?.replicas[label], n);
      const itl = dc?.itl_s[label];
      const sink = next();
      for (let tick = 0; tick < n; tick++) {
        // No latency in a tick in which the datacenter did run: the model is idle, and nothing holds.
        const due = dc?.p_w[tick] != null;
        sink.push(itl?.[tick] ?? (due ? NaN : sink.last()));
      }
    }
    for (const { name } of this.taps) hold(next(), frame.taps[name], n);
    for (const { name } of this.storages) {
      const storage = frame.storage[name];
      hold(next(), storage?.p_kw, n);
      hold(next(), storage?.q_kvar, n);
      hold(next(), storage?.soc, n);
    }
  }

  /** The lowest and highest bus of a phase. */
  private span(rows: readonly (Figures | null)[], phase: Phase, min: Sink, max: Sink): void {
    for (const row of rows) {
      if (!row) {
        min.push(min.last());
        max.push(max.last());
        continue;
      }
      let lo = Infinity;
      let hi = -Infinity;
      for (let i = 0; i < row.length; i++) {
        const v = row[i];
        if (v == null || this.voltages[i]?.phase !== phase) continue;
        if (v < lo) lo = v;
        if (v > hi) hi = v;
      }
      min.push(lo <= hi ? lo : NaN);
      max.push(lo <= hi ? hi : NaN);
    }
  }
}

const NOWHERE: Sink = new Rows(0);

function hold(sink: Sink, values: Figures | undefined, n: number): void {
  for (let tick = 0; tick < n; tick++) sink.push(values?.[tick] ?? sink.last());
}
