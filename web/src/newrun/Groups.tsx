import { Button, NativeSelect } from "@mantine/core";

import type { Json } from "../stream/frames";
import { dotted, getAt, isList, isObject, overridesOf, type Path } from "./config";
import { Field, isSmall } from "./Fields";
import { Fold } from "./Fold";
import { useForm } from "./FormContext";
import classes from "./NewRun.module.css";
import { touches } from "./problems";
import { blank, blankVariant, type FieldShape, type Shape } from "./shape";

interface Props {
  readonly field: FieldShape;
  readonly path: Path;
}

/** How many overrides a part of the configuration needs. */
function changesAt(original: Json, config: Json, path: Path): number {
  const [from, to] = [getAt(original, path), getAt(config, path)];
  return to === undefined ? 0 : Object.keys(overridesOf(from ?? null, to)).length;
}

/** The fields of an object: small ones in a grid, then what opens. */
export function FieldGrid({ fields, path }: { readonly fields: readonly FieldShape[]; readonly path: Path }) {
  return (
    <>
      <div className={classes["grid"]}>
        {fields.filter(isSmall).map((field) => (
          <Field key={field.name} field={field} path={[...path, field.name]} />
        ))}
      </div>
      {fields
        .filter((field) => !isSmall(field))
        .map((field) => (
          <Field key={field.name} field={field} path={[...path, field.name]} />
        ))}
    </>
  );
}

export function Group({ field, path }: Props) {
  const { original, config, problems } = useForm();
  const { shape } = field;
  if (shape.kind !== "group") return null;
  return (
    <Fold
      title={field.title}
      note={field.help}
      changes={changesAt(original, config, path)}
      problem={problems.get(dotted(path))}
      troubled={touches(problems, dotted(path))}
    >
      {() => <FieldGrid fields={shape.fields} path={path} />}
    </Fold>
  );
}

export function ItemList({ field, path }: Props) {
  const { original, config, problems, set } = useForm();
  const { shape } = field;
  const value = getAt(config, path);
  const items = isList(value) ? value : [];
  if (shape.kind !== "list") return null;
  return (
    <Fold
      title={field.title}
      note={items.length === 0 ? "none" : items.map((item) => itemLabel(item)).join(", ")}
      changes={changesAt(original, config, path)}
      problem={problems.get(dotted(path))}
      troubled={touches(problems, dotted(path))}
    >
      {() => (
        <>
          <p className={classes["help"]}>{field.help}</p>
          {items.map((item, i) => (
            <Item
              key={i}
              shape={shape.item}
              path={[...path, i]}
              label={itemLabel(item, i)}
              onRemove={() => {
                set(
                  path,
                  items.filter((_, other) => other !== i),
                );
              }}
            />
          ))}
          <Add
            shape={shape.item}
            last={items.at(-1)}
            what={field.title}
            onAdd={(item) => {
              set(path, [...items, item]);
            }}
          />
        </>
      )}
    </Fold>
  );
}

interface ItemProps {
  readonly shape: Shape;
  readonly path: Path;
  readonly label: string;
  readonly onRemove: () => void;
}

function Item({ shape, path, label, onRemove }: ItemProps) {
  const { original, config, problems } = useForm();
  const value = getAt(config, path);
  const type = shape.kind === "variants" && isObject(value) ? value[shape.tag] : undefined;
  const group = shape.kind === "variants" && typeof type === "string" ? shape.groups[type] : shape;
  if (group?.kind !== "group") return null;
  return (
    <Fold
      title={label}
      changes={changesAt(original, config, path)}
      problem={problems.get(dotted(path))}
      troubled={touches(problems, dotted(path))}
      action={
        <Button size="compact-xs" variant="default" className={classes["remove"] ?? ""} onClick={onRemove}>
          Remove {label}
        </Button>
      }
    >
      {() => <FieldGrid fields={group.fields} path={path} />}
    </Fold>
  );
}

interface AddProps {
  readonly shape: Shape;
  readonly last: Json | undefined;
  readonly what: string;
  readonly onAdd: (item: Json) => void;
}

/** A further item: of a type, where there are several; else a copy of the last one, which is nearer to what is wanted than nothing. */
function Add({ shape, last, what, onAdd }: AddProps) {
  if (shape.kind === "variants") {
    return (
      <NativeSelect
        size="xs"
        w={220}
        aria-label={`Add to ${what}`}
        value=""
        data={[{ value: "", label: "Add…" }, ...Object.keys(shape.groups)]}
        onChange={(event) => {
          if (event.currentTarget.value !== "") onAdd(blankVariant(shape, event.currentTarget.value));
        }}
      />
    );
  }
  return (
    <Button
      size="compact-xs"
      variant="light"
      className={classes["add"] ?? ""}
      onClick={() => {
        onAdd(last ?? blank(shape));
      }}
    >
      {last === undefined ? `Add to ${what}` : `Add to ${what}: a copy of the last`}
    </Button>
  );
}

/** What people call an item: its name, or what it is and where it stands; with a number where it has none. */
export function itemLabel(item: Json, index?: number): string {
  if (!isObject(item)) return `#${(index ?? 0) + 1}`;
  const { name, label, type, bus } = item;
  const words = [name ?? label ?? type, typeof bus === "string" ? `bus ${bus}` : undefined];
  const told = words.filter((word): word is string => typeof word === "string" && word !== "");
  if (told.length > 0) return told.join(", ");
  const figures = Object.entries(item)
    .flatMap(([key, value]) => (typeof value === "number" ? [`${key} ${value}`] : []))
    .slice(0, 2);
  return index === undefined ? figures.join(" ") : `#${index + 1} ${figures.join(", ")}`;
}
