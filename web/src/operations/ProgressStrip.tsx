import { isOver, type Operation, type Progress } from "../api/operations";
import { lengthText } from "../tasks/standing";
import classes from "./Operations.module.css";

interface Props {
  readonly operation: Operation;
  readonly progress: Progress;
  readonly nowMs: number;
}

/** How far it is, under the header. Its lines are always there. */
export function ProgressStrip({ operation, progress, nowMs }: Props) {
  const over = isOver(operation);
  const { step, steps, eta_s } = progress;
  const pct = Math.max(0, Math.min(100, progress.pct));
  const spent = operation.started === null ? null : (operation.ended ?? nowMs / 1000) - operation.started;
  return (
    <div className={classes["progress"]}>
      <span
        className={classes["track"]}
        data-over={over ? operation.status : undefined}
        role="progressbar"
        aria-label="Points done"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(pct)}
        aria-valuetext={`${step} of ${steps}, ${Math.floor(pct)} %: ${progress.msg}`}
      >
        <span style={{ width: `${pct}%` }} />
      </span>
      <span className={classes["step"]}>
        {step} of {steps} · {Math.floor(pct)} %
      </span>
      <span className={classes["msg"]} title={progress.msg}>
        {over ? endText(operation) : progress.msg}
      </span>
      <span className={classes["left"]}>
        {over
          ? spent === null
            ? ""
            : `took ${lengthText(spent)}`
          : eta_s === null
            ? ""
            : `about ${lengthText(eta_s)} left`}
      </span>
    </div>
  );
}

/** What it has cost. */
function endText({ status, reason, simulations, cached, result }: Operation): string {
  if (status !== "completed") return reason ?? "";
  const failed = result?.account.failed ?? 0;
  return [
    `${simulations.toLocaleString("en")} simulations`,
    ...(cached > 0 ? [`${cached.toLocaleString("en")} of them were known already`] : []),
    ...(failed > 0 ? [`${failed.toLocaleString("en")} failed`] : []),
  ].join(", ");
}
