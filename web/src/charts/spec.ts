/** What a line chart shows, told without saying how it is drawn. */

import type uPlot from "uplot";

import type { History } from "../stream/history";
import type { Trace } from "./decimate";
import type { Token } from "./palette";

export interface LineSpec extends Trace {
  readonly color: Token;
  readonly widthPx: number;
}

/** A fixed value that lines are read against: drawn dashed over the whole width. */
export interface Mark {
  readonly value: number;
  readonly color: Token;
}

export interface LegendItem {
  readonly label: string;
  readonly color: Token;
  /** The figure shown beside the label, at a tick. */
  readonly read: (tick: number) => string;
  /** Characters of a usual figure: the legend keeps room for them before there is one. */
  readonly width: number;
}

export interface ChartSpec {
  readonly title: string;
  readonly unit: string;
  readonly heightPx: number;
  readonly lines: readonly LineSpec[];
  readonly legend: readonly LegendItem[];
  readonly marks: readonly Mark[];
  /** Says what the dashed marks are. */
  readonly marksLabel: string | null;
  /** The band that values should stay in: its inside is shaded. */
  readonly band: readonly [number, number] | null;
  /** Values hold until the next: drawn as steps. */
  readonly stepped: boolean;
  /** From the extent of the data (NaN where there is none) to the axis. */
  readonly range: (least: number, most: number) => readonly [number, number];
  /** Values at which the axis is ruled; null leaves it to the chart. */
  readonly splits: ((least: number, most: number) => number[]) | null;
  readonly axisLabel: (value: number) => string;
  readonly underlay: ((plot: uPlot, history: History, from: number, to: number) => void) | null;
  /** One sentence for who cannot see the chart. */
  readonly summary: () => string;
}
