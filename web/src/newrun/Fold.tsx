import { type ReactNode, useState } from "react";

import classes from "./NewRun.module.css";

interface Props {
  readonly title: string;
  readonly note?: string;
  /** Fields inside that differ from the scenario. */
  readonly changes: number;
  /** What the service said of the whole; it opens the fold, as do complaints inside. */
  readonly problem: string | undefined;
  readonly troubled: boolean;
  readonly action?: ReactNode;
  readonly children: () => ReactNode;
}

/** A part of the form that opens. Its fields exist only while it is open: a large feeder has thousands. */
export function Fold({ title, note = "", changes, problem, troubled, action, children }: Props) {
  const [opened, setOpened] = useState(false);
  // Complaints open it once; who closes it then has read them.
  const [wasTroubled, setWasTroubled] = useState(false);
  if (troubled !== wasTroubled) {
    setWasTroubled(troubled);
    if (troubled) setOpened(true);
  }
  return (
    <details
      className={classes["fold"]}
      open={opened}
      onToggle={(event) => {
        // Those inside toggle too.
        if (event.target === event.currentTarget) setOpened(event.currentTarget.open);
      }}
    >
      <summary>
        <span className={classes["foldTitle"]}>{title}</span>
        {note && <span className={classes["note"]}>{note}</span>}
        {changes > 0 && <span className={classes["changes"]}>{changes} changed</span>}
        {troubled && <span className={classes["troubled"]}>⚠ refused</span>}
      </summary>
      {problem !== undefined && (
        <p className={classes["problem"]} data-problem tabIndex={-1}>
          {problem}
        </p>
      )}
      {opened && (
        <div className={classes["inside"]}>
          {children()}
          {action}
        </div>
      )}
    </details>
  );
}
