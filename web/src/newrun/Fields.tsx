import { Checkbox, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";

import type { Json } from "../stream/frames";
import { dotted, getAt, isList, isObject, type Path, same } from "./config";
import { useForm } from "./FormContext";
import { Group, ItemList } from "./Groups";
import classes from "./NewRun.module.css";
import type { FieldShape } from "./shape";

interface FieldProps {
  readonly field: FieldShape;
  readonly path: Path;
}

/** Whether a field fits into the grid of inputs; the others take a fold of their own. */
export function isSmall({ shape }: FieldShape): boolean {
  return !["group", "list", "variants", "figures", "constant"].includes(shape.kind);
}

/** One field of the form, by its shape. */
export function Field({ field, path }: FieldProps) {
  switch (field.shape.kind) {
    case "constant":
      return null;
    case "number":
      return <NumberField field={field} path={path} />;
    case "text":
      return <TextField field={field} path={path} />;
    case "flag":
      return <FlagField field={field} path={path} />;
    case "choice":
      return <ChoiceField field={field} path={path} />;
    case "numbers":
    case "texts":
      return <RowField field={field} path={path} />;
    case "figures":
      return <TableField field={field} path={path} />;
    case "group":
      return <Group field={field} path={path} />;
    case "list":
      return <ItemList field={field} path={path} />;
    default:
      return <OtherField field={field} path={path} />;
  }
}

/** What all inputs share: words, the service's complaint, and whether the value is the scenario's own. */
function useField({ field, path }: FieldProps) {
  const form = useForm();
  const own = getAt(form.original, path);
  const value = getAt(form.config, path);
  const changed = value !== undefined && !same(own, value);
  return {
    value,
    set: (next: Json | undefined) => {
      form.set(path, next);
    },
    placeholder: value === undefined && own !== undefined ? shown(own) : "",
    input: {
      id: `field-${dotted(path)}`,
      size: "xs" as const,
      label: (
        <span className={classes["label"]} data-changed={changed || undefined}>
          {field.title}
        </span>
      ),
      description: changed && own !== undefined ? `${field.help} Was ${shown(own)}.` : field.help,
      error: form.problems.get(dotted(path)),
    },
  };
}

export function shown(value: Json): string {
  if (isList(value)) return value.map(shown).join(", ");
  if (value === null) return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function NumberField(props: FieldProps) {
  const { value, set, placeholder, input } = useField(props);
  const { shape } = props.field;
  if (shape.kind !== "number") return null;
  return (
    <NumberInput
      {...input}
      value={typeof value === "number" || typeof value === "string" ? value : ""}
      placeholder={shape.nullable ? "none" : placeholder}
      allowDecimal={!shape.whole}
      // The service judges what is typed: a bound that corrects silently changes the run behind one's back.
      clampBehavior="none"
      hideControls
      onChange={(next) => {
        set(next === "" ? (shape.nullable ? null : undefined) : next);
      }}
    />
  );
}

function TextField(props: FieldProps) {
  const { value, set, placeholder, input } = useField(props);
  const { busList } = useForm();
  const { shape, name } = props.field;
  const nullable = shape.kind === "text" && shape.nullable;
  return (
    <TextInput
      {...input}
      value={typeof value === "string" ? value : ""}
      placeholder={placeholder}
      autoComplete="off"
      {...(name === "bus" ? { list: busList } : {})}
      onChange={(event) => {
        const next = event.currentTarget.value;
        set(next === "" ? (nullable ? null : undefined) : next);
      }}
    />
  );
}

function FlagField(props: FieldProps) {
  const { value, set, input } = useField(props);
  return (
    <Checkbox
      {...input}
      className={classes["flag"] ?? ""}
      checked={value === true}
      onChange={(event) => {
        set(event.currentTarget.checked);
      }}
    />
  );
}

function ChoiceField(props: FieldProps) {
  const { value, set, input } = useField(props);
  const { shape } = props.field;
  if (shape.kind !== "choice") return null;
  const options = typeof value === "string" ? shape.options : ["", ...shape.options];
  return (
    <NativeSelect
      {...input}
      value={typeof value === "string" ? value : ""}
      data={[...options]}
      onChange={(event) => {
        set(event.currentTarget.value);
      }}
    />
  );
}

/** Values in a row, with commas between them; taken on leaving the field. */
function RowField(props: FieldProps) {
  const { value, set, placeholder, input } = useField(props);
  const [typed, setTyped] = useState<string | null>(null);
  const { shape } = props.field;
  const words = shape.kind === "texts";
  const nullable = words && shape.nullable;
  const take = () => {
    if (typed !== null) set(rowOf(typed, words, nullable));
    setTyped(null);
  };
  return (
    <TextInput
      {...input}
      value={typed ?? (value === undefined || value === null ? "" : shown(value))}
      placeholder={nullable ? "none" : placeholder}
      autoComplete="off"
      onChange={(event) => {
        setTyped(event.currentTarget.value);
      }}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
      }}
    />
  );
}

/** What is no number stays as it was typed: the service says what it wants instead. */
export function rowOf(typed: string, words: boolean, nullable: boolean): Json {
  const parts = typed
    .split(/[,;]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (nullable && parts.length === 0) return null;
  return words ? parts : parts.map((part) => (Number.isFinite(Number(part)) ? Number(part) : part));
}

/** Name -> number, an input each; a name without a number is left out. */
function TableField({ field, path }: FieldProps) {
  const { config, regulators } = useForm();
  const value = getAt(config, path);
  const names = [...new Set([...(isObject(value) ? Object.keys(value) : []), ...regulators])];
  return (
    <fieldset className={classes["table"]}>
      <legend>{field.title}</legend>
      <p className={classes["help"]}>{field.help}</p>
      <div className={classes["grid"]}>
        {names.map((name) => (
          <NumberField
            key={name}
            path={[...path, name]}
            field={{
              name,
              title: name,
              help: "",
              preset: undefined,
              shape: { kind: "number", whole: false, nullable: false, least: null, most: null },
            }}
          />
        ))}
      </div>
    </fieldset>
  );
}

function OtherField(props: FieldProps) {
  const { value, input } = useField(props);
  return <TextInput {...input} value={value === undefined ? "" : JSON.stringify(value)} readOnly />;
}
