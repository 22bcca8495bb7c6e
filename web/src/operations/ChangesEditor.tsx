import { Button, TextInput } from "@mantine/core";
import { useMemo } from "react";

import { shown } from "../newrun/Fields";
import type { Candidate } from "../tasks/draft";
import classes from "../tasks/NewTask.module.css";
import { ParameterSelect } from "../tasks/ParameterSelect";
import type { Change } from "./draft";

interface Props {
  readonly candidates: readonly Candidate[];
  readonly changes: readonly Change[];
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (changes: readonly Change[]) => void;
}

/** What all points have that the scenario has not. */
export function ChangesEditor({ candidates, changes, problems, onChange }: Props) {
  const free = useMemo(
    () => candidates.filter(({ path }) => changes.every((change) => change.path !== path)),
    [candidates, changes],
  );
  return (
    <section className={classes["part"]} aria-labelledby="changes-title">
      <h2 id="changes-title">Changes to the scenario</h2>
      <p className={classes["help"]}>Of all points alike. Without any the scenario is as it is.</p>
      {changes.length > 0 && (
        <ul className={classes["rows"]}>
          {changes.map(({ path, value }) => {
            const candidate = candidates.find((one) => one.path === path);
            const title = candidate?.title ?? path;
            return (
              <li key={path} className={classes["row"]}>
                <div className={classes["rowHead"]}>
                  <span>
                    <strong>{title}</strong> <span className={classes["path"]}>{path}</span>
                  </span>
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Remove ${title}`}
                    onClick={() => {
                      onChange(changes.filter((other) => other.path !== path));
                    }}
                  >
                    Remove
                  </Button>
                </div>
                <TextInput
                  size="xs"
                  aria-label={`${title}, value`}
                  {...(candidate ? { description: `The scenario has ${shown(candidate.value)}.` } : {})}
                  value={value}
                  error={problems.get(`params.${path}`)}
                  autoComplete="off"
                  onChange={(event) => {
                    const typed = event.currentTarget.value;
                    onChange(
                      changes.map((other) => (other.path === path ? { ...other, value: typed } : other)),
                    );
                  }}
                />
              </li>
            );
          })}
        </ul>
      )}
      <ParameterSelect
        label="Change a field"
        placeholder="Change a field… type to search"
        candidates={free}
        value={null}
        onChange={({ path, value }) => {
          onChange([...changes, { path, value: shown(value) }]);
        }}
      />
    </section>
  );
}
