import { useState } from "react";

import type { LiveExperiment } from "./live";
import { nameOf } from "./options";
import { lengthText } from "./standing";
import { seated } from "./seats";
import classes from "./Task.module.css";

interface Props {
  readonly running: readonly LiveExperiment[];
  readonly phases: number;
  readonly nowMs: number;
  /** Said where nothing runs. */
  readonly idle: string;
}

/** The experiments under way, each with its simulations. */
export function Running({ running, phases, nowMs, idle }: Props) {
  const ids = running.map(({ experiment }) => experiment.id);
  const [before, setBefore] = useState<readonly (string | null)[]>([]);
  const seats = seated(before, ids);
  if (seats !== before) setBefore(seats);
  return (
    <section className={[classes["card"], classes["running"]].join(" ")} aria-labelledby="running-title">
      <header className={classes["cardHead"]}>
        <h2 id="running-title" className={classes["cardTitle"]}>
          Running now <span className={classes["unit"]}>{running.length > 0 ? running.length : ""}</span>
        </h2>
      </header>
      {/* Focusable, so that the keyboard can scroll it. */}
      <ul className={classes["runs"]} tabIndex={0} aria-label="Running experiments">
        {running.length === 0 && <li>{idle}</li>}
        {running.length > 0 &&
          seats.map((id, i) => {
            const one = running.find(({ experiment }) => experiment.id === id);
            return (
              <li key={i} className={classes["seat"]}>
                {one && <One one={one} phases={one.phaseCount || phases} nowMs={nowMs} />}
              </li>
            );
          })}
      </ul>
    </section>
  );
}

function One({
  one,
  phases,
  nowMs,
}: {
  readonly one: LiveExperiment;
  readonly phases: number;
  readonly nowMs: number;
}) {
  const each = Array.from({ length: phases }, (_, i) => one.phases.get(i + 1) ?? 0);
  const pct = Math.floor(each.reduce((sum, of) => sum + of, 0) / Math.max(1, phases));
  const done = each.filter((of) => of >= 100).length;
  const { began } = one.experiment;
  const name = nameOf(one.experiment);
  return (
    <>
      <span className={classes["runLine"]}>
        <strong>{name}</strong>
        <span>
          {phases > 1 && `${done} of ${phases} phases · `}
          {pct} %{began !== null && ` · ${lengthText(Math.max(0, nowMs / 1000 - began))}`}
        </span>
      </span>
      <span
        className={classes["phases"]}
        role="progressbar"
        aria-label={`${name}, simulations`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={pct}
      >
        {each.map((of, i) => (
          <span key={i} title={`Phase ${i + 1}: ${Math.floor(of)} %`}>
            <span style={{ width: `${of}%` }} />
          </span>
        ))}
      </span>
    </>
  );
}
