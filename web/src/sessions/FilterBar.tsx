import { Button, TextInput } from "@mantine/core";
import { useState } from "react";

import type { SessionFilter } from "../api/sessions";
import { FilterSelect, ScenarioSelect } from "../components/FilterSelect";
import { SESSION_STATUSES } from "../stream/frames";
import { filterOf, isFiltered } from "./filters";
import classes from "./Sessions.module.css";

interface Props {
  readonly filter: SessionFilter;
  readonly onChange: (filter: SessionFilter) => void;
}

/** Narrows the list; each choice goes into the page's address. */
export function FilterBar({ filter, onChange }: Props) {
  const set = (part: { readonly [key in keyof SessionFilter]: string }) => {
    onChange(filterOf({ ...filter, ...part }));
  };
  return (
    <div className={classes["filters"]} role="search" aria-label="Filter the runs">
      <FilterSelect
        label="Status"
        value={filter.status}
        options={SESSION_STATUSES}
        onChange={(status) => {
          set({ status });
        }}
      />
      <ScenarioSelect
        value={filter.scenario}
        onChange={(scenario) => {
          set({ scenario });
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
