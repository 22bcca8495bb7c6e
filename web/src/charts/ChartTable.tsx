import { useEffect, useState } from "react";

import classes from "./charts.module.css";

export interface TableData {
  /** The first names what the rows are. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const RENEW_EVERY_MS = 1_000;

interface Props {
  readonly title: string;
  readonly heightPx: number;
  readonly read: () => TableData;
}

/** What a chart shows, as figures. Renewed every second while the run goes on. */
export function ChartTable({ title, heightPx, read }: Props) {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const id = setInterval(() => {
      setTurn((turn) => turn + 1);
    }, RENEW_EVERY_MS);
    return () => {
      clearInterval(id);
    };
  }, []);
  const { columns, rows } = read();
  return (
    // Focusable, so that the keyboard can scroll it.
    <div
      className={classes["tableBox"]}
      style={{ height: heightPx }}
      tabIndex={0}
      role="group"
      aria-label={`${title}, table`}
    >
      <table className={classes["table"]}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row[0]}>
              {row.map((cell, i) =>
                i === 0 ? (
                  <th key={columns[i]} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={columns[i]}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
