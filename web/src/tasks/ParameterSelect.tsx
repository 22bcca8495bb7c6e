import { Select } from "@mantine/core";
import { useMemo } from "react";

import { shown } from "../newrun/Fields";
import type { Candidate } from "./draft";

interface Props {
  /** Read out in its stead where `visibleLabel` is not there. */
  readonly label: string;
  readonly visibleLabel?: string;
  readonly placeholder?: string;
  readonly candidates: readonly Candidate[];
  /** Path of the chosen one; null for none. */
  readonly value: string | null;
  readonly error?: string | undefined;
  readonly onChange: (candidate: Candidate) => void;
}

/** One field of a scenario, found by typing. */
export function ParameterSelect(props: Props) {
  const { label, visibleLabel, placeholder, candidates, value, error, onChange } = props;
  const groups = useMemo(() => grouped(candidates), [candidates]);
  return (
    <Select
      size="xs"
      aria-label={label}
      {...(visibleLabel === undefined ? {} : { label: visibleLabel })}
      {...(placeholder === undefined ? {} : { placeholder })}
      searchable
      limit={80}
      nothingFoundMessage="No such field"
      value={value}
      data={groups}
      error={error}
      comboboxProps={{ withinPortal: false }}
      onChange={(path) => {
        const candidate = candidates.find((one) => one.path === path);
        if (candidate) onChange(candidate);
      }}
    />
  );
}

function grouped(candidates: readonly Candidate[]) {
  const groups = new Map<string, { value: string; label: string }[]>();
  for (const { path, title, place, value } of candidates) {
    const group = groups.get(place) ?? [];
    group.push({ value: path, label: `${title} · ${shown(value)} · ${path}` });
    groups.set(place, group);
  }
  return [...groups].map(([group, items]) => ({ group, items }));
}
