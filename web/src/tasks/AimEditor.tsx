import { Button, NativeSelect } from "@mantine/core";

import { type ConstraintRow, type ObjectiveRow, objectiveRow } from "./draft";
import { METRICS } from "./metrics";
import classes from "./NewTask.module.css";
import { Figure } from "./SpaceEditor";

const NAMES = METRICS.map(({ name, label, unit }) => ({ value: name, label: `${label}, ${unit}` }));
const MOST_OBJECTIVES = 4;
const MOST_CONSTRAINTS = 10;

interface ObjectivesProps {
  readonly rows: readonly ObjectiveRow[];
  readonly problems: ReadonlyMap<string, string>;
  /** Whether objectives are traded off instead of being added up. */
  readonly front: boolean;
  readonly onChange: (rows: readonly ObjectiveRow[]) => void;
}

/** What counts as better. */
export function ObjectivesEditor({ rows, problems, front, onChange }: ObjectivesProps) {
  const set = (index: number, part: Partial<ObjectiveRow>) => {
    onChange(rows.map((row, i) => (i === index ? { ...row, ...part } : row)));
  };
  const unused = METRICS.find(({ name }) => rows.every(({ metric }) => metric !== name));
  return (
    <section className={classes["part"]} aria-labelledby="objectives-title">
      <h2 id="objectives-title">Objectives</h2>
      <p className={classes["help"]}>
        {rows.length === 1
          ? "The metric itself is the score."
          : front
            ? "Traded off: what no other beats in all of them at once is kept."
            : "The score is their weighted sum, made small; what shall be large counts negative."}
      </p>
      <Problem text={problems.get("objectives")} />
      <ul className={classes["rows"]}>
        {rows.map((row, i) => (
          <li key={i} className={classes["line"]}>
            <NativeSelect
              size="xs"
              label="Metric"
              aria-label={`Objective ${i + 1}, metric`}
              value={row.metric}
              data={NAMES}
              error={problems.get(`objectives.${i}.metric`)}
              onChange={(event) => {
                set(i, { ...objectiveRow(event.currentTarget.value), weight: row.weight });
              }}
            />
            <NativeSelect
              size="xs"
              label="Shall be"
              aria-label={`Objective ${i + 1}, direction`}
              value={row.direction}
              data={[
                { value: "minimize", label: "small" },
                { value: "maximize", label: "large" },
              ]}
              error={problems.get(`objectives.${i}.direction`)}
              onChange={(event) => {
                set(i, { direction: event.currentTarget.value === "maximize" ? "maximize" : "minimize" });
              }}
            />
            {rows.length > 1 && (
              <Figure
                label="Weight"
                of={`Objective ${i + 1}`}
                value={row.weight}
                error={problems.get(`objectives.${i}.weight`)}
                onChange={(weight) => {
                  set(i, { weight });
                }}
              />
            )}
            {rows.length > 1 && (
              <Button
                size="xs"
                variant="default"
                aria-label={`Remove objective ${i + 1}`}
                onClick={() => {
                  onChange(rows.filter((_, other) => other !== i));
                }}
              >
                Remove
              </Button>
            )}
          </li>
        ))}
      </ul>
      {unused && rows.length < MOST_OBJECTIVES && (
        <Button
          size="compact-xs"
          variant="light"
          className={classes["start"] ?? ""}
          onClick={() => {
            onChange([...rows, objectiveRow(unused.name)]);
          }}
        >
          Add an objective
        </Button>
      )}
    </section>
  );
}

interface ConstraintsProps {
  readonly rows: readonly ConstraintRow[];
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (rows: readonly ConstraintRow[]) => void;
}

/** What the best must keep. */
export function ConstraintsEditor({ rows, problems, onChange }: ConstraintsProps) {
  const set = (index: number, part: Partial<ConstraintRow>) => {
    onChange(rows.map((row, i) => (i === index ? { ...row, ...part } : row)));
  };
  return (
    <section className={classes["part"]} aria-labelledby="constraints-title">
      <h2 id="constraints-title">Constraints</h2>
      <p className={classes["help"]}>
        {rows.length === 0
          ? "None: every experiment may be the best."
          : "An experiment that breaks one in any phase is never the best while another keeps them all."}
      </p>
      <Problem text={problems.get("constraints")} />
      <ul className={classes["rows"]}>
        {rows.map((row, i) => (
          <li key={i} className={classes["line"]}>
            <NativeSelect
              size="xs"
              label="Metric"
              aria-label={`Constraint ${i + 1}, metric`}
              value={row.metric}
              data={NAMES}
              error={problems.get(`constraints.${i}.metric`)}
              onChange={(event) => {
                set(i, { metric: event.currentTarget.value });
              }}
            />
            <Figure
              label="At least"
              of={`Constraint ${i + 1}`}
              value={row.min}
              error={problems.get(`constraints.${i}.min`)}
              onChange={(min) => {
                set(i, { min });
              }}
            />
            <Figure
              label="At most"
              of={`Constraint ${i + 1}`}
              value={row.max}
              error={problems.get(`constraints.${i}.max`)}
              onChange={(max) => {
                set(i, { max });
              }}
            />
            <Button
              size="xs"
              variant="default"
              aria-label={`Remove constraint ${i + 1}`}
              onClick={() => {
                onChange(rows.filter((_, other) => other !== i));
              }}
            >
              Remove
            </Button>
          </li>
        ))}
      </ul>
      {rows.length < MOST_CONSTRAINTS && (
        <Button
          size="compact-xs"
          variant="light"
          className={classes["start"] ?? ""}
          onClick={() => {
            onChange([...rows, { metric: "worst_vmin", min: 0.95, max: "" }]);
          }}
        >
          Add a constraint
        </Button>
      )}
    </section>
  );
}

function Problem({ text }: { readonly text: string | undefined }) {
  return text === undefined ? null : (
    <p className={classes["problem"]} data-problem tabIndex={-1}>
      {text}
    </p>
  );
}
