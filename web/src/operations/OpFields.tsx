import { Checkbox, NativeSelect } from "@mantine/core";

import { feederName } from "../sessions/facts";
import type { Candidate } from "../tasks/draft";
import { METRICS } from "../tasks/metrics";
import classes from "../tasks/NewTask.module.css";
import { ParameterSelect } from "../tasks/ParameterSelect";
import { Figure } from "../tasks/SpaceEditor";
import { shown } from "../newrun/Fields";
import { type AxisDraft, axisFor, type Draft, FEEDERS, MOST_CELLS, numbersOf, PRESETS } from "./draft";
import type { Op } from "./status";

interface Props {
  readonly op: Op;
  readonly draft: Draft;
  readonly known: readonly Candidate[];
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (part: Partial<Draft>) => void;
}

/** What only this operation is asked. */
export function OpFields(props: Props) {
  switch (props.op) {
    case "characterize":
      return <CharacterizeFields {...props} />;
    case "heatmap":
      return <HeatmapFields {...props} />;
    case "scan":
      return <ScanFields {...props} />;
  }
}

function CharacterizeFields({ draft, problems, onChange }: Props) {
  return (
    <>
      <section className={classes["part"]} aria-labelledby="pv-title">
        <h2 id="pv-title">P-V curve</h2>
        <p className={classes["help"]}>
          All datacenters from none to several times their size: how much the feeder takes before a voltage
          leaves its band.
        </p>
        <div className={classes["fields"]}>
          <Figure
            label="Points"
            value={draft.pv_points}
            placeholder={String(PRESETS.pv_points)}
            error={problems.get("pv_points")}
            onChange={(pv_points) => {
              onChange({ pv_points });
            }}
          />
          <Figure
            label="Largest size, times"
            value={draft.pv_max_scale}
            placeholder={String(PRESETS.pv_max_scale)}
            error={problems.get("pv_max_scale")}
            onChange={(pv_max_scale) => {
              onChange({ pv_max_scale });
            }}
          />
        </div>
      </section>
      <section className={classes["part"]} aria-labelledby="sensitivity-title">
        <h2 id="sensitivity-title">Sensitivity</h2>
        <p className={classes["help"]}>
          Up to 15 parameters that matter most, each a little lower and a little higher than the scenario has
          it.
        </p>
        <div className={classes["fields"]}>
          <Checkbox
            size="xs"
            className={classes["box"] ?? ""}
            label="Vary the parameters"
            checked={draft.sensitivity}
            error={problems.get("sensitivity")}
            onChange={(event) => {
              onChange({ sensitivity: event.currentTarget.checked });
            }}
          />
          {draft.sensitivity && (
            <Figure
              label="By this share of the value"
              value={draft.step}
              placeholder={String(PRESETS.step)}
              error={problems.get("step")}
              onChange={(step) => {
                onChange({ step });
              }}
            />
          )}
        </div>
      </section>
    </>
  );
}

function HeatmapFields({ draft, known, problems, onChange }: Props) {
  const numbers = numbersOf(known);
  return (
    <>
      {(["x", "y"] as const).map((name) => (
        <AxisFields
          key={name}
          name={name}
          axis={draft[name]}
          numbers={numbers}
          problems={problems}
          onChange={(axis) => {
            onChange({ [name]: axis });
          }}
        />
      ))}
      <section className={classes["part"]} aria-labelledby="metric-title">
        <h2 id="metric-title">Colour</h2>
        <NativeSelect
          size="xs"
          w="min(340px, 100%)"
          label="Metric"
          value={draft.metric}
          data={METRICS.map(({ name, label, unit }) => ({ value: name, label: `${label}, ${unit}` }))}
          error={problems.get("metric")}
          onChange={(event) => {
            onChange({ metric: event.currentTarget.value });
          }}
        />
        <p className={classes["help"]}>
          At most {MOST_CELLS.toLocaleString("en")} cells, 2 to 50 each way. A cell that fails is marked; the
          others go on.
        </p>
      </section>
    </>
  );
}

interface AxisProps {
  readonly name: "x" | "y";
  readonly axis: AxisDraft;
  readonly numbers: readonly Candidate[];
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (axis: AxisDraft) => void;
}

function AxisFields({ name, axis, numbers, problems, onChange }: AxisProps) {
  const chosen = numbers.find(({ path }) => path === axis.path);
  const title = name === "x" ? "Across" : "Upwards";
  return (
    <section className={classes["part"]} aria-labelledby={`axis-${name}`}>
      <h2 id={`axis-${name}`}>{title}</h2>
      <ParameterSelect
        label={`${title}, parameter`}
        visibleLabel="Parameter"
        placeholder="A number of the scenario… type to search"
        candidates={numbers}
        value={axis.path === "" ? null : axis.path}
        error={problems.get(`param_${name}`)}
        onChange={(candidate) => {
          onChange(axisFor(candidate, axis.steps));
        }}
      />
      {chosen && (
        <p className={classes["help"]}>
          {chosen.place}. {chosen.help} The scenario has {shown(chosen.value)}.
        </p>
      )}
      <div className={classes["fields"]}>
        <Figure
          label="From"
          of={title}
          value={axis.min}
          error={problems.get(`${name}_min`)}
          onChange={(min) => {
            onChange({ ...axis, min });
          }}
        />
        <Figure
          label="To"
          of={title}
          value={axis.max}
          error={problems.get(`${name}_max`)}
          onChange={(max) => {
            onChange({ ...axis, max });
          }}
        />
        <Figure
          label="Steps"
          of={title}
          value={axis.steps}
          error={problems.get(`${name}_steps`)}
          onChange={(steps) => {
            onChange({ ...axis, steps });
          }}
        />
      </div>
    </section>
  );
}

function ScanFields({ draft, problems, onChange }: Props) {
  return (
    <section className={classes["part"]} aria-labelledby="scan-title">
      <h2 id="scan-title">What is tried</h2>
      <Checkbox.Group
        size="xs"
        label="A datacenter at each three-phase bus of"
        value={[...draft.feeders]}
        error={problems.get("feeders")}
        onChange={(chosen) => {
          onChange({ feeders: FEEDERS.filter((feeder) => chosen.includes(feeder)) });
        }}
      >
        <div className={classes["fields"]}>
          {FEEDERS.map((feeder) => (
            <Checkbox key={feeder} size="xs" value={feeder} label={feederName(feeder)} />
          ))}
        </div>
      </Checkbox.Group>
      <Checkbox
        size="xs"
        label="The scenarios of the catalogue on these feeders, too"
        checked={draft.scenarios}
        error={problems.get("scenarios")}
        onChange={(event) => {
          onChange({ scenarios: event.currentTarget.checked });
        }}
      />
    </section>
  );
}
