import type { Task } from "../api/tasks";
import { clock } from "../app/format";
import { scoreText } from "./metrics";
import { gain, lengthText, specDirection } from "./standing";
import classes from "./Task.module.css";

interface Props {
  readonly task: Task;
  /** Null where nobody can tell. */
  readonly eta_s: number | null;
  readonly nowMs: number;
}

/** How far it is, how good it is, and what it has cost. */
export function Figures({ task, eta_s, nowMs }: Props) {
  const { done, total, best_score } = task.progress;
  const better = gain(best_score, task.baseline?.score ?? null, specDirection(task.spec));
  const spent = task.started === null ? null : (task.ended ?? nowMs / 1000) - task.started;
  return (
    <dl className={classes["figures"]}>
      <div>
        <dt>Experiments done</dt>
        <dd>
          {done} of {total}
          <span
            className={classes["bar"]}
            role="progressbar"
            aria-label="Experiments done"
            aria-valuemin={0}
            aria-valuemax={total}
            aria-valuenow={done}
          >
            <span style={{ width: `${total > 0 ? Math.min(100, (100 * done) / total) : 0}%` }} />
          </span>
        </dd>
      </div>
      <div>
        <dt>Best score</dt>
        <dd>{scoreText(best_score)}</dd>
      </div>
      <div>
        <dt>Baseline</dt>
        <dd>
          {scoreText(task.baseline?.score)}
          {/* Always a line, so that its coming moves nothing. */}
          <small>
            {better !== null &&
              `best is ${Math.abs(better * 100).toFixed(1)} % ${better >= 0 ? "better" : "worse"}`}
          </small>
        </dd>
      </div>
      <div>
        <dt>{task.ended === null ? "Left, about" : "Took"}</dt>
        <dd>
          {task.ended === null
            ? eta_s === null
              ? "–"
              : lengthText(eta_s)
            : spent === null
              ? "–"
              : lengthText(spent)}
        </dd>
      </div>
      <div>
        <dt>Simulated time</dt>
        <dd>{clock(task.cost)}</dd>
      </div>
      <div>
        <dt>Simulations</dt>
        <dd>{task.calls.toLocaleString("en")}</dd>
      </div>
    </dl>
  );
}
