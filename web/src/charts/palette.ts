/** Colours of the charts, read from the page's tokens (app/theme.css), so that light and dark are told in one place. */

import type { Phase } from "../stream/frames";

/** Names of custom properties without the leading `--gc-`. */
export type Token =
  | "ink"
  | "muted"
  | "surface"
  | "accent"
  | "heat-low"
  | "heat-high"
  | "touch"
  | "grid"
  | "band"
  | "limit"
  | `phase-${Phase}`
  | `series-${number}`;

const SERIES = 8;

export function seriesToken(index: number): Token {
  return `series-${(index % SERIES) + 1}`;
}

export function css(token: Token): string {
  return `var(--gc-${token})`;
}

const resolved = new Map<Token, string>();
let resolvedFor: string | null = null;

/** The colour now in force, for a canvas. Remembered until light turns to dark: asking the style engine in every frame is slow. */
export function resolve(token: Token): string {
  const scheme = document.documentElement.getAttribute("data-mantine-color-scheme");
  if (scheme !== resolvedFor) {
    resolved.clear();
    resolvedFor = scheme;
  }
  let color = resolved.get(token);
  if (color === undefined) {
    color = getComputedStyle(document.documentElement).getPropertyValue(`--gc-${token}`).trim() || "#888";
    resolved.set(token, color);
  }
  return color;
}
