import { Link } from "@tanstack/react-router";

import type { Verification } from "../api/results";
import table from "../tasks/Task.module.css";
import classes from "./Operations.module.css";

/** Whether a session's ticks came out the same a second time. */
export function VerifyView({ verification: { session_id, found } }: { readonly verification: Verification }) {
  return (
    <section className={table["card"]} aria-label="Verification">
      <p className={classes["verdict"]} data-identical={found?.identical}>
        {found === null ? (
          "The second run is under way."
        ) : found.identical ? (
          <>✓ Identical: {found.ticks.toLocaleString("en")} ticks came out the same to the last bit.</>
        ) : (
          <>✕ Different{found.first_difference === null ? "" : ` from tick ${found.first_difference} on`}.</>
        )}
      </p>
      <dl className={classes["pairs"]}>
        <div>
          <dt>Session</dt>
          <dd>
            <Link to="/sessions/$sessionId" params={{ sessionId: session_id }}>
              {session_id}
            </Link>
          </dd>
        </div>
        {found && (
          <>
            <div>
              <dt>Digest of the session</dt>
              <dd>{found.expected ?? "–"}</dd>
            </div>
            <div>
              <dt>Digest of the second run</dt>
              <dd>{found.digest ?? "–"}</dd>
            </div>
          </>
        )}
      </dl>
      {found?.reason != null && <p>{found.reason}</p>}
    </section>
  );
}
