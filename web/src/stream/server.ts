/** What the stream asks of the server beside its socket: the past of a run, and everything where there is no socket. */

import type { Args } from "./commands";
import type { Control, Past, Session } from "./frames";
import { parseApplied, parsePast, parseSession } from "./parse";
import { BadFrame, fields, optionalText } from "./reader";
import type { Surroundings } from "./surroundings";

/** A refusal, told in the server's words; `status` is 0 where it could not be reached or understood. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Every call may be refused (`Refused`). */
export class Server {
  private readonly base: string;
  private readonly around: Pick<Surroundings, "fetch">;

  constructor(sessionId: string, around: Pick<Surroundings, "fetch">) {
    this.base = `/api/sessions/${encodeURIComponent(sessionId)}`;
    this.around = around;
  }

  session(): Promise<Session> {
    return this.ask("", (body) => parseSession(body));
  }

  applied(): Promise<readonly Control[]> {
    return this.ask("/commands", parseApplied);
  }

  /** Ticks `[from, to)`, `to` being null for the newest; at most 4 x `maxPoints` rows, so chosen that the extremes are among them. */
  ticks(from: number, to: number | null, maxPoints: number): Promise<Past> {
    const query = new URLSearchParams({ from: String(from), max_points: String(maxPoints) });
    if (to !== null) query.set("to", String(to - 1));
    return this.ask(`/ticks?${query}`, (body) => parsePast(body, maxPoints));
  }

  /** Stores a command; its answer is an entry of the log. */
  async command(id: string, command: string, args: Args): Promise<void> {
    await this.ask("/commands", () => undefined, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ id, command, args }),
    });
  }

  eventsPath(query: string): string {
    return `${this.base}/events?${query}`;
  }

  private async ask<T>(path: string, read: (body: unknown) => T, init?: RequestInit): Promise<T> {
    let status = 0;
    try {
      const response = await this.around.fetch(this.base + path, init);
      const body: unknown = await response.json();
      if (response.ok) return read(body);
      status = response.status;
      throw new Refused(
        status,
        optionalText(fields(body, "problem")["detail"], "detail") ?? `It answered ${status}.`,
      );
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (error instanceof BadFrame || error instanceof SyntaxError) {
        throw new Refused(status, `The server's answer cannot be read. ${error.message}`);
      }
      throw new Refused(0, "The server cannot be reached.");
    }
  }
}
