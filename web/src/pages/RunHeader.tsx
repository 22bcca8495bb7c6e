import { Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";

import { announce } from "../app/announce";
import { clock, workloadNote } from "../app/format";
import type { Stage } from "../charts/stage";
import { ExportButton } from "../components/ExportButton";
import { RunBadge } from "../components/RunBadge";
import type { Following } from "../components/follow";
import { ShareButton } from "../components/ShareButton";
import { Viewers } from "../components/Viewers";
import type { FeederView } from "../diagram/FeederCard";
import type { Badge } from "../stream/badge";
import type { Parent, Session } from "../stream/frames";
import type { SessionStream } from "../stream/useSessionStream";
import classes from "./RunHeader.module.css";

interface Props {
  readonly stream: SessionStream;
  readonly session: Session | null;
  readonly title: string;
  readonly badge: Badge;
  readonly stage: Stage;
  readonly view: FeederView;
  readonly following: Following;
  /** Beside the name of the run that this one was forked from. */
  readonly children?: ReactNode;
}

export function RunHeader({ stream, session, title, badge, stage, view, following, children }: Props) {
  const { run } = stream;
  const schema = run.history?.schema;
  const facts = [
    schema?.scenario ?? session?.scenario,
    schema && `workload: ${workloadNote(schema.workload)}`,
    session && `seed ${session.seed}`,
    run.attempt > 1 && `attempt ${run.attempt}`,
  ].filter(Boolean);
  // Those stand in a box of their own.
  const detail = badge.kind === "failed" || badge.kind === "unavailable" ? "" : badge.detail;
  useTold(badge);
  return (
    <header className={classes["row"]}>
      <Title order={1} className={classes["title"]}>
        {title}
      </Title>
      <RunBadge badge={badge} />
      <div className={classes["facts"]}>
        <div>
          {facts.join(" · ")}
          {session?.parent && (
            <>
              {" · "}
              <ForkedFrom parent={session.parent} tick_s={schema?.tick_s ?? null} />
              {children}
            </>
          )}
        </div>
        <div>
          {session && <code title="The run's id">{session.id.slice(0, 8)}</code>}
          {session && !run.ended && (
            <>
              {" · "}
              <Viewers run={run} count={session.viewers} following={following} />
            </>
          )}
          {detail !== "" && <span title={detail}> · {detail}</span>}
        </div>
      </div>
      <div className={classes["ways"]}>
        <ExportButton session={session} />
        <ShareButton stage={stage} run={run} session={session} view={view} />
      </div>
    </header>
  );
}

/** A change of state is said once; the seconds that a detail counts are not. */
function useTold({ kind, label, detail }: Badge): void {
  const latest = useRef("");
  useEffect(() => {
    latest.current = kind === "reconnecting" || detail === "" ? `${label}.` : `${label}. ${detail}`;
  });
  useEffect(() => {
    announce(latest.current);
  }, [kind]);
}

function ForkedFrom({ parent, tick_s }: { readonly parent: Parent; readonly tick_s: number | null }) {
  return (
    <>
      forked from{" "}
      <Link to="/sessions/$sessionId" params={{ sessionId: parent.id }} className={classes["link"]}>
        {parent.id.slice(0, 8)}
      </Link>{" "}
      at {tick_s === null ? `tick ${parent.tick}` : clock(parent.tick * tick_s, true)}
    </>
  );
}
