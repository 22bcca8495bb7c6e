import type { ReactNode, SyntheticEvent } from "react";

import type { SessionStream } from "../stream/useSessionStream";
import classes from "./AdjustPanel.module.css";
import { Outcome } from "./Outcome";

interface Props {
  readonly stream: SessionStream;
  readonly slot: string;
  readonly label: string;
  /** What holds in the simulation now. */
  readonly now: string;
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}

/** One thing to set: its name, what it is now, the fields, and what became of the last command. */
export function Row({ stream, slot, label, now, onSubmit, children }: Props) {
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form onSubmit={submit}>
      <div className={classes["row"]} role="group" aria-label={label}>
        <span className={classes["label"]}>{label}</span>
        <span className={classes["now"]}>{now}</span>
        <span className={classes["fields"]}>{children}</span>
        <Outcome stream={stream} slot={slot} />
      </div>
    </form>
  );
}

export function figure(value: number, text: (value: number) => string): string {
  return Number.isNaN(value) ? "–" : text(value);
}
