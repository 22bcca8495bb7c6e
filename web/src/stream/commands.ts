/** What this page asked of the run, and what became of it. Pure: whoever sends says so here, and the log's answers come in. */

import type { CommandFrame, Json } from "./frames";

export type Args = Readonly<Record<string, Json>>;

export type Fate =
  /** On its way; the answer comes as an entry of the log. */
  | { readonly kind: "sent" }
  /** The connection was lost before the answer came: it may have arrived or not. The log will tell. */
  | { readonly kind: "unsure" }
  | { readonly kind: "applied"; readonly tick: number }
  | { readonly kind: "refused"; readonly reason: string };

export interface Asked {
  readonly id: string;
  readonly command: string;
  readonly args: Args;
  readonly fate: Fate;
}

const NEVER_ARRIVED = "The run ended without it: it was lost on the way.";
const VOID = "The server's log of this run began anew; what became of this is not known.";

/** Each control of the page is a slot that shows the fate of the last thing asked through it. */
export class Commands {
  /** The last one whose fate changed: told to assistive technology. */
  newest: Asked | null = null;
  private readonly slots = new Map<string, Asked>();
  private readonly slotOf = new Map<string, string>();

  sent(slot: string, id: string, command: string, args: Args): void {
    this.slotOf.set(id, slot);
    this.change(slot, { id, command, args, fate: { kind: "sent" } });
  }

  of(slot: string): Asked | null {
    return this.slots.get(slot) ?? null;
  }

  /** Whether this page sent the command. */
  isOwn(id: string): boolean {
    return this.slotOf.has(id);
  }

  answered(frame: CommandFrame): void {
    this.settle(
      frame.command_id,
      frame.status === "applied"
        ? { kind: "applied", tick: frame.tick }
        : { kind: "refused", reason: frame.error ?? "The run refused it." },
    );
  }

  /** It is among those that took effect, though its answer was not seen. */
  applied(id: string, tick: number): void {
    this.settle(id, { kind: "applied", tick });
  }

  /** The server did not even store it. */
  refused(id: string, reason: string): void {
    this.settle(id, { kind: "refused", reason });
  }

  disconnected(): void {
    this.settleOpen({ kind: "unsure" });
  }

  /** A run answers everything that reached it before it says its last word. */
  ended(): void {
    this.settleOpen({ kind: "refused", reason: NEVER_ARRIVED });
  }

  logLost(): void {
    this.settleOpen({ kind: "refused", reason: VOID });
  }

  private settle(id: string, fate: Fate): void {
    const slot = this.slotOf.get(id);
    const asked = slot === undefined ? undefined : this.slots.get(slot);
    // An older one of the same slot: the newer one's fate is shown.
    if (slot !== undefined && asked?.id === id) this.change(slot, { ...asked, fate });
  }

  private settleOpen(fate: Fate): void {
    for (const [slot, asked] of this.slots) {
      if (asked.fate.kind === "sent" || asked.fate.kind === "unsure") this.change(slot, { ...asked, fate });
    }
  }

  private change(slot: string, asked: Asked): void {
    this.slots.set(slot, asked);
    this.newest = asked;
  }
}
