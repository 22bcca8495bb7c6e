import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";

import { type NewTask, SAMPLERS } from "../api/tasks";
import type { ScenarioDetail } from "../api/scenarios";
import { clock } from "../app/format";
import { CodeBox } from "../components/CodeBox";
import { Trouble } from "../components/Trouble";
import { type Draft, simulationsOf } from "./draft";
import classes from "./NewTask.module.css";
import { asCurl, asPython, asToml } from "./snippets";
import { Figure } from "./SpaceEditor";

const SAMPLER_WORDS = {
  tpe: "TPE: learns where good ones are",
  random: "Random",
  grid: "Grid: every combination",
  cmaes: "CMA-ES: numbers only",
  nsga2: "NSGA-II: two objectives or more",
} as const;

interface Props {
  readonly detail: ScenarioDetail;
  readonly draft: Draft;
  readonly wish: NewTask;
  readonly problems: ReadonlyMap<string, string>;
  /** What went wrong and has no field; null where all is well. */
  readonly trouble: string | null;
  readonly pending: boolean;
  readonly onChange: (part: Partial<Draft>) => void;
}

/** How the search goes on, and the button. */
export function SearchPanel({ detail, draft, wish, problems, trouble, pending, onChange }: Props) {
  const simulations = simulationsOf(wish);
  const duration_s = typeof draft.duration_s === "number" ? draft.duration_s : detail.duration_s;
  return (
    <div className={classes["panel"]}>
      <div className={classes["choices"]}>
        <TextInput
          size="xs"
          label="Title"
          className={classes["wide"] ?? ""}
          placeholder={detail.title}
          value={draft.title}
          error={problems.get("title")}
          autoComplete="off"
          onChange={(event) => {
            onChange({ title: event.currentTarget.value });
          }}
        />
        <NativeSelect
          size="xs"
          label="Sampler"
          className={classes["wide"] ?? ""}
          value={draft.sampler}
          data={SAMPLERS.map((value) => ({ value, label: SAMPLER_WORDS[value] }))}
          error={problems.get("sampler")}
          onChange={(event) => {
            const { value } = event.currentTarget;
            onChange({ sampler: SAMPLERS.find((name) => name === value) ?? "tpe" });
          }}
        />
        <Figure
          label="Experiments"
          value={draft.experiments}
          error={problems.get("experiments")}
          onChange={(experiments) => {
            onChange({ experiments });
          }}
        />
        <Figure
          label="At the same time"
          value={draft.parallelism}
          error={problems.get("parallelism")}
          onChange={(parallelism) => {
            onChange({ parallelism });
          }}
        />
        <TextInput
          size="xs"
          label="Seeds, a phase each"
          value={draft.seeds}
          error={problems.get("seeds")}
          autoComplete="off"
          onChange={(event) => {
            onChange({ seeds: event.currentTarget.value });
          }}
        />
        <Figure
          label="Duration, s"
          value={draft.duration_s}
          placeholder={`${detail.duration_s} (${clock(detail.duration_s)})`}
          error={problems.get("duration_s")}
          onChange={(next) => {
            onChange({ duration_s: next });
          }}
        />
        <NativeSelect
          size="xs"
          label="Between phases"
          value={draft.pruner}
          data={[
            { value: "none", label: "no pruning" },
            { value: "median", label: "prune below median" },
          ]}
          error={problems.get("pruner")}
          onChange={(event) => {
            onChange({ pruner: event.currentTarget.value === "median" ? "median" : "none" });
          }}
        />
        <Checkbox
          size="xs"
          className={classes["box"] ?? ""}
          label="Baseline first"
          checked={draft.baseline}
          error={problems.get("baseline")}
          onChange={(event) => {
            onChange({ baseline: event.currentTarget.checked });
          }}
        />
        <Figure
          label="Stop at score"
          placeholder="never"
          value={draft.target}
          error={problems.get("target")}
          onChange={(target) => {
            onChange({ target });
          }}
        />
        <Figure
          label="Stop after no gain in"
          placeholder="never"
          value={draft.patience}
          error={problems.get("patience")}
          onChange={(patience) => {
            onChange({ patience });
          }}
        />
        <Figure
          label="Stop after, s"
          placeholder="never"
          value={draft.max_s}
          error={problems.get("max_s")}
          onChange={(max_s) => {
            onChange({ max_s });
          }}
        />
      </div>
      <p className={classes["estimate"]}>
        {simulations === null ? (
          "How much it takes is known once the number of experiments is one."
        ) : (
          <>
            At most <strong>{simulations.toLocaleString("en")} simulations</strong> of {clock(duration_s)}{" "}
            each.
          </>
        )}
      </p>
      {trouble !== null && <Trouble title="The task was not started" message={trouble} />}
      <Button type="submit" fullWidth loading={pending}>
        Start the search
      </Button>
      <CodeBox
        label="The same task from a script"
        ways={[
          { name: "TOML", text: asToml(wish) },
          { name: "curl", text: asCurl(wish, location.origin) },
          { name: "Python", text: asPython(wish, location.origin) },
        ]}
      />
      <p className={classes["help"]}>The TOML is a file for the command line: gridcast tune SPEC.toml.</p>
    </div>
  );
}
