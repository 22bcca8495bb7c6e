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

/** What the simulation does by itself: in a large run thousands of lines, which must not crowd out what people did. */
function isRoutine({ kind }: Pick<LogLine, "kind">): boolean {
  return kind === "control" || kind === "event";
}

class Lines {
  /** How many there were, also those let go. */
  total = 0;
  private kept: LogLine[] = [];

  add(line: LogLine): void {
    this.kept.push(line);
    this.total += 1;
    // Cut rarely and by half, so that a fast run does not move the list at every line.
    if (this.kept.length > 2 * KEPT) this.kept = this.kept.slice(-KEPT);
  }

  newest(limit: number): readonly LogLine[] {
    return this.kept.slice(-limit);
  }
}

export class EventLog {
  private readonly routine = new Lines();
  private readonly rest = new Lines();

  add(line: Omit<LogLine, "id">): void {
    (isRoutine(line) ? this.routine : this.rest).add({ id: this.total(true), ...line });
  }

  total(withRoutine: boolean): number {
    return this.rest.total + (withRoutine ? this.routine.total : 0);
  }

  /** Newest first. */
  newest(limit: number, withRoutine = true): readonly LogLine[] {
    const lines = [...this.rest.newest(limit), ...(withRoutine ? this.routine.newest(limit) : [])];
    return lines.sort((one, other) => other.id - one.id).slice(0, limit);
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
