/** The form of a new task as typed, and what is asked of the service for it. Pure. */

import type { Direction, NewTask, Parameter, PhaseSpec, Sampler } from "../api/tasks";
import { dotted, getAt, isList, isObject, type Path } from "../newrun/config";
import { rowOf, shown } from "../newrun/Fields";
import { itemLabel } from "../newrun/Groups";
import type { FieldShape, Shape } from "../newrun/shape";
import type { Json } from "../stream/frames";
import { EXAMPLE } from "./example";
import { metricOf } from "./metrics";

/** What stands in a number's field: a number, or what is not one (yet). */
export type Typed = string | number;

/** A field of the scenario that can be searched. */
export interface Candidate {
  readonly path: string;
  readonly title: string;
  readonly help: string;
  /** What it is a part of, such as `Controllers › ofo`. */
  readonly place: string;
  readonly value: Json;
  readonly type: Parameter["type"];
  readonly least: number | null;
  readonly most: number | null;
  /** Where only these make sense. */
  readonly choices: readonly Json[] | null;
}

/** What is the task's own, or changes what is simulated at all. */
const NOT_SEARCHED = ["seed", "feeder", "duration_s", "site_idx", "name", "type"];

/** Every field of a configuration that can be searched, in its order. `buses`: where things may stand. */
export function candidates(shape: Shape, config: Json, buses: readonly string[]): readonly Candidate[] {
  const found: Candidate[] = [];
  walk(shape, config, [], []);
  return found;

  function walk(here: Shape, value: Json | undefined, path: Path, place: readonly string[]): void {
    if (here.kind === "variants") {
      const type = isObject(value) ? value[here.tag] : undefined;
      const group = typeof type === "string" ? here.groups[type] : undefined;
      if (group) walk(group, value, path, place);
    } else if (here.kind === "group") {
      for (const field of here.fields) {
        if (NOT_SEARCHED.includes(field.name)) continue;
        const inner = getAt(value, [field.name]);
        if (inner === undefined) continue;
        const one = candidate(field, inner, [...path, field.name], place, value);
        if (one) found.push(one);
        else if (field.shape.kind === "list") {
          items(field, inner, [...path, field.name], [...place, field.title]);
        } else walk(field.shape, inner, [...path, field.name], [...place, field.title]);
      }
    } else if (here.kind === "figures" && isObject(value)) {
      for (const [name, figure] of Object.entries(value)) {
        const shape = { kind: "number", whole: false, nullable: false, least: null, most: null } as const;
        const field = { name, title: name, help: "", preset: undefined, shape };
        const one = candidate(field, figure, [...path, name], place, value);
        if (one) found.push(one);
      }
    }
  }

  function items({ shape: list }: FieldShape, value: Json, path: Path, place: readonly string[]): void {
    if (list.kind !== "list" || !isList(value)) return;
    value.forEach((item, i) => {
      walk(list.item, item, [...path, i], [...place, itemLabel(item, i)]);
    });
  }

  function candidate(
    field: FieldShape,
    value: Json,
    path: Path,
    place: readonly string[],
    siblings: Json | undefined,
  ): Candidate | null {
    const base = {
      path: dotted(path),
      title: field.title,
      help: field.help,
      place: place.join(" › ") || "Scenario",
      value,
      least: null,
      most: null,
    };
    const { shape: of } = field;
    if (of.kind === "number") {
      const feasible =
        field.name === "initial_batch_size" ? getAt(siblings, ["feasible_batch_sizes"]) : undefined;
      if (isList(feasible)) return { ...base, type: "categorical", choices: feasible };
      return { ...base, type: of.whole ? "int" : "float", least: of.least, most: of.most, choices: null };
    }
    if (of.kind === "flag") return { ...base, type: "categorical", choices: [false, true] };
    if (of.kind === "choice") return { ...base, type: "categorical", choices: of.options };
    if (field.name === "bus" && of.kind === "text") return { ...base, type: "categorical", choices: buses };
    return null;
  }
}

/** A row of the search space. */
export interface SpaceRow {
  /** Of this row only, so that it keeps its identity. */
  readonly key: number;
  readonly path: string;
  readonly type: Parameter["type"];
  readonly low: Typed;
  readonly high: Typed;
  readonly step: Typed;
  readonly log: boolean;
  readonly choices: string;
}

/** A first range about the value that the scenario has: a fifth of it to five times as much, within what is allowed. */
export function rowFor(candidate: Candidate, key: number): SpaceRow {
  const { path, type, value, least, most, choices } = candidate;
  const blank = { key, path, type, low: "", high: "", step: "", log: false, choices: "" };
  if (type === "categorical") return { ...blank, choices: choicesText(choices ?? [value]) };
  const at = typeof value === "number" ? value : (least ?? 1);
  let [low, high] = at > 0 ? [tidy(at / 5), tidy(at * 5)] : at < 0 ? [tidy(at * 5), tidy(at / 5)] : [0, 1];
  if (type === "int") [low, high] = [Math.floor(low), Math.ceil(high)];
  if (least !== null) low = Math.max(low, least);
  if (most !== null) high = Math.min(high, most);
  return { ...blank, low, high, log: type === "float" && low > 0 };
}

function tidy(value: number): number {
  return Number(value.toPrecision(6));
}

function choicesText(choices: readonly Json[]): string {
  return choices.map((choice) => (typeof choice === "string" ? choice : JSON.stringify(choice))).join(", ");
}

