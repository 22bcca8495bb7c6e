import type { Experiment, ExperimentStatus } from "../api/tasks";
import { keeps } from "./standing";
import classes from "./Task.module.css";

const SIGNS: Readonly<Record<ExperimentStatus, readonly [label: string, path: string]>> = {
  running: ["Running", "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z"],
  completed: ["Done", "M1.5 6.5l3 3 6-7"],
  pruned: ["Pruned", "M2 6h8"],
  failed: ["Failed", "M2 2l8 8M10 2l-8 8"],
};

interface Props {
  readonly experiment: Experiment;
  readonly best: boolean;
  /** No other beats it in all objectives at once; only where objectives are traded off. */
  readonly front: boolean;
}

/** A sign, a word, and what is special about it: never told by colour alone. */
export function State({ experiment, best, front }: Props) {
  const [label, path] = SIGNS[experiment.status];
  return (
    <>
      <span className={classes["state"]} data-state={experiment.status} title={experiment.error ?? undefined}>
        <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
          <path d={path} fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
        </svg>
        {label}
      </span>
      {best && (
        <span className={classes["mark"]} data-kind="best">
          best
        </span>
      )}
      {front && (
        <span className={classes["mark"]} data-kind="best">
          on the front
        </span>
      )}
      {experiment.baseline && (
        <span className={classes["mark"]} data-kind="baseline">
          baseline
        </span>
      )}
      {experiment.status === "completed" && !keeps(experiment) && (
        <span className={classes["mark"]} data-kind="limit">
          breaks a limit
        </span>
      )}
    </>
  );
}
