import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";

import type { Scenario } from "../api/scenarios";
import type { SessionFilter } from "../api/sessions";
import { SESSION_STATUSES } from "../stream/frames";
import { filterOf, isFiltered } from "./filters";
import classes from "./Sessions.module.css";

interface Props {
  readonly filter: SessionFilter;
  readonly scenarios: readonly Scenario[] | undefined;
  readonly onChange: (filter: SessionFilter) => void;
}

/** Narrows the list; each choice goes into the page's address. */
export function FilterBar({ filter, scenarios, onChange }: Props) {
  const set = (part: { readonly [key in keyof SessionFilter]: string }) => {
    onChange(filterOf({ ...filter, ...part }));
  };
  return (
    <div className={classes["filters"]} role="search" aria-label="Filter the runs">
      <NativeSelect
        size="xs"
        aria-label="Status"
        value={filter.status ?? ""}
        data={[
          { value: "", label: "Any status" },
          ...SESSION_STATUSES.map((status) => ({ value: status, label: status })),
        ]}
        onChange={(event) => {
          set({ status: event.currentTarget.value });
        }}
      />
      <NativeSelect
        size="xs"
        aria-label="Scenario"
        value={filter.scenario ?? ""}
        data={[
          { value: "", label: "Any scenario" },
          ...scenarioNames(scenarios, filter.scenario).map((name) => ({ value: name, label: name })),
        ]}
        onChange={(event) => {
          set({ scenario: event.currentTarget.value });
        }}
      />
      <Owner
        key={filter.owner ?? ""}
        owner={filter.owner ?? ""}
        onChange={(owner) => {
          set({ owner });
        }}
      />
      {isFiltered(filter) && (
        <Button
          size="xs"
          variant="subtle"
          onClick={() => {
            onChange({});
          }}
        >
          Show all
        </Button>
      )}
    </div>
  );
}

/** Typed, and taken with Enter or on leaving the field. */
function Owner({ owner, onChange }: { readonly owner: string; readonly onChange: (owner: string) => void }) {
  const [typed, setTyped] = useState(owner);
  const take = () => {
    if (typed.trim() !== owner) onChange(typed.trim());
  };
  return (
    <TextInput
      size="xs"
      aria-label="Owner"
      placeholder="Any owner"
      value={typed}
      w={130}
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

/** An address may name a scenario that the catalogue has no more. */
function scenarioNames(scenarios: readonly Scenario[] | undefined, chosen: string | undefined): string[] {
  const names = scenarios?.map(({ name }) => name) ?? [];
  return chosen === undefined || names.includes(chosen) ? names : [...names, chosen];
}