/** `8, 16`, `true, false`, `671, 680`: as the field's values are; one in brackets or quotes is taken as JSON. */
export function choicesOf(typed: string, own: Json): readonly Json[] {
  try {
    const whole: unknown = JSON.parse(`[${typed}]`);
    // What is a text in the scenario stays one, though it looks like a number: buses are called 671.
    if (Array.isArray(whole))
      return whole.map((value: Json) => (typeof own === "string" ? shown(value) : value));
  } catch {
    // Not JSON: words.
  }
  const words = rowOf(typed, true, false);
  return isList(words) ? words : [];
}

export interface ObjectiveRow {
  readonly metric: string;
  readonly direction: Direction;
  readonly weight: Typed;
}

export interface ConstraintRow {
  readonly metric: string;
  readonly min: Typed;
  readonly max: Typed;
}

export interface Draft {
  readonly title: string;
  readonly space: readonly SpaceRow[];
  readonly sampler: Sampler;
  readonly pruner: "none" | "median";
  readonly objectives: readonly ObjectiveRow[];
  readonly constraints: readonly ConstraintRow[];
  /** Seeds with commas between them: a phase each. */
  readonly seeds: string;
  readonly duration_s: Typed;
  readonly experiments: Typed;
  readonly parallelism: Typed;
  readonly baseline: boolean;
  readonly target: Typed;
  readonly patience: Typed;
  readonly max_s: Typed;
}

export function firstDraft(scenario: string): Draft {
  const example = scenario === EXAMPLE.scenario ? EXAMPLE : null;
  return {
    title: "",
    space: Object.entries(example?.space ?? {}).map(([path, parameter], key) =>
      rowOfParameter(path, parameter, key),
    ),
    sampler: "tpe",
    pruner: "none",
    objectives: [objectiveRow("integral_violation_pu_s")],
    constraints: [],
    seeds: "0",
    duration_s: "",
    experiments: 40,
    parallelism: 4,
    baseline: true,
    target: "",
    patience: "",
    max_s: "",
  };
}

function rowOfParameter(path: string, parameter: Parameter, key: number): SpaceRow {
  const blank = { key, path, type: parameter.type, low: "", high: "", step: "", log: false, choices: "" };
  if (parameter.type === "categorical") return { ...blank, choices: choicesText(parameter.choices) };
  const { low, high, step, log } = parameter;
  return { ...blank, low, high, step: step ?? "", log: log ?? false };
}

export function objectiveRow(metric: string): ObjectiveRow {
  return { metric, direction: metricOf(metric).better, weight: 1 };
}

/** What is no number stays as it was typed: the service says what it wants instead. */
function number(typed: Typed): number {
  const value = typeof typed === "number" ? typed : Number(typed);
  return typed === "" || !Number.isFinite(value) ? (typed as number) : value;
}

function given<K extends string>(name: K, typed: Typed): Partial<Record<K, number>> {
  return typed === "" ? {} : ({ [name]: number(typed) } as Partial<Record<K, number>>);
}

/** The task of the form. What is as it would be anyway is left out. */
export function wishOf(scenario: string, draft: Draft, known: readonly Candidate[]): NewTask {
  const stop = {
    ...given("target", draft.target),
    ...given("patience", draft.patience),
    ...given("max_s", draft.max_s),
  };
  const phases = phasesOf(draft.seeds);
  const [first] = phases;
  const several = draft.objectives.length > 1;
  return {
    scenario,
    ...(draft.title.trim() === "" ? {} : { title: draft.title.trim() }),
    ...(draft.duration_s === "" ? {} : { overrides: { duration_s: number(draft.duration_s) } }),
    ...(phases.length === 1 && first?.seed !== 0 && first?.seed !== undefined && first.seed !== null
      ? { seed: first.seed }
      : {}),
    space: Object.fromEntries(
      draft.space.map((row) => [
        row.path,
        parameterOf(
          row,
          known.find(({ path }) => path === row.path),
        ),
      ]),
    ),
    sampler: draft.sampler,
    ...(draft.pruner === "none" ? {} : { pruner: draft.pruner }),
    objectives: draft.objectives.map(({ metric, direction, weight }) => ({
      metric,
      ...(direction === metricOf(metric).better ? {} : { direction }),
      ...(several && number(weight) !== 1 ? { weight: number(weight) } : {}),
    })),
    ...(draft.constraints.length === 0
      ? {}
      : {
          constraints: draft.constraints.map(({ metric, min, max }) => ({
            metric,
            ...given("min", min),
            ...given("max", max),
          })),
        }),
    ...(phases.length > 1 ? { phases } : {}),
    experiments: number(draft.experiments),
    parallelism: number(draft.parallelism),
    ...(draft.baseline ? {} : { baseline: false }),
    ...(Object.keys(stop).length === 0 ? {} : { stop }),
  };
}

function phasesOf(seeds: string): readonly PhaseSpec[] {
  const values = rowOf(seeds, false, false);
  return isList(values) ? values.map((seed) => ({ seed: seed as number })) : [];
}

function parameterOf(row: SpaceRow, candidate: Candidate | undefined): Parameter {
  if (row.type === "categorical") {
    return { type: "categorical", choices: choicesOf(row.choices, candidate?.value ?? null) };
  }
  return {
    type: row.type,
    low: number(row.low),
    high: number(row.high),
    ...given("step", row.step),
    ...(row.log ? { log: true } : {}),
  };
}

/** Simulations that the task will need: those of the baseline too. */
export function simulationsOf(wish: NewTask): number | null {
  const { experiments } = wish;
  if (typeof experiments !== "number") return null;
  return (experiments + (wish.baseline === false ? 0 : 1)) * (wish.phases?.length ?? 1);
}
