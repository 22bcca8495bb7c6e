/** The signs of the diagram, as SVG paths about (0, 0) in px. Shapes differ, so that no sign is told by colour alone. */

import type { EdgeKind } from "../api/feeder";
import type { SiteKind } from "./sites";
import type { Standing } from "./voltages";

const round = (value: number) => Math.round(value * 100) / 100;

/** A bus: a disc within the limits; out of them a larger triangle that points where the voltage went. */
export function busPath(of: Standing, radius: number): string {
  const r = round(of === "unknown" ? radius * 0.72 : radius);
  switch (of) {
    case "inside":
    case "unknown":
      return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case "under":
      return `M0 ${round(1.5 * r)}L${round(1.45 * r)} ${round(-1.05 * r)}H${round(-1.45 * r)}z`;
    case "over":
      return `M0 ${round(-1.5 * r)}L${round(1.45 * r)} ${round(1.05 * r)}H${round(-1.45 * r)}z`;
  }
}

export const SITE_PATHS: Readonly<
  Record<SiteKind, readonly { readonly d: string; readonly part: string }[]>
> = {
  datacenter: [
    { d: "M-8-8h16v16h-16z", part: "body" },
    { d: "M-5-4.5h6M-5 0h6M-5 4.5h6M4-4.5h1M4 0h1M4 4.5h1", part: "marks" },
  ],
  storage: [
    { d: "M-9-5.5h16v11h-16zM7-2.5h2.5v5h-2.5", part: "case" },
    { d: "", part: "level" },
  ],
  pv: [
    { d: "M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z", part: "body" },
    { d: "M0-5.6v-3M0 5.6v3M-5.6 0h-3M5.6 0h3M-4-4l-2-2M4-4l2-2M-4 4l-2 2M4 4l2 2", part: "marks" },
  ],
};

/** Inside of the battery, filled to a share of its charge. */
export function levelPath(soc: number): string {
  const share = Number.isNaN(soc) ? 0 : Math.max(0, Math.min(1, soc));
  return `M-7.5-4h${round(13 * share)}v8h${round(-13 * share)}z`;
}

export const EDGE_PATHS: Readonly<
  Partial<Record<EdgeKind, readonly { readonly d: string; readonly part: string }[]>>
> = {
  regulator: [
    { d: "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0z", part: "body" },
    { d: "M-7.5 7.5L6.5-6.5M2.2-6.8H6.8V-2.2", part: "marks" },
  ],
  transformer: [
    { d: "M-7.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z", part: "body" },
    { d: "M-1.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z", part: "ring" },
  ],
  switch: [{ d: "M-2.6-2.6h5.2v5.2h-5.2z", part: "closed" }],
};

export const SOURCE_PATHS = [
  { d: "M-8-8h16v16h-16z", part: "body" },
  { d: "M-5 0c2-6 3.2-6 5 0s3 6 5 0", part: "marks" },
] as const;
