import { Button, Checkbox, NumberInput, TextInput } from "@mantine/core";
import { useMemo } from "react";

import { shown } from "../newrun/Fields";
import type { Candidate, SpaceRow, Typed } from "./draft";
import { rowFor } from "./draft";
import classes from "./NewTask.module.css";
import { ParameterSelect } from "./ParameterSelect";

interface Props {
  readonly candidates: readonly Candidate[];
  readonly rows: readonly SpaceRow[];
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (rows: readonly SpaceRow[]) => void;
}

/** Which parameters are searched, and where. */
export function SpaceEditor({ candidates, rows, problems, onChange }: Props) {
  const free = useMemo(
    () => candidates.filter(({ path }) => rows.every((row) => row.path !== path)),
    [candidates, rows],
  );
  const problem = problems.get("space");
  const nextKey = rows.reduce((most, { key }) => Math.max(most, key), -1) + 1;
  return (
    <section className={classes["part"]} aria-labelledby="space-title">
      <h2 id="space-title">Search space</h2>
      <p className={classes["help"]}>
        Any number, choice or place of the scenario. The baseline, the scenario as it is, is computed beside
        them.
      </p>
      {problem !== undefined && (
        <p className={classes["problem"]} data-problem tabIndex={-1}>
          {problem}
        </p>
      )}
      <ul className={classes["rows"]}>
        {rows.map((row) => (
          <Row
            key={row.key}
            row={row}
            candidate={candidates.find(({ path }) => path === row.path)}
            problems={problems}
            onChange={(next) => {
              onChange(rows.map((other) => (other.key === row.key ? next : other)));
            }}
            onRemove={() => {
              onChange(rows.filter(({ key }) => key !== row.key));
            }}
          />
        ))}
      </ul>
      <ParameterSelect
        label="Add a parameter"
        placeholder="Add a parameter… type to search"
        candidates={free}
        value={null}
        onChange={(candidate) => {
          onChange([...rows, rowFor(candidate, nextKey)]);
        }}
      />
    </section>
  );
}

interface RowProps {
  readonly row: SpaceRow;
  readonly candidate: Candidate | undefined;
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (row: SpaceRow) => void;
  readonly onRemove: () => void;
}

function Row({ row, candidate, problems, onChange, onRemove }: RowProps) {
  const { path, type } = row;
  const title = candidate?.title ?? path;
  const at = (field: string) => problems.get(`space.${path}.${field}`);
  const problem = problems.get(`space.${path}`);
  const change = (part: Partial<SpaceRow>) => {
    onChange({ ...row, ...part });
  };
  return (
    <li className={classes["row"]}>
      <div className={classes["rowHead"]}>
        <span>
          <strong>{title}</strong> <span className={classes["path"]}>{path}</span>
        </span>
        <Button size="compact-xs" variant="default" aria-label={`Remove ${title}`} onClick={onRemove}>
          Remove
        </Button>
      </div>
      {candidate && (
        <p className={classes["help"]}>
          {candidate.place}. {candidate.help} The scenario has {shown(candidate.value)}
          {boundsText(candidate)}.
        </p>
      )}
      {problem !== undefined && (
        <p className={classes["problem"]} data-problem tabIndex={-1}>
          {problem}
        </p>
      )}
      {type === "categorical" ? (
        <TextInput
          size="xs"
          label="Choices, with commas between them"
          aria-label={`${title}, choices`}
          value={row.choices}
          error={at("choices")}
          autoComplete="off"
          onChange={(event) => {
            change({ choices: event.currentTarget.value });
          }}
        />
      ) : (
        <div className={classes["fields"]}>
          <Figure
            label="Lowest"
            of={title}
            value={row.low}
            error={at("low")}
            onChange={(low) => {
              change({ low });
            }}
          />
          <Figure
            label="Highest"
            of={title}
            value={row.high}
            error={at("high")}
            onChange={(high) => {
              change({ high });
            }}
          />
          <Figure
            label="Step"
            of={title}
            value={row.step}
            placeholder={type === "int" ? "1" : "any"}
            error={at("step")}
            onChange={(step) => {
              change({ step });
            }}
          />
          <Checkbox
            size="xs"
            className={classes["box"] ?? ""}
            label="Logarithmic"
            aria-label={`${title}, logarithmic`}
            checked={row.log}
            error={at("log")}
            onChange={(event) => {
              change({ log: event.currentTarget.checked });
            }}
          />
        </div>
      )}
    </li>
  );
}

function boundsText({ least, most }: Candidate): string {
  if (least === null && most === null) return "";
  if (least === null) return `, at most ${most ?? ""} is allowed`;
  // A bound that is only there to be one says nothing.
  if (most === null || most >= 1e9) return `, at least ${least} is allowed`;
  return `, ${least} to ${most} is allowed`;
}

interface FigureProps {
  readonly label: string;
  readonly of?: string;
  readonly value: Typed;
  readonly placeholder?: string;
  readonly error: string | undefined;
  readonly className?: string;
  readonly onChange: (value: Typed) => void;
}

/** A number as typed: the service judges it, so that its bounds are told instead of corrected. */
export function Figure({ label, of, value, placeholder, error, className, onChange }: FigureProps) {
  return (
    <NumberInput
      size="xs"
      label={label}
      {...(of === undefined ? {} : { "aria-label": `${of}, ${label.toLowerCase()}` })}
      {...(placeholder === undefined ? {} : { placeholder })}
      className={className ?? ""}
      value={value}
      error={error}
      clampBehavior="none"
      hideControls
      onChange={onChange}
    />
  );
}
