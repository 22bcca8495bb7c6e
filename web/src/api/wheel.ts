/** Who alone steers a run, and how that changes. */

import type { Wheel } from "../stream/frames";
import { parseWheel } from "../stream/parse";
import { request } from "./http";

export type WheelTurn =
  | { readonly action: "take" | "ask" | "let-go" }
  | { readonly action: "give" | "refuse"; readonly name: string };

/** Answers how it is then. Throws `Problem`. */
export function turnWheel(sessionId: string, turn: WheelTurn): Promise<Wheel> {
  const path = `/api/sessions/${encodeURIComponent(sessionId)}/wheel/${turn.action}`;
  const body =
    "name" in turn
      ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: turn.name }) }
      : {};
  return request(path, parseWheel, { method: "POST", ...body });
}
