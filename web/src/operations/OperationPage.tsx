import { Button, Skeleton, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";

import type { Role } from "../account/rights";
import { isOver, type Operation, operationQuery } from "../api/operations";
import type { Finding } from "../api/results";
import { scenarioQuery, schemaQuery } from "../api/scenarios";
import { announce } from "../app/announce";
import { ago, clock } from "../app/format";
import { useTitle } from "../app/useTitle";
import { RunBadge } from "../components/RunBadge";
import { Trouble } from "../components/Trouble";
import { shapeOf } from "../newrun/shape";
import { ShareMenu } from "../share/ShareMenu";
import { useNow } from "../stream/useSessionStream";
import { candidates } from "../tasks/draft";
import { type Hearing, pageBadge } from "../tasks/standing";
import classes from "../tasks/Task.module.css";
import { useLiveVersion } from "../tasks/useLive";
import { CancelButton } from "./CancelButton";
import { CharacterizeView } from "./CharacterizeView";
import { DownloadButton } from "./DownloadButton";
import { findingOf, type Known } from "./finding";
import { Follow } from "./Follow";
import { HeatmapView } from "./HeatmapView";
import { bandOf, valueAt } from "./limits";
import { LiveOperation } from "./live";
import { ProgressStrip } from "./ProgressStrip";
import { ScanView } from "./ScanView";
import { newOperationSearch } from "./search";
import { paramsOf } from "./sessions";
import { VerifyView } from "./VerifyView";

/** Drawn anew for points this often at most. */
const DRAW_EVERY_MS = 100;
/** Where no entries come. */
const POLL_EVERY_MS = 3_000;
/** Its state may change without an entry that says so. */
const LOOK_AGAIN_MS = 10_000;

export function OperationRoute() {
  const { operationId } = useParams({ from: "/analyses/$operationId" });
  return <OperationPage key={operationId} operationId={operationId} />;
}

/** One operation, live. */
export function OperationPage({ operationId }: { readonly operationId: string }) {
  const [live] = useState(() => new LiveOperation());
  const [hearing, setHearing] = useState<Hearing>("connecting");
  const [role, setRole] = useState<Role>(null);
  const asked = useQuery({
    ...operationQuery(operationId),
    refetchInterval: ({ state }) =>
      state.data && isOver(state.data) ? false : hearing === "polling" ? POLL_EVERY_MS : LOOK_AGAIN_MS,
  });
  const operation = asked.data;
  useTitle(operation?.title ?? "Analysis");
  if (!operation) {
    return asked.error ? (
      <>
        <Title order={1} size="h3" mb="sm">
          Analysis
        </Title>
        <Trouble
          title="The analysis cannot be loaded"
          message={asked.error.message}
          onRetry={() => void asked.refetch()}
        />
        <Text mt="sm">
          <Link to="/analyses">All analyses</Link>
        </Text>
      </>
    ) : (
      <Skeleton height={640} animate={false} />
    );
  }
  return (
    <>
      <Follow
        operationId={operationId}
        live={live}
        over={isOver(operation)}
        onHearing={setHearing}
        onRole={setRole}
      />
      {asked.error && (
        <Trouble
          title="This may be out of date: the analysis cannot be asked"
          message={asked.error.message}
          onRetry={() => void asked.refetch()}
        />
      )}
      <Content operation={operation} live={live} hearing={hearing} role={role} />
    </>
  );
}

interface ContentProps {
  readonly operation: Operation;
  readonly live: LiveOperation;
  readonly hearing: Hearing;
  readonly role: Role;
}

function Content({ operation: asTold, live, hearing, role }: ContentProps) {
  const version = useLiveVersion(live, DRAW_EVERY_MS);
  const nowMs = useNow(1_000);
  const operation = useMemo(() => (version >= 0 ? newest(asTold, live) : asTold), [asTold, live, version]);
  const progress = live.newest(asTold.progress);
  const over = isOver(operation);
  const { known, config } = useScenario(operation);
  const found = useMemo(
    () => findingOf(operation, version >= 0 ? live.points : [], known),
    [operation, live, version, known],
  );
  const badge = badgeOf(operation, hearing);
  useTold(badge.label, progress.step, progress.steps);
  const { title, op, created, attempt } = operation;
  const { name, duration_s, seed } = operation.config;
  return (
    <>
      <header className={classes["head"]}>
        <Title order={1} className={classes["title"] ?? ""}>
          {title}
        </Title>
        <RunBadge badge={badge} />
        <span className={classes["facts"]}>
          {badge.detail !== "" && !over ? `${badge.detail} ` : ""}
          {typeof name === "string" && (
            <>
              <Link to="/new" search={{ scenario: name }}>
                {name}
              </Link>{" "}
              ·{" "}
            </>
          )}
          {typeof duration_s === "number" && `points of ${clock(duration_s)} · `}
          {typeof seed === "number" && seed !== 0 && `seed ${seed} · `}
          {ago(created, nowMs)}
          {attempt > 1 && ` · attempt ${attempt}`}
        </span>
        <div className={classes["ways"]}>
          <Button
            size="xs"
            variant="default"
            renderRoot={(props) => (
              <Link {...props} to="/analyses/new" search={newOperationSearch({ op, scenario: name })} />
            )}
          >
            New analysis
          </Button>
          <DownloadButton operation={operation} found={found} />
          <ShareMenu
            shared={{
              things: "operations",
              id: operation.id,
              visibility: operation.visibility,
              noun: "analysis",
              act: "cancel it",
            }}
            owner={operation.owner}
          />
          <CancelButton operation={operation} role={role} />
        </div>
      </header>
      <ProgressStrip operation={operation} progress={progress} nowMs={nowMs} />
      <div className={classes["page"]}>
        {operation.status === "failed" && (
          <Trouble title="The analysis failed" message={operation.reason ?? "It gave no reason."} />
        )}
        <View operation={operation} found={found} config={config} over={over} />
      </div>
    </>
  );
}

/** What its last entry told, before the service was asked again. */
function newest(operation: Operation, live: LiveOperation): Operation {
  const { ending } = live;
  const result = operation.result ?? live.result;
  if (ending === null || isOver(operation)) return { ...operation, result };
  return {
    ...operation,
    result,
    status: ending.code,
    reason: ending.msg === "" ? operation.reason : ending.msg,
    ended: operation.ended ?? null,
  };
}

function badgeOf(operation: Operation, hearing: Hearing) {
  const badge = pageBadge(operation, hearing);
  if (hearing !== "polling" || isOver(operation)) return badge;
  return { ...badge, detail: `${badge.detail} The points are shown when all of them are there.` };
}

/** What is known of the operation's scenario; nothing for a scan, which is about many. */
function useScenario({ config: asked }: Operation) {
  const name = asked["name"];
  const enabled = typeof name === "string";
  const detail = useQuery({ ...scenarioQuery(enabled ? name : ""), enabled });
  const schema = useQuery({ ...schemaQuery, enabled });
  const config = detail.data?.config;
  const known = useMemo((): Known => {
    const fields =
      schema.data === undefined || config === undefined
        ? []
        : candidates(shapeOf(schema.data), config, []).filter(({ type }) => type === "int");
    return {
      valueAt: (path) => valueAt(config, paramsOf(asked), path),
      isWhole: (path) => fields.some((field) => field.path === path),
    };
  }, [schema.data, config, asked]);
  return { known, config };
}

interface ViewProps {
  readonly operation: Operation;
  readonly found: Finding;
  /** The scenario's; undefined while it is not there. */
  readonly config: ReturnType<typeof useScenario>["config"];
  readonly over: boolean;
}

function View({ operation, found, config: scenario, over }: ViewProps) {
  const { config } = operation;
  const band = useMemo(() => bandOf(scenario, paramsOf(config)), [scenario, config]);
  const feeders = useMemo(() => {
    const asked = config["feeders"];
    return Array.isArray(asked) ? asked.map(String) : [];
  }, [config]);
  switch (found.op) {
    case "characterize":
      return (
        <CharacterizeView
          found={found}
          band={band}
          sensitivity={config["sensitivity"] !== false}
          maxScale={typeof config["pv_max_scale"] === "number" ? config["pv_max_scale"] : 2}
          over={over}
        />
      );
    case "heatmap":
      return <HeatmapView found={found} config={config} over={over} />;
    case "scan":
      return <ScanView found={found} feeders={feeders} over={over} />;
    case "verify":
      return <VerifyView verification={found} />;
  }
}

/** States are said whenever they change. */
function useTold(state: string, step: number, steps: number): void {
  useEffect(() => {
    announce(`${state}: ${step} of ${steps} points done.`);
    // Only when the state changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [state]);
}
