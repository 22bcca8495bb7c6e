import { css } from "../charts/palette";
import { strokeOf } from "./strokes";

/** A piece of a run's line. */
export function Swatch({ index }: { readonly index: number }) {
  const { token, dash } = strokeOf(index);
  return (
    <svg width="34" height="10" viewBox="0 0 34 10" aria-hidden="true" style={{ flex: "none" }}>
      <path d="M1 5H33" stroke={css(token)} strokeWidth="2.4" strokeDasharray={dash.join(" ")} fill="none" />
    </svg>
  );
}
