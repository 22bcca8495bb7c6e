import { Button, Progress, Text, Title, VisuallyHidden } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { clock, speed, workloadNote } from "../app/format";
import { RunBadge } from "../components/RunBadge";
import type { Badge } from "../stream/badge";
import type { Parent, Session } from "../stream/frames";
import type { SessionStream } from "../stream/useSessionStream";
import classes from "./RunHeader.module.css";

interface Props {
  readonly stream: SessionStream;
  readonly session: Session | null;
  readonly title: string;
  readonly badge: Badge;
}

export function RunHeader({ stream, session, title, badge }: Props) {
  const { run } = stream;
  const schema = run.history?.schema;
  const facts = [
    schema?.scenario ?? session?.scenario,
    schema && `workload: ${workloadNote(schema.workload)}`,
    session && `seed ${session.seed}`,
    // The count is some seconds old: this page watches in any case.
    session && !run.ended && viewers(Math.max(1, session.viewers)),
    run.attempt > 1 && `attempt ${run.attempt}`,
  ].filter(Boolean);
  return (
    <header className={classes["header"]}>
      <div className={classes["row"]}>
        <Title order={1} className={classes["title"]}>
          {title}
        </Title>
        <RunBadge badge={badge} />
        <Text size="sm" className={classes["detail"]}>
          {badge.kind === "failed" || badge.kind === "unavailable" ? "" : badge.detail}
        </Text>
        <CopyLink />
      </div>
      <Text size="sm" className={classes["facts"]}>
        {facts.join(" · ")}
        {session?.parent && (
          <>
            {" · "}
            <ForkedFrom parent={session.parent} tick_s={schema?.tick_s ?? null} />
          </>
        )}
      </Text>
      <RunProgress stream={stream} badge={badge} />
      <VisuallyHidden role="status" aria-live="polite">
        {`${badge.label}. ${badge.kind === "reconnecting" ? "" : badge.detail}`}
      </VisuallyHidden>
    </header>
  );
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

function viewers(n: number): string {
  return n === 1 ? "1 viewer" : `${n} viewers`;
}

function RunProgress({ stream, badge }: { readonly stream: SessionStream; readonly badge: Badge }) {
  const { run } = stream;
  const tick_s = run.history?.schema.tick_s;
  const share = run.n_ticks > 0 ? run.tick / run.n_ticks : 0;
  const running = badge.kind === "live" || badge.kind === "catching-up";
  const x = running ? run.speed : null;
  return (
    <div className={classes["progress"]}>
      <Progress.Root size={6} className={classes["track"]} transitionDuration={0}>
        <Progress.Section value={100 * share} aria-label="Progress of the run" />
      </Progress.Root>
      <span className={classes["time"]}>
        {tick_s === undefined
          ? "–"
          : `${clock(run.tick * tick_s)} / ${clock(run.n_ticks * tick_s)} · ${Math.floor(100 * share)} %`}
        {x !== null && ` · ${speed(x)} real time`}
      </span>
    </div>
  );
}

function CopyLink() {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setCopied(true);
      setTimeout(() => {
        setCopied(false);
      }, 2_000);
    } catch {
      // The clipboard is closed to pages that are not served over TLS or from this machine.
      window.prompt("Link to this run", location.href);
    }
  };
  return (
    <Button size="xs" variant="default" ml="auto" onClick={copy} aria-live="polite">
      {copied ? "Link copied" : "Copy link"}
    </Button>
  );
}
