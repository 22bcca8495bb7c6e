import { Drawer, Group, Text } from "@mantine/core";

import type { Experiment, Task } from "../api/tasks";
import { ConfigButton } from "./ConfigButton";
import { Events } from "./Events";
import type { LiveExperiment } from "./live";
import { metricOf, metricText, scoreText } from "./metrics";
import { OpenButton, phaseName } from "./OpenButton";
import { nameOf, valueText } from "./options";
import { lengthText, limitText } from "./standing";
import { State } from "./State";
import classes from "./Task.module.css";

interface Props {
  readonly task: Task;
  /** Null while the address names one that is not there. */
  readonly experiment: Experiment | null;
  readonly live: LiveExperiment | undefined;
  readonly bestId: string | null;
  readonly onClose: () => void;
}

/** One experiment: what it tried, what came of it, what it told, and the way to watch it. */
export function ExperimentDrawer({ task, experiment, live, bestId, onClose }: Props) {
  const title = experiment ? `Experiment ${nameOf(experiment).replace("#", "")}` : "Experiment";
  return (
    <Drawer.Root opened onClose={onClose} position="right" size="min(480px, 96vw)">
      <Drawer.Overlay />
      <Drawer.Content>
        {/* Not the library's own head, which would be a second banner of the page. */}
        <div className={classes["drawerHead"]}>
          <Drawer.Title>{title}</Drawer.Title>
          <Drawer.CloseButton aria-label="Close" />
        </div>
        <Drawer.Body>
          {experiment ? (
            <Content task={task} experiment={experiment} live={live} bestId={bestId} />
          ) : (
            <Text size="sm">This task has no such experiment, or not yet.</Text>
          )}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}

type ContentProps = Omit<Props, "experiment" | "onClose"> & { readonly experiment: Experiment };

function Content({ task, experiment, live, bestId }: ContentProps) {
  const { spec } = task;
  const params = Object.entries(experiment.params);
  return (
    <>
      <Group gap="xs" mb="sm">
        <State
          experiment={experiment}
          best={experiment.id === bestId}
          front={task.front.includes(experiment.id)}
        />
      </Group>
      {experiment.error !== null && (
        <Text size="sm" c="var(--gc-limit)" mb="sm" style={{ overflowWrap: "anywhere" }}>
          {experiment.error}
        </Text>
      )}
      <Group gap="xs">
        <OpenButton
          taskId={task.id}
          experimentId={experiment.id}
          phases={spec.phases}
          label="Open as a session"
          variant="filled"
        />
        <ConfigButton taskId={task.id} experimentId={experiment.id} label="Copy as config" />
      </Group>
      <h3 className={classes["part"]}>Parameters</h3>
      {params.length === 0 && <Text size="sm">None: the scenario as it is.</Text>}
      <Pairs rows={params.map(([path, value]) => [path, valueText(value)])} />
      <h3 className={classes["part"]}>Phases</h3>
      <Pairs
        rows={spec.phases.map((phase, i) => [
          phaseName(phase, i),
          experiment.status === "completed" ? "done" : `${Math.floor(live?.phases.get(i + 1) ?? 0)} %`,
        ])}
      />
      <h3 className={classes["part"]}>Figures{spec.phases.length > 1 && ", means over the phases"}</h3>
      <Pairs
        rows={[
          ["Score", scoreText(experiment.score)],
          ...Object.entries(experiment.metrics).map(
            ([name, value]) =>
              [
                `${metricOf(name).label}${metricOf(name).unit && `, ${metricOf(name).unit}`}`,
                metricText(name, value),
              ] as const,
          ),
          ...spec.constraints.map((constraint, i) => {
            const by = experiment.broken[i];
            const words = by === undefined ? "–" : by > 0 ? `broken by ${scoreText(by)}` : "kept";
            return [limitText(constraint, metricOf(constraint.metric).label), words] as const;
          }),
          ["Took", experiment.elapsed_s === null ? "–" : lengthText(experiment.elapsed_s)],
        ]}
      />
      <h3 className={classes["part"]}>Events</h3>
      <Events key={experiment.id} experimentId={experiment.id} />
    </>
  );
}

function Pairs({ rows }: { readonly rows: readonly (readonly [string, string])[] }) {
  return (
    <dl className={classes["pairs"]}>
      {rows.map(([name, value]) => (
        <Pair key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function Pair({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
