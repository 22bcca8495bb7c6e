import { NativeSelect } from "@mantine/core";
import { memo, useCallback, useMemo, useState } from "react";

import type { Experiment, Task } from "../api/tasks";
import type { TableData } from "../charts/ChartTable";
import { scoreText } from "./metrics";
import { nameOf, scatterOption, trajectoryOption, valueText } from "./options";
import { MOST_AXES, parallelOption } from "./parallel";
import { specDirection, trajectory } from "./standing";
import { TaskChart } from "./TaskChart";
import classes from "./Task.module.css";

const HEIGHT_PX = 252;
/** Rows of a chart's table: the newest. */
const ROWS = 200;

interface Props {
  readonly spec: Task["spec"];
  readonly total: number;
  readonly experiments: readonly Experiment[];
  readonly baseline: Experiment | null;
  readonly bestId: string | null;
  readonly names: ReadonlyMap<string, string>;
  readonly onPick: (experimentId: string) => void;
}

function useSteps({ spec, experiments }: Props) {
  const direction = specDirection(spec);
  return useMemo(() => trajectory(experiments, direction), [experiments, direction]);
}

/** Best-so-far trajectory, and any parameter against the score. */
export const ScoreCharts = memo(function ScoreCharts(props: Props) {
  const { spec, total, experiments, baseline, bestId, names, onPick } = props;
  const steps = useSteps(props);
  const paths = Object.keys(spec.space);
  const [chosen, setChosen] = useState(paths[0] ?? "");
  const [log, setLog] = useState(false);
  const parameter = spec.space[chosen];
  const scored = steps.filter(({ experiment }) => experiment.score !== null);
  const base = baseline?.score ?? null;
  const positive =
    scored.every(({ experiment }) => (experiment.score ?? 0) > 0) && (base === null || base > 0);
  const asLog = log && positive;
  const best = steps.at(-1)?.best ?? null;
  const drawTrajectory = useCallback(
    () => trajectoryOption({ steps, baseline: base, total, log: asLog, names }),
    [steps, base, total, asLog, names],
  );
  const drawScatter = useCallback(
    () => scatterOption({ experiments, path: chosen, parameter, bestId, baseline: base, log: asLog, names }),
    [experiments, chosen, parameter, bestId, base, asLog, names],
  );
  const logButton = (
    <button
      type="button"
      className={classes["tool"]}
      aria-pressed={asLog}
      disabled={!positive}
      title={positive ? "Logarithmic scores" : "Logarithms need scores above 0"}
      onClick={() => {
        setLog(!log);
      }}
    >
      Log
    </button>
  );
  const empty = scored.length > 0 ? null : "No experiment has a score yet.";
  return (
    <>
      <TaskChart
        title="Best so far"
        unit="score over experiments"
        heightPx={HEIGHT_PX}
        className={classes["trajectory"]}
        option={drawTrajectory}
        empty={empty}
        summary={`${steps.length} of ${total} experiments are over; the best score is ${scoreText(best)}${
          base === null ? "" : `, the baseline's is ${scoreText(base)}`
        }.`}
        table={() => ({
          columns: ["Order", "Experiment", "Score", "Best so far"],
          rows: steps
            .slice(-ROWS)
            .map(({ iter, experiment, best: so }) => [
              String(iter),
              nameOf(experiment),
              scoreText(experiment.score),
              scoreText(so),
            ]),
        })}
        tools={logButton}
        onPick={onPick}
      />
      <TaskChart
        title="Parameter against score"
        heightPx={HEIGHT_PX}
        className={classes["scatter"]}
        option={drawScatter}
        empty={empty}
        summary={`${names.get(chosen) ?? chosen} of ${scored.length} experiments against their scores; the best is at ${valueText(
          experiments.find(({ id }) => id === bestId)?.params[chosen],
        )}.`}
        table={() => parameterTable(experiments, [chosen], names)}
        tools={
          <NativeSelect
            size="xs"
            aria-label="Parameter shown"
            value={chosen}
            data={paths.map((path) => ({ value: path, label: names.get(path) ?? path }))}
            onChange={(event) => {
              setChosen(event.currentTarget.value);
            }}
          />
        }
        onPick={onPick}
      />
    </>
  );
});

/** All parameters of all experiments at once. */
export const ParallelChart = memo(function ParallelChart(props: Props) {
  const { spec, experiments, bestId, names, onPick } = props;
  const direction = specDirection(spec);
  const paths = Object.keys(spec.space);
  const draw = useCallback(
    (width: number) => parallelOption({ experiments, space: spec.space, direction, bestId, names, width }),
    [experiments, spec.space, direction, bestId, names],
  );
  const scored = experiments.filter(({ score, baseline }) => score !== null && !baseline);
  const best = experiments.find(({ id }) => id === bestId);
  const told = paths.map((path) => `${names.get(path) ?? path} ${valueText(best?.params[path])}`).join(", ");
  return (
    <TaskChart
      title="Parallel coordinates"
      unit={paths.length > MOST_AXES ? `the first ${MOST_AXES} parameters` : "the better, the stronger"}
      heightPx={HEIGHT_PX}
      className={classes["parallel"]}
      option={draw}
      empty={scored.length > 0 ? null : "No experiment has a score yet."}
      summary={`${scored.length} experiments over ${paths.length} parameters.${best ? ` The best has ${told}.` : ""}`}
      table={() => parameterTable(experiments, paths, names)}
      onPick={onPick}
    />
  );
});

function parameterTable(
  experiments: readonly Experiment[],
  paths: readonly string[],
  names: ReadonlyMap<string, string>,
): TableData {
  const scored = experiments.filter(({ score, baseline }) => score !== null && !baseline);
  return {
    columns: ["Experiment", ...paths.map((path) => names.get(path) ?? path), "Score"],
    rows: scored
      .slice(-ROWS)
      .map((experiment) => [
        nameOf(experiment),
        ...paths.map((path) => valueText(experiment.params[path])),
        scoreText(experiment.score),
      ]),
  };
}
