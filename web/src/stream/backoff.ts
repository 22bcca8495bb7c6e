/** Exponential back-off with full jitter: `random * min(cap, base * 2^attempt)`, so that viewers cut off together do not come back together. */

export const BASE_MS = 1_000;
export const CAP_MS = 30_000;

/** `attempt` counts failures since the last good connection, from 0; `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 30));
}
