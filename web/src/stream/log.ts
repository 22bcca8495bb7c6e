/** The event log of a run: what people read beside the charts. Bounded; tells how much it has let go. */

import type { Json } from "./frames";

export type LineKind = "status" | "command" | "control" | "event" | "notice";

export interface LogLine {
  readonly id: number;
  readonly kind: LineKind;
  /** Simulated time; null for what has no place in it. */
  readonly t_s: number | null;
  readonly by: string;
  readonly text: string;
  /** Stands out: a refusal, a failure, a hole. */
  readonly bad: boolean;
}

const KEPT = 2_000;

export class EventLog {
  /** How many lines there were, also those let go. */
  total = 0;
  private lines: LogLine[] = [];

  add(line: Omit<LogLine, "id">): void {
    this.lines.push({ id: this.total, ...line });
    this.total += 1;
    // Cut rarely and by half, so that a fast run does not move the list at every line.
    if (this.lines.length > 2 * KEPT) this.lines = this.lines.slice(-KEPT);
  }

  /** Newest first. */
  newest(limit: number): readonly LogLine[] {
    return this.lines.slice(-limit).reverse();
  }
}

/** One line for people: `671.a 0.9487, limit 0.95` rather than braces and quotes. */
export function describe(value: Json): string {
  if (value === null) return "";
  if (typeof value === "number") return String(Math.round(value * 1e5) / 1e5);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.map(describe).join(", ");
  return Object.entries(value)
    .filter(([, element]) => element !== null)
    .map(([key, element]) =>
      typeof element === "object" ? `${key} (${describe(element)})` : `${key} ${describe(element)}`,
    )
    .join(", ");
}
