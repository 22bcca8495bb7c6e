import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { lazy, memo, Suspense, useCallback, useEffect, useMemo, useReducer, useState } from "react";

import { sessionQuery } from "../api/sessions";
import { Stage } from "../charts/stage";
import { EventLog } from "../components/EventLog";
import { useFollow } from "../components/follow";
import { SummaryCard } from "../components/SummaryCard";
import { Trouble } from "../components/Trouble";
import { FeederCard, type FeederView, isFeederView } from "../diagram/FeederCard";
import { ADJUST_BUTTON, Transport } from "../steering/Transport";
import type { Badge } from "../stream/badge";
import type { History } from "../stream/history";
import type { Run } from "../stream/run";
import {
  refreshEvery,
  type SessionStream,
  streamBadge,
  useNow,
  useRunVersion,
  useSessionStream,
} from "../stream/useSessionStream";
import { roughly } from "../timeline/scale";
import type { Playhead } from "../timeline/TimelinePicture";
import { Ghost } from "./Ghost";
import { RunCharts } from "./RunCharts";
import { RunHeader } from "./RunHeader";
import classes from "./SessionPage.module.css";
import { TimelineRow } from "./TimelineRow";

// Has its own, slower clock, and is loaded by those who steer.
const AdjustPanel = memo(lazy(() => import("../steering/AdjustPanel")));

/** One run, live or over: the same page, filled from the same stream. */
export function SessionPage({ sessionId }: { readonly sessionId: string }) {
  const stream = useSessionStream(sessionId);
  const { run } = stream;
  const link = useLocation({ select: ({ searchStr }) => searchStr });
  const [stage] = useState(() => stageFor(run, link));
  useEffect(() => stage.start(), [stage]);
  useRunVersion(run, 100);
  const nowMs = useNow(500);
  const [adjusting, setAdjusting] = useState(false);
  const [view, setView] = useState(() => feederViewOf(link));
  const [buses, toggleBus] = useReducer(toggled, []);
  const closePanel = useCallback(() => {
    setAdjusting(false);
    document.getElementById(ADJUST_BUTTON)?.focus();
  }, []);
  const query = useQuery(sessionQuery(sessionId, pollEvery(stream)));
  // The socket's hello is as fresh as the connection; the query keeps the rest fresh after it.
  const session = query.data ?? run.session;
  const badge = streamBadge(stream, session, nowMs);
  const steering = adjusting && !(run.ended && !run.catchingUp);
  const following = useFollow(stream, stage);
  const others = useMemo(() => playheads(run.viewers), [run.viewers]);
  const parent = session?.parent ?? null;
  const [withParent, setWithParent] = useState(true);
  const [ghost, setGhost] = useState<History | null>(null);

  const title = session?.title ?? run.history?.schema.scenario ?? "Run";
  useEffect(() => {
    document.title = `${title} · ${badge.label} – Gridcast`;
  }, [title, badge.label]);

  return (
    <article className={classes["page"]} aria-label={`Run ${title}`}>
      <RunHeader
        stream={stream}
        stage={stage}
        session={session}
        title={title}
        badge={badge}
        view={view}
        following={following}
      >
        {parent && (
          <label className={classes["withParent"]}>
            <input
              type="checkbox"
              checked={withParent}
              onChange={(event) => {
                setWithParent(event.currentTarget.checked);
              }}
            />{" "}
            dashed behind this run
          </label>
        )}
      </RunHeader>
      {parent && withParent && (
        <Ghost key={parent.id} sessionId={parent.id} stage={stage} onHistory={setGhost} />
      )}
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
      <TimelineRow stream={stream} stage={stage} badge={badge} others={others} />
      <SummaryCard summary={run.summary} history={run.history} />
      {badge.kind === "reconnecting" && run.newestTickTs !== null && (
        <p className={classes["old"]}>
          The picture is {roughly(Math.max(0, nowMs / 1000 + run.clockSkew_s - run.newestTickTs))} old.
          Nothing can be sent until the connection is back.
        </p>
      )}
      <div
        className={classes["body"]}
        data-old={badge.kind === "reconnecting" || undefined}
        data-adjusting={steering || undefined}
      >
        {steering && (
          <div className={classes["adjust"]}>
            <Suspense fallback={<Skeleton height={240} />}>
              <AdjustPanel stream={stream} onClose={closePanel} />
            </Suspense>
          </div>
        )}
        <div className={classes["side"]}>
          <FeederCard
            sessionId={sessionId}
            scenario={run.history?.schema.scenario ?? session?.scenario ?? null}
            stage={stage}
            history={run.history}
            view={view}
            onView={setView}
            charted={buses}
            onChart={toggleBus}
          />
          <div className={classes["log"]}>
            <EventLog run={run} stage={stage} />
          </div>
        </div>
        <div className={classes["charts"]}>
          {run.history ? (
            <RunCharts
              stage={stage}
              history={run.history}
              ghost={ghost}
              buses={buses}
              onBus={toggleBus}
              holes={run.history.holes.length}
            />
          ) : (
            badge.kind !== "unavailable" && badge.kind !== "failed" && <Waiting badge={badge} />
          )}
        </div>
      </div>
    </article>
  );
}

/** The others who went back to some moment; who follows the run is at its edge in any case. */
function playheads(viewers: Run["viewers"]): readonly Playhead[] {
  return (viewers?.present ?? []).filter(({ you, tick }) => !you && tick !== null);
}

/** `?t=` of a shared link: the moment, in simulated seconds. */
function stageFor(run: Run, link: string): Stage {
  const stage = new Stage(run);
  const t_s = Number(new URLSearchParams(link).get("t") ?? NaN);
  if (t_s >= 0) stage.seekTime(t_s);
  return stage;
}

function feederViewOf(link: string): FeederView {
  const view = new URLSearchParams(link).get("view");
  return isFeederView(view) ? view : "diagram";
}

function toggled(buses: readonly string[], bus: string): readonly string[] {
  return buses.includes(bus) ? buses.filter((other) => other !== bus) : [...buses, bus];
}

/** The place in the queue comes by asking alone. */
const QUEUE_EVERY_MS = 2_000;

function pollEvery(stream: SessionStream): number | false {
  return stream.run.status === "queued" ? QUEUE_EVERY_MS : refreshEvery(stream);
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
