import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, memo, Suspense, useCallback, useEffect, useState } from "react";

import { sessionQuery } from "../api/sessions";
import { Stage } from "../charts/stage";
import { EventLog } from "../components/EventLog";
import { SummaryCard } from "../components/SummaryCard";
import { Trouble } from "../components/Trouble";
import { ADJUST_BUTTON, Transport } from "../steering/Transport";
import type { Badge } from "../stream/badge";
import {
  type SessionStream,
  streamBadge,
  useNow,
  useRunVersion,
  useSessionStream,
} from "../stream/useSessionStream";
import { RunCharts } from "./RunCharts";
import { RunHeader } from "./RunHeader";
import classes from "./SessionPage.module.css";

// Has its own, slower clock, and is loaded by those who steer.
const AdjustPanel = memo(lazy(() => import("../steering/AdjustPanel")));

/** One run, live or over: the same page, filled from the same stream. */
export function SessionPage({ sessionId }: { readonly sessionId: string }) {
  const stream = useSessionStream(sessionId);
  const { run } = stream;
  const [stage] = useState(() => new Stage(run));
  useEffect(() => stage.start(), [stage]);
  useRunVersion(run, 100);
  const nowMs = useNow(500);
  const [adjusting, setAdjusting] = useState(false);
  const closePanel = useCallback(() => {
    setAdjusting(false);
    document.getElementById(ADJUST_BUTTON)?.focus();
  }, []);
  const query = useQuery(sessionQuery(sessionId, pollEvery(stream)));
  // The socket's hello is as fresh as the connection; the query keeps the rest fresh after it.
  const session = query.data ?? run.session;
  const badge = streamBadge(stream, session?.queue_position ?? null, nowMs);

  const title = session?.title ?? run.history?.schema.scenario ?? "Run";
  useEffect(() => {
    document.title = `${title} · ${badge.label} – Gridcast`;
  }, [title, badge.label]);

  return (
    <article className={classes["page"]} aria-label={`Run ${title}`}>
      <RunHeader stream={stream} session={session} title={title} badge={badge} />
      <Transport
        stream={stream}
        stage={stage}
        session={session}
        panelOpen={adjusting}
        onPanel={() => {
          setAdjusting(!adjusting);
        }}
      />
      <Banner stream={stream} badge={badge} />
      <div className={classes["body"]}>
        <div className={classes["charts"]} data-old={badge.kind === "reconnecting" || undefined}>
          {run.history ? (
            <RunCharts stage={stage} history={run.history} />
          ) : (
            badge.kind !== "unavailable" && badge.kind !== "failed" && <Waiting badge={badge} />
          )}
        </div>
        <aside className={classes["rail"]} aria-label="Steering, summary and events">
          {adjusting && !(run.ended && !run.catchingUp) && (
            <div className={classes["adjust"]}>
              <Suspense fallback={<Skeleton height={240} />}>
                <AdjustPanel stream={stream} onClose={closePanel} />
              </Suspense>
            </div>
          )}
          {run.summary && <SummaryCard summary={run.summary} />}
          <EventLog run={run} />
        </aside>
      </div>
    </article>
  );
}

function pollEvery({ run, socket }: SessionStream): number | false {
  if (run.ended || socket.state.phase !== "open") return false;
  return run.status === "queued" ? 1_500 : 5_000;
}

function Banner({ stream, badge }: { readonly stream: SessionStream; readonly badge: Badge }) {
  if (badge.kind === "failed") return <Trouble title="The run failed" message={badge.detail} />;
  if (badge.kind === "unavailable") {
    return (
      <Trouble
        title={stream.run.fault === null ? "This run cannot be shown" : "The stream cannot be trusted"}
        message={badge.detail}
        retryLabel="Connect again"
        onRetry={() => {
          stream.run.resume();
          stream.socket.connect();
        }}
      />
    );
  }
  return null;
}

function Waiting({ badge }: { readonly badge: Badge }) {
  return (
    <div aria-busy="true">
      <Text size="sm" c="var(--gc-muted)" mb="sm">
        {badge.detail || "The charts come with the first tick."}
      </Text>
      <Skeleton height={300} mb={12} animate={false} />
      <Skeleton height={240} animate={false} />
    </div>
  );
}
