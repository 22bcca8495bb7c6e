import classes from "./Task.module.css";

interface Props {
  readonly shares: Readonly<Record<string, number>> | null;
  readonly names: ReadonlyMap<string, string>;
  readonly over: boolean;
}

/** How much of the differences between scores each parameter makes. */
export function Importances({ shares, names, over }: Props) {
  const entries = Object.entries(shares ?? {}).sort(([, a], [, b]) => b - a);
  return (
    <section
      className={[classes["card"], classes["importance"]].join(" ")}
      aria-labelledby="importance-title"
    >
      <header className={classes["cardHead"]}>
        <h2 id="importance-title" className={classes["cardTitle"]}>
          Parameter importance <span className={classes["unit"]}>share of the differences</span>
        </h2>
      </header>
      {entries.length === 0 ? (
        <p className={[classes["empty"], classes["shares"]].join(" ")}>
          {over ? "Too few experiments to tell." : "Told at the end of the task."}
        </p>
      ) : (
        // Focusable, so that the keyboard can scroll it.
        <ul className={classes["shares"]} tabIndex={0} aria-label="Parameter importance">
          {entries.map(([path, share]) => (
            <li key={path} className={classes["share"]} title={path}>
              <span className={classes["shareWords"]}>
                <span>{names.get(path) ?? path}</span> <span>{Math.round(share * 100)} %</span>
              </span>
              <span className={classes["shareBar"]} aria-hidden="true">
                <span style={{ width: `${Math.min(100, share * 100)}%` }} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
