import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { scenariosQuery } from "../api/scenarios";

interface Props {
  /** What it narrows to, such as `Status`. */
  readonly label: string;
  /** Undefined: any. */
  readonly value: string | undefined;
  readonly options: readonly (string | { readonly value: string; readonly label: string })[];
  /** Empty for any. */
  readonly onChange: (value: string) => void;
}

/** One of the filters of a list. */
export function FilterSelect({ label, value, options, onChange }: Props) {
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      value={value ?? ""}
      data={[
        { value: "", label: `Any ${label.toLowerCase()}` },
        ...options.map((option) => (typeof option === "string" ? { value: option, label: option } : option)),
      ]}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    />
  );
}

/** An address may name a scenario that the catalogue has no more. */
export function ScenarioSelect({ value, onChange }: Pick<Props, "value" | "onChange">) {
  const known = useQuery(scenariosQuery).data?.map(({ name }) => name) ?? [];
  const names = value === undefined || known.includes(value) ? known : [...known, value];
  return <FilterSelect label="Scenario" value={value} options={names} onChange={onChange} />;
}
