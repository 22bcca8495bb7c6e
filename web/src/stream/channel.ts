/** Reading a channel's log (docs/protocol.md), whatever the channel is about: each entry once and in order, or a fault. */

import { Cursor } from "./cursor";
import { BadFrame, count, type Fields, fields, optionalText, text } from "./reader";

export interface ChannelListener {
  /** An entry of the log, each once and in order. May throw a `BadFrame`. */
  readonly onEntry: (entry: Fields) => void;
  /** The log goes on elsewhere. `another`: it is another log, so that what was taken in is void. */
  readonly onReset: (another: boolean) => void;
}

export class ChannelReader {
  /** The newest entry said that it is the last one. */
  final = false;
  /** What whoever reads is at it; null until that was told. */
  role: string | null = null;
  private readonly cursor = new Cursor();

  /** Where a connection goes on that is made now. */
  query(): string {
    return this.cursor.query();
  }

  /** Takes in a message. Answers what is wrong with it; null where nothing is. */
  take(data: unknown, listener: ChannelListener): string | null {
    try {
      return this.frame(parsed(data), listener);
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      return `The server sent something that this page cannot read. ${error.message}`;
    }
  }

  private frame(from: Fields, { onEntry, onReset }: ChannelListener): string | null {
    if (from["type"] === "hello") {
      this.cursor.epoch ??= text(from["epoch"], "epoch");
      this.role = optionalText(from["role"], "role");
    } else if (from["type"] === "reset") {
      const earliest = count(from["earliest_offset"], "earliest_offset");
      onReset(this.cursor.reset(text(from["epoch"], "epoch"), earliest, "reset"));
    } else if (from["offset"] !== undefined) {
      const step = this.cursor.entry(count(from["offset"], "offset"));
      if (!step.ok) return step.problem;
      this.final = from["final"] === true;
      onEntry(from);
    }
    // What has no offset is about the connection only.
    return null;
  }
}

function parsed(data: unknown): Fields {
  try {
    return fields(JSON.parse(text(data, "message")), "frame");
  } catch (error) {
    if (error instanceof SyntaxError) throw new BadFrame("message: not JSON");
    throw error;
  }
}
