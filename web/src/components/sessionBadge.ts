import type { Badge } from "../stream/badge";
import type { Session, SessionStatus } from "../stream/frames";

/** In a list there is no stream to judge by: the badge says what the server last said, and no more than "running". */
const BADGES: Readonly<Record<SessionStatus, Pick<Badge, "kind" | "label">>> = {
  queued: { kind: "queued", label: "Queued" },
  starting: { kind: "starting", label: "Starting" },
  running: { kind: "live", label: "Running" },
  paused: { kind: "paused", label: "Paused" },
  recovering: { kind: "recovering", label: "Recovering" },
  completed: { kind: "finished", label: "Finished" },
  stopped: { kind: "stopped", label: "Stopped" },
  failed: { kind: "failed", label: "Failed" },
};

export function sessionBadge({ status, queue_position, reason }: Session): Badge {
  const { kind, label } = BADGES[status];
  const place = status === "queued" && queue_position !== null ? `, #${queue_position}` : "";
  return { kind, label: label + place, detail: reason ?? "" };
}
