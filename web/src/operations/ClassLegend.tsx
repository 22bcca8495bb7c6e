import { CLASSES, type Scan } from "../api/results";
import { countsOf, SIGNS } from "./classes";
import { ClassSign } from "./ClassSign";
import table from "../tasks/Task.module.css";
import classes from "./Scan.module.css";

interface Props {
  readonly found: Scan;
  readonly over: boolean;
}

/** Every class with its sign, how many there are, and what makes one. */
export function ClassLegend({ found, over }: Props) {
  const counts = countsOf(found.places);
  return (
    <section className={classes["card"]} aria-labelledby="classes-title">
      <h2 id="classes-title" className={classes["title"]}>
        Classes{" "}
        {Object.keys(found.rules).length === 0 && !over && (
          <span className={table["unit"]}>their rules are told at the end</span>
        )}
      </h2>
      <dl className={classes["legend"]}>
        {CLASSES.map((name) => (
          <div key={name}>
            <dt>
              <ClassSign of={name} /> {SIGNS[name].label}
              <b>{counts[name]}</b>
            </dt>
            <dd>{found.rules[name]}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
