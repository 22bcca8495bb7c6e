import classes from "./Operations.module.css";

interface Props {
  readonly items: readonly {
    readonly name: string;
    readonly value: string;
    /** Always a line, so that its coming moves nothing. */
    readonly note: string;
  }[];
}

/** The figures that matter most. */
export function Facts({ items }: Props) {
  return (
    <dl className={classes["facts"]}>
      {items.map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={note}>
            {value}
            <small>{note}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}
