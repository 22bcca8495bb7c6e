/** All series of one run, indexed by tick: what the charts draw. Outside React; written by the stream, read by the painter. */

import { Column } from "./buffers";
import { type Figures, type Phase, PHASES, type Schema, type TicksFrame } from "./frames";

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

export class History {
  readonly schema: Schema;
  /** Number of ticks taken in, holes included. */
  length = 0;
  readonly holes: Hole[] = [];
  /** In the order of their ticks. */
  readonly touches: Touch[] = [];
  readonly voltages: readonly BusPhase[];
  readonly envelope: readonly PhaseEnvelope[];
  readonly power: readonly PowerSeries[];
  readonly models: readonly ModelSeries[];
  readonly taps: readonly NamedColumn[];
  readonly storages: readonly StorageSeries[];
  private readonly all: readonly Column[];

  constructor(schema: Schema) {
    this.schema = schema;
    const column = () => new Column(schema.n_ticks);
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
    this.all = [
      ...this.voltages.map((line) => line.v),
      ...this.envelope.flatMap((line) => [line.min, line.max]),
      ...this.power.flatMap((dc) => dc.p_w.map((line) => line.column)),
      ...this.models.flatMap((model) => [model.batch, model.replicas, model.itl_s]),
      ...this.taps.map((tap) => tap.column),
      ...this.storages.flatMap((storage) => [storage.p_kw, storage.q_kvar, storage.soc]),
    ];
  }

  /** Simulated seconds at which a tick starts. */
  time(tick: number): number {
    return tick * this.schema.tick_s;
  }

  /** Simulated seconds that have passed. */
  get now_s(): number {
    return this.time(this.length);
  }

  /** Takes in an entry; answers what is wrong with it, or null. Ticks before `first` that never came become a hole. */
  append(frame: TicksFrame): string | null {
    if (frame.first < this.length) {
      return `The stream repeated ticks: tick ${this.length} was due, tick ${frame.first} came.`;
    }
    const n = frame.t_s.length;
    const wrong = frame.v.find((row) => row !== null && row.length !== this.voltages.length);
    if (wrong) {
      return `Tick ${frame.first} has ${wrong.length} voltages; the run has ${this.voltages.length} bus phases.`;
    }
    if (frame.first > this.length) this.skipTo(frame.first);
    this.appendVoltages(frame.v);
    for (const dc of this.power) {
      const rows = frame.dc[dc.datacenter]?.p_w;
      dc.p_w.forEach(({ column }, i) => {
        for (let tick = 0; tick < n; tick++) {
          const row = rows?.[tick];
          // Where a component was not due its last state still holds.
          column.push(row ? (row[i] ?? NaN) : column.last());
        }
      });
    }
    for (const model of this.models) {
      const dc = frame.dc[model.datacenter];
      hold(model.batch, dc?.batch[model.label], n);
      hold(model.replicas, dc?.replicas[model.label], n);
      const itl = dc?.itl_s[model.label];
      for (let tick = 0; tick < n; tick++) {
        // No latency in a tick in which the datacenter did run: the model is idle, and nothing holds.
        const due = dc?.p_w[tick] != null;
        model.itl_s.push(itl?.[tick] ?? (due ? NaN : model.itl_s.last()));
      }
    }
    for (const tap of this.taps) hold(tap.column, frame.taps[tap.name], n);
    for (const storage of this.storages) {
      hold(storage.p_kw, frame.storage[storage.name]?.p_kw, n);
      hold(storage.q_kvar, frame.storage[storage.name]?.q_kvar, n);
      hold(storage.soc, frame.storage[storage.name]?.soc, n);
    }
    for (const { tick, by } of frame.controls) {
      if (!by.startsWith("controller:") && tick !== this.touches.at(-1)?.tick)
        this.touches.push({ tick, by });
    }
    this.length += n;
    return null;
  }

  /** Marks the ticks up to `tick` as never coming. */
  skipTo(tick: number): void {
    if (tick <= this.length) return;
    this.holes.push({ from: this.length, to: tick });
    for (const column of this.all) column.padTo(tick);
    this.length = tick;
  }

  private appendVoltages(rows: readonly (Figures | null)[]): void {
    for (let i = 0; i < this.voltages.length; i++) {
      const column = this.voltages[i]?.v;
      if (!column) continue;
      for (const row of rows) column.push(row ? (row[i] ?? NaN) : column.last());
    }
    for (const { phase, min, max } of this.envelope) {
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
}

function hold(column: Column, values: Figures | undefined, n: number): void {
  for (let tick = 0; tick < n; tick++) column.push(values?.[tick] ?? column.last());
}
