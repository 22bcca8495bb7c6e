/** How share links are told. */

import type { ShareRole } from "../api/shares";

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/** How long a link may hold: what people choose from, in s. The service takes a minute to a year. */
export const LENGTHS: readonly (readonly [seconds: number, text: string])[] = [
  [HOUR_S, "1 hour"],
  [DAY_S, "1 day"],
  [7 * DAY_S, "7 days"],
  [30 * DAY_S, "30 days"],
  [365 * DAY_S, "1 year"],
];
export const USUAL_S = 7 * DAY_S;

export function roleText(role: ShareRole, act: string): string {
  return role === "viewer" ? "may watch" : `may watch and ${act}`;
}

/** When a link ends (unix s), rounded to the nearest of its unit: it says what was chosen a moment ago. */
export function left(expires: number, nowMs: number): string {
  const s = Math.max(0, expires - nowMs / 1000);
  const [unit_s, unit] = s < 1.5 * HOUR_S ? [60, "min"] : s < 1.5 * DAY_S ? [HOUR_S, "h"] : [DAY_S, "d"];
  return `ends in ${Math.max(1, Math.round(s / unit_s))} ${unit}`;
}
