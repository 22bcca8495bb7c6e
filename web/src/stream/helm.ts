/** How a run is being steered, folded from the answers to commands in its log: speed, wait, controllers, who paused it. */

import type { Control, Json, Schema, SessionStatus } from "./frames";

export type Speed = number | "max";

type Fields = Readonly<Record<string, Json>>;

function fieldsOf(args: Json): Fields {
  return typeof args === "object" && args !== null && !Array.isArray(args) ? (args as Fields) : {};
}

export class Helm {
  /** Speed asked for; null where the part of the log that told it is gone. */
  speed: Speed | null = null;
  /** What a `run_until` waits for. */
  until: Fields | null = null;
  /** Who paused the run, while it is paused. */
  pausedBy: string | null = null;
  private controllers = new Map<string, boolean>();

  begin(schema: Schema): void {
    this.controllers = new Map(schema.controllers.map(({ name, enabled }) => [name, enabled]));
  }

  /** Part of the log is missing: what it may have changed is not known until it is changed again. */
  forget(): void {
    this.speed = null;
    this.until = null;
    this.pausedBy = null;
    this.controllers.clear();
  }

  /** Null where it is not known. */
  enabled(controller: string): boolean | null {
    return this.controllers.get(controller) ?? null;
  }

  /** A command took effect. May be told of the same one twice, in order. */
  applied({ command, args, by }: Pick<Control, "command" | "args" | "by">): void {
    const { x, name, enabled } = fieldsOf(args);
    switch (command) {
      case "speed":
        if (x === "max" || typeof x === "number") this.speed = x;
        return;
      case "run_until":
        this.until = fieldsOf(args);
        return;
      case "pause":
        this.pausedBy = by;
        this.until = null;
        return;
      case "set_controller":
        if (typeof name === "string" && typeof enabled === "boolean") this.controllers.set(name, enabled);
    }
  }

  entered(status: SessionStatus): void {
    if (status === "running") this.pausedBy = null;
    if (status === "paused" || status === "completed" || status === "stopped") this.until = null;
  }
}
