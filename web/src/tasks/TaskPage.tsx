import { Skeleton, Text, Title } from "@mantine/core";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { Role } from "../account/rights";
import { type Experiment, isOver, type Task } from "../api/tasks";
import { announce } from "../app/announce";
import { ago } from "../app/format";
import { useTitle } from "../app/useTitle";
import { RunBadge } from "../components/RunBadge";
import { Trouble } from "../components/Trouble";
import { ShareMenu } from "../share/ShareMenu";
import { useNow } from "../stream/useSessionStream";
import { Actions } from "./Actions";
import { ConfigButton } from "./ConfigButton";
import { ExperimentDrawer } from "./ExperimentDrawer";
import { ExperimentTable } from "./ExperimentTable";
import { Figures } from "./Figures";
import { Follow } from "./Follow";
import { Importances } from "./Importances";
import { LiveTask, merged } from "./live";
import { useTask } from "./loading";
import { aimText, scoreText } from "./metrics";
import { OpenButton } from "./OpenButton";
import { nameOf } from "./options";
import { Running } from "./Running";
import { eta_s, type Hearing, pageBadge, shortNames } from "./standing";
import classes from "./Task.module.css";
import { ParallelChart, ScoreCharts } from "./TaskCharts";
import { useLiveVersion } from "./useLive";

/** Drawn anew for events this often at most. */
const DRAW_EVERY_MS = 50;
const NONE: readonly Experiment[] = [];

export function TaskRoute() {
  const { taskId } = useParams({ from: "/tasks/$taskId" });
  return <TaskPage key={taskId} taskId={taskId} />;
}

/** One task, live. */
export function TaskPage({ taskId }: { readonly taskId: string }) {
  const [live] = useState(() => new LiveTask());
  const [hearing, setHearing] = useState<Hearing>("connecting");
  const [role, setRole] = useState<Role>(null);
  const { task, experiments } = useTask(taskId, hearing === "polling");
  useTitle(task.data?.title ?? "Task");

  if (!task.data) {
    return task.error ? (
      <>
        <Title order={1} size="h3" mb="sm">
          Task
        </Title>
        <Trouble
          title="The task cannot be loaded"
          message={task.error.message}
          onRetry={() => void task.refetch()}
        />
        <Text mt="sm">
          <Link to="/tasks">All tasks</Link>
        </Text>
      </>
    ) : (
      <Skeleton height={640} animate={false} />
    );
  }
  const failed = task.error ?? experiments.error;
  return (
    <>
      <Follow
        taskId={taskId}
        live={live}
        over={isOver(task.data.status)}
        onHearing={setHearing}
        onRole={setRole}
      />
      {failed && (
        <Trouble
          title="This may be out of date: the task cannot be asked"
          message={failed.message}
          onRetry={() => {
            void task.refetch();
            void experiments.refetch();
          }}
        />
      )}
      <Content task={task.data} told={experiments.data ?? NONE} live={live} hearing={hearing} role={role} />
    </>
  );
}

interface ContentProps {
  readonly task: Task;
  readonly told: readonly Experiment[];
  readonly live: LiveTask;
  readonly hearing: Hearing;
  readonly role: Role;
}

