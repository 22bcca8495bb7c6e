import { type ReactNode, useId, useState } from "react";

import { ChartTable, type TableData } from "../charts/ChartTable";
import classes from "../tasks/Task.module.css";

interface Props {
  readonly title: string;
  readonly unit?: string | undefined;
  /** Of the table, and of what it stands for where that has a height of its own. */
  readonly heightPx: number;
  readonly table: () => TableData;
  readonly tools?: ReactNode;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** A picture with its title, or its figures as a table. */
export function ChartCard({ title, unit, heightPx, table, tools, className, children }: Props) {
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  return (
    <section className={[classes["card"], className].join(" ")} aria-labelledby={`${id}-title`}>
      <header className={classes["cardHead"]}>
        <h2 id={`${id}-title`} className={classes["cardTitle"]}>
          {title} {unit !== undefined && <span className={classes["unit"]}>{unit}</span>}
        </h2>
        <span className={classes["tools"]}>
          {tools}
          <button
            type="button"
            className={classes["tool"]}
            aria-pressed={asTable}
            title={asTable ? "Show the chart" : "Show the figures as a table"}
            onClick={() => {
              setAsTable(!asTable);
            }}
          >
            {asTable ? "Chart" : "Table"}
          </button>
        </span>
      </header>
      {asTable ? <ChartTable title={title} heightPx={heightPx} read={table} /> : children}
    </section>
  );
}
