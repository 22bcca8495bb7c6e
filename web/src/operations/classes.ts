/** The voltage patterns that a scan tells apart: a word, a sign and a colour each; the sign alone is enough. */

import { CLASSES, type Place, type VoltageClass } from "../api/results";

export interface ClassSign {
  readonly label: string;
  /** SVG path about (0, 0), filled. */
  readonly path: string;
  /** A custom property of the page. */
  readonly color: string;
}

export const SIGNS: Readonly<Record<VoltageClass, ClassSign>> = {
  within_band: {
    label: "Within the band",
    path: "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0z",
    color: "var(--gc-series-3)",
  },
  undervoltage: {
    label: "Undervoltage",
    path: "M0 7L7-5.5H-7z",
    color: "var(--gc-series-1)",
  },
  overvoltage: {
    label: "Overvoltage",
    path: "M0-7L7 5.5H-7z",
    color: "var(--gc-series-7)",
  },
  both: {
    label: "Both",
    path: "M0-8L6.5 0L0 8L-6.5 0z",
    color: "var(--gc-series-4)",
  },
  oscillating: {
    label: "Oscillating",
    path: "M-8 2.4L-4-5.2L0 2L4-5.2L8 2.4V6L4-.4L0 6.6L-4-.4L-8 6z",
    color: "var(--gc-series-5)",
  },
  diverged: {
    label: "Diverged",
    path: "M-6.5-4.2L-4.2-6.5L0-2.3L4.2-6.5L6.5-4.2L2.3 0L6.5 4.2L4.2 6.5L0 2.3L-4.2 6.5L-6.5 4.2L-2.3 0z",
    color: "var(--gc-ink)",
  },
};

export function countsOf(places: readonly Place[]): Readonly<Record<VoltageClass, number>> {
  const counts = Object.fromEntries(CLASSES.map((name) => [name, 0])) as Record<VoltageClass, number>;
  for (const place of places) if (place.class !== null) counts[place.class] += 1;
  return counts;
}

export function classText(name: VoltageClass | null): string {
  return name === null ? "Not known" : SIGNS[name].label;
}
