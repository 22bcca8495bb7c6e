/** The event log as rows for people: what controllers or the simulation did in one moment is one row. Pure. */

import type { LineKind, LogLine } from "../stream/log";

export interface EventRow {
  /** Of its newest line: rows keep their identity while lines are added on top. */
  readonly id: number;
  readonly kind: LineKind;
  readonly t_s: number | null;
  /** All who spoke. */
  readonly by: readonly string[];
  readonly texts: readonly string[];
  /** What the simulation told of it besides. */
  readonly besides: readonly string[];
  readonly bad: boolean;
}

export type Kinds = "all" | "people" | "control" | "event";

const WANTED: Readonly<Record<Kinds, readonly LineKind[] | null>> = {
  all: null,
  people: ["command", "status", "notice"],
  control: ["control"],
  event: ["event"],
};

/** `lines` newest first, as the log gives them; so are the rows. */
export function eventRows(lines: readonly LogLine[], kinds: Kinds, search: string): readonly EventRow[] {
  const wanted = WANTED[kinds];
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const rows: Growing[] = [];
  for (const line of lines) {
    if (wanted && !wanted.includes(line.kind)) continue;
    const text = `${line.by} ${line.text}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    const above = rows.at(-1);
    if (above && isRoutine(above) && isRoutine(line) && above.t_s === line.t_s) join(above, line);
    else rows.push({ ...line, by: [line.by], texts: [line.text], besides: [] });
  }
  return rows;
}

interface Growing extends EventRow {
  kind: LineKind;
  by: string[];
  texts: string[];
  besides: string[];
}

/** Newest first: an older line of the same moment goes before. What a controller did stands before what was told of it. */
function join(row: Growing, line: LogLine): void {
  if (row.kind === "control" && line.kind === "event") {
    row.besides.unshift(line.text);
    return;
  }
  if (row.kind === "event" && line.kind === "control") {
    row.besides = row.texts;
    row.kind = "control";
    row.by = [line.by];
    row.texts = [line.text];
    return;
  }
  row.texts.unshift(line.text);
  if (!row.by.includes(line.by)) row.by.unshift(line.by);
}

function isRoutine({ kind }: Pick<LogLine, "kind">): boolean {
  return kind === "control" || kind === "event";
}

/** The command's name once, then what it was given: `set_batch_size: dc1 8B 64; dc2 70B 32`. */
export function rowText({ texts, kind }: EventRow): string {
  const brief = kind === "control" || kind === "command" ? texts.map(inWords) : texts;
  const parts: string[] = [];
  let head = "";
  for (const text of brief) {
    const own = /^([\w.]+): /.exec(text)?.[1] ?? "";
    parts.push(own !== "" && own === head ? text.slice(own.length + 2) : text);
    head = own;
  }
  return parts.join("; ");
}

/** Arguments of the commands as people say them; what is not known stays as it came. */
function inWords(text: string): string {
  return text
    .replace(/datacenter (\S+), batch_size_by_model \(([^)]*)\)/, "$1 $2")
    .replace(/storage (\S+), power_kw (\S+), reactive_power_kvar (\S+)/, (_, name, kw, kvar) => {
      return `${String(name)} ${Math.round(Number(kw))} kW ${Math.round(Number(kvar))} kvar`;
    })
    .replace(/regulators \(([^)]*)\)/, "$1");
}
