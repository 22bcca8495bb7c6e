/** What an operation's entries told, outside React: how far it is, its points in the order in which they came, and how it ended. */

import { parseProgress, type Progress } from "../api/operations";
import { parsePoint, parseResult } from "../api/parseResults";
import type { Point, Result } from "../api/results";
import { fields, type Fields, oneOf, optionalText } from "../stream/reader";

export interface Ending {
  readonly code: "completed" | "failed" | "cancelled";
  readonly msg: string;
}

export class LiveOperation {
  private readonly came: Point[] = [];
  result: Result | null = null;
  ending: Ending | null = null;
  private progress: Progress | null = null;
  private revision = 0;
  private readonly watchers = new Set<() => void>();

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
  version = (): number => this.revision;
  get points(): readonly Point[] {
    return this.came;
  }

  /** What the service told, or an entry after that: progress never goes back. */
  newest(told: Progress): Progress {
    return this.progress && this.progress.pct >= told.pct ? this.progress : told;
  }

  /**
   * Takes in an entry of the channel's log; throws a `BadFrame`. Answers whether it tells of something else than one more point: then the
   * operation's state may be another one.
   */
  take(entry: Fields): boolean {
    const type = oneOf(entry["type"], ["progress", "complete", "error"] as const, "type");
    const telling = type === "progress" ? this.advance(entry) : this.end(type, entry);
    this.changed();
    return telling;
  }

  /** Another log: nothing of the old one holds. */
  forget(): void {
    this.came.length = 0;
    this.result = null;
    this.ending = null;
    this.progress = null;
    this.changed();
  }

  private advance(entry: Fields): boolean {
    const first = this.progress === null;
    this.progress = parseProgress(entry, "progress");
    const point = entry["point"];
    if (point === null || point === undefined) return true;
    this.came.push(parsePoint(point, "point"));
    return first || this.came.length === 1;
  }

  private end(type: "complete" | "error", entry: Fields): boolean {
    if (type === "complete") {
      this.result = parseResult(fields(entry["result"], "result"), "result");
      this.ending = { code: "completed", msg: "" };
    } else {
      this.ending = {
        code: oneOf(entry["code"], ["failed", "cancelled"] as const, "code"),
        msg: optionalText(entry["msg"], "msg") ?? "",
      };
    }
    return true;
  }

  private changed(): void {
    this.revision += 1;
    for (const watcher of this.watchers) watcher();
  }
}
