import { Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { isOver, type Task } from "../api/tasks";
import { ago } from "../app/format";
import { RunBadge } from "../components/RunBadge";
import classes from "../sessions/Sessions.module.css";
import { Follow } from "./Follow";
import { LiveTask } from "./live";
import { aimText, scoreText } from "./metrics";
import { eta_s, type Hearing, lengthText, listBadge } from "./standing";
import { useLiveVersion } from "./useLive";

interface Props {
  readonly task: Task;
  readonly nowMs: number;
  /** Whether its events are followed. */
  readonly follow: boolean;
}

const DRAW_EVERY_MS = 500;

export function TaskRow({ task: asTold, nowMs, follow }: Props) {
  const [live] = useState(() => new LiveTask());
  useLiveVersion(live, DRAW_EVERY_MS);
  const [, setHearing] = useState<Hearing>("connecting");
  const hear = useCallback((hearing: Hearing) => {
    setHearing(hearing);
  }, []);
  const task = { ...asTold, progress: live.newest(asTold.progress) };
  const { id, title, scenario, spec, progress, created } = task;
  const left_s = eta_s(task, [], nowMs / 1000);
  const percent = Math.floor(Math.min(100, progress.pct));
  return (
    <Table.Tr>
      <Table.Td title={task.reason ?? undefined}>
        {follow && <Follow taskId={id} live={live} over={isOver(task.status)} onHearing={hear} />}
        <RunBadge badge={listBadge(task)} />
      </Table.Td>
      <Table.Th scope="row" className={classes["run"]}>
        <Link to="/tasks/$taskId" params={{ taskId: id }} className={classes["link"]}>
          {title}
        </Link>{" "}
        <span className={classes["id"]}>{id.slice(0, 8)}</span>
      </Table.Th>
      <Table.Td className={classes["mono"]}>{scenario}</Table.Td>
      <Table.Td>{spec.sampler}</Table.Td>
      <Table.Td title={aimText(spec.objectives)}>{Object.keys(spec.space).length}</Table.Td>
      <Table.Td>
        <span className={classes["progress"]}>
          <span className={classes["track"]} aria-hidden="true">
            <span style={{ width: `${percent}%` }} />
          </span>
          {progress.done} / {progress.total}
        </span>
      </Table.Td>
      <Table.Td className={classes["figure"]}>{scoreText(progress.best_score)}</Table.Td>
      <Table.Td className={classes["figure"]}>{left_s === null ? "–" : lengthText(left_s)}</Table.Td>
      <Table.Td title={new Date(created * 1000).toLocaleString("en-GB")}>{ago(created, nowMs)}</Table.Td>
      <Table.Td>{task.owner}</Table.Td>
    </Table.Tr>
  );
}
