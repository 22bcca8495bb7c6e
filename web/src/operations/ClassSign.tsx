import type { VoltageClass } from "../api/results";
import { SIGNS } from "./classes";

/** The sign of a class, beside its word. */
export function ClassSign({ of }: { readonly of: VoltageClass }) {
  return (
    <svg viewBox="-9 -9 18 18" width="15" height="15" aria-hidden="true">
      <path d={SIGNS[of].path} style={{ fill: SIGNS[of].color }} />
    </svg>
  );
}
