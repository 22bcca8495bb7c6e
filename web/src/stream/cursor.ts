/** Where a viewer is in a channel's log. Holds the promise to viewers to account: offsets go up by exactly one. */

export type Step = { readonly ok: true } | { readonly ok: false; readonly problem: string };

const OK: Step = { ok: true };

export class Cursor {
  epoch: string | null = null;
  /** Offset of the last entry taken in; 0 before the first. */
  offset = 0;

  entry(offset: number): Step {
    if (offset === this.offset + 1) {
      this.offset = offset;
      return OK;
    }
    const what = offset <= this.offset ? "repeated" : "skipped";
    return {
      ok: false,
      problem: `The stream ${what} entries: entry ${this.offset + 1} was due, entry ${offset} came.`,
    };
  }

  /** The server says that entries up to `to` are not coming. */
  skip(from: number, to: number): Step {
    if (from !== this.offset + 1 || to < from) {
      return {
        ok: false,
        problem: `The stream announced a hole from ${from} to ${to}, but entry ${this.offset + 1} was due.`,
      };
    }
    this.offset = to;
    return OK;
  }

  /** The server says where the log goes on. True where it is another log, so that what was taken in is void. */
  reset(epoch: string, earliestOffset: number, reason: string): boolean {
    const another = epoch !== this.epoch || reason === "epoch" || reason === "ahead";
    this.epoch = epoch;
    this.offset = Math.max(0, earliestOffset - 1);
    return another;
  }

  /** Back to before the first entry. */
  rewind(): void {
    this.epoch = null;
    this.offset = 0;
  }

  query(): string {
    const query = new URLSearchParams({ since: String(this.offset) });
    if (this.epoch !== null) query.set("epoch", this.epoch);
    return query.toString();
  }
}