function Content({ task: asTold, told, live, hearing, role }: ContentProps) {
  const version = useLiveVersion(live, DRAW_EVERY_MS);
  const nowMs = useNow(1_000);
  const task = useMemo(
    () => (version >= 0 ? { ...asTold, progress: live.newest(asTold.progress) } : asTold),
    [asTold, live, version],
  );
  const { spec, progress } = task;
  const over = isOver(task.status);
  const experiments = useMemo(
    () => (version >= 0 ? merged(told, live.experiments) : NONE),
    [told, live, version],
  );
  const names = useMemo(() => shortNames(Object.keys(spec.space)), [spec.space]);
  const bestId = progress.best_experiment_id;
  const { experiment: openId } = useSearch({ from: "/tasks/$taskId" });
  const navigate = useNavigate({ from: "/tasks/$taskId" });
  const pick = useCallback(
    (experiment: string) => void navigate({ search: { experiment }, replace: true, resetScroll: false }),
    [navigate],
  );
  const badge = pageBadge(task, hearing);
  useTold(task, badge.label, experiments);

  const ends = useKept(experiments.filter(({ status, baseline }) => status !== "running" && !baseline));
  const left_s = eta_s(
    task,
    ends.flatMap(({ ts }) => (ts === null ? [] : [ts])),
    nowMs / 1000,
  );
  const running = over
    ? []
    : experiments
        .filter(({ status }) => status === "running")
        .map(
          (experiment) =>
            live.experiments.get(experiment.id) ?? {
              experiment,
              phases: new Map(),
              phaseCount: 0,
            },
        );
  const charts = {
    spec,
    total: progress.total,
    experiments: ends,
    baseline: task.baseline,
    bestId,
    names,
    onPick: pick,
  };
  return (
    <>
      <header className={classes["head"]}>
        <Title order={1} className={classes["title"] ?? ""}>
          {task.title}
        </Title>
        <RunBadge badge={badge} />
        <span className={classes["facts"]}>
          {badge.detail !== "" && !over ? `${badge.detail} ` : ""}
          <Link to="/new" search={{ scenario: task.scenario }}>
            {task.scenario}
          </Link>{" "}
          · {spec.sampler} · {aimText(spec.objectives)} ·{" "}
          {spec.phases.length === 1 ? "1 phase" : `${spec.phases.length} phases`} · {ago(task.created, nowMs)}
          {task.attempt > 1 && ` · attempt ${task.attempt}`}
        </span>
        <div className={classes["ways"]}>
          <OpenButton
            taskId={task.id}
            experimentId={bestId}
            phases={spec.phases}
            label="Open best as a session"
          />
          <ConfigButton taskId={task.id} experimentId={bestId} label="Copy best as config" />
          <ShareMenu
            shared={{
              things: "tasks",
              id: task.id,
              visibility: task.visibility,
              noun: "task",
              act: "cancel it",
            }}
            owner={task.owner}
          />
          <Actions task={task} role={role} />
        </div>
      </header>
      <div className={classes["page"]}>
        {task.status === "failed" && (
          <Trouble title="The task failed" message={task.reason ?? "It gave no reason."} />
        )}
        <Figures task={task} eta_s={left_s} nowMs={nowMs} />
        <div className={classes["charts"]}>
          <ScoreCharts {...charts} />
          <Running
            running={running}
            phases={spec.phases.length}
            nowMs={nowMs}
            idle={
              over
                ? `The task is over: ${task.reason ?? badge.label}.`
                : "Nothing yet: it waits for a worker."
            }
          />
          <ParallelChart {...charts} />
          <Importances shares={task.importances} names={names} over={over} />
        </div>
        <ExperimentTable
          spec={spec}
          experiments={experiments}
          names={names}
          bestId={bestId}
          front={task.front}
          onPick={pick}
        />
      </div>
      {openId !== undefined && (
        <ExperimentDrawer
          task={task}
          experiment={experiments.find(({ id }) => id === openId) ?? null}
          live={live.experiments.get(openId)}
          bestId={bestId}
          onClose={() => void navigate({ search: {}, replace: true, resetScroll: false })}
        />
      )}
    </>
  );
}

/** The list of before, as long as the same are on it: charts are drawn when an experiment ends, not at each of its steps. */
function useKept(list: readonly Experiment[]): readonly Experiment[] {
  const [kept, setKept] = useState(list);
  if (kept.length === list.length && kept.every((one, i) => one === list[i])) return kept;
  setKept(list);
  return list;
}

/** New bests are said once in a while; states whenever they change. */
const SAY_EVERY_MS = 5_000;

function useTold(task: Task, state: string, experiments: readonly Experiment[]): void {
  const { best_experiment_id: bestId, best_score, done, total } = task.progress;
  const saidMs = useRef(-Infinity);
  const before = useRef(bestId);
  const best = experiments.find(({ id }) => id === bestId);
  useEffect(() => {
    announce(`${state}: ${done} of ${total} experiments done.`);
    // Only when the state changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [state]);
  useEffect(() => {
    if (bestId === before.current || !best) return;
    before.current = bestId;
    const nowMs = performance.now();
    if (nowMs - saidMs.current < SAY_EVERY_MS) return;
    saidMs.current = nowMs;
    announce(`New best: ${scoreText(best_score)}, experiment ${nameOf(best)}.`);
  }, [bestId, best, best_score]);
}
