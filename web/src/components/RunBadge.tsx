import type { Badge } from "../stream/badge";
import classes from "./RunBadge.module.css";

/** Dot and word: the state is never told by colour alone. */
export function RunBadge({ badge }: { readonly badge: Badge }) {
  return (
    <span className={classes["badge"]} data-kind={badge.kind} data-testid="badge">
      <span className={classes["dot"]} aria-hidden="true" />
      {badge.label}
    </span>
  );
}
