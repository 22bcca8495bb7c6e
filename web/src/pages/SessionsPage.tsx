import { Button, Group, Skeleton, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { owns } from "../account/rights";
import { useStanding } from "../account/useStanding";
import { scenariosQuery } from "../api/scenarios";
import { type ListedSession, sessionsQuery } from "../api/sessions";
import { announce } from "../app/announce";
import { useTitle } from "../app/useTitle";
import { idsText, MOST_RUNS } from "../compare/search";
import { Fresh } from "../components/Fresh";
import { NoneFits } from "../components/NoneFits";
import { Trouble } from "../components/Trouble";
import { DeleteDialog } from "../sessions/DeleteDialog";
import { FilterBar } from "../sessions/FilterBar";
import { isFiltered } from "../sessions/filters";
import { FirstRun } from "../sessions/FirstRun";
import classes from "../sessions/Sessions.module.css";
import { SessionsTable } from "../sessions/SessionsTable";

const NONE: readonly ListedSession[] = [];

/** All runs, newest first. */
export function SessionsPage() {
  useTitle("Sessions");
  const filter = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const list = useInfiniteQuery(sessionsQuery(filter));
  const scenarios = useQuery(scenariosQuery).data;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [doomed, setDoomed] = useState(NONE);

  const sessions = list.data?.pages.flatMap(({ items }) => items) ?? NONE;
  // What is not in the list any more cannot be compared or deleted from it.
  const selected = sessions.filter(({ id }) => chosen.has(id));
  const choose = (ids: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    for (const id of ids)
      if (on) next.add(id);
      else next.delete(id);
    setChosen(next);
    announce(next.size === 1 ? "1 run chosen" : `${next.size} runs chosen`);
  };

  return (
    <>
      <div className={classes["head"]}>
        <Title order={1} size="h3">
          Sessions
        </Title>
        <FilterBar filter={filter} onChange={(search) => void navigate({ search, replace: true })} />
        <Group gap="xs" ml="auto">
          <Fresh
            updatedMs={list.dataUpdatedAt}
            busy={list.isFetching}
            onRefresh={() => void list.refetch()}
          />
          <Button component={Link} to="/new" size="xs">
            New run
          </Button>
        </Group>
      </div>
      {list.error && (
        <Trouble
          title={list.data ? "The list could not be renewed" : "The runs cannot be loaded"}
          message={list.error.message}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <Skeleton height={320} />}
      {list.data && sessions.length === 0 && !list.hasNextPage && (
        <>
          {isFiltered(filter) ? (
            <NoneFits what="run" onShowAll={() => void navigate({ search: {} })} />
          ) : (
            <FirstRun />
          )}
        </>
      )}
      {list.data && (sessions.length > 0 || list.hasNextPage) && (
        <section className={classes["box"]} aria-label="Runs">
          <Chosen
            selected={selected}
            onClear={() => {
              setChosen(new Set());
            }}
            onDelete={() => {
              setDoomed(selected);
            }}
          />
          <SessionsTable
            sessions={sessions}
            scenarios={scenarios}
            chosen={chosen}
            onChoose={choose}
            onDelete={(session) => {
              setDoomed([session]);
            }}
          />
          {list.hasNextPage && (
            <div className={classes["more"]}>
              <Button
                size="xs"
                variant="default"
                loading={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
              >
                Older runs
              </Button>
            </div>
          )}
        </section>
      )}
      <DeleteDialog
        sessions={doomed}
        onClose={(deleted) => {
          setDoomed(NONE);
          if (deleted.length > 0) setChosen(new Set([...chosen].filter((id) => !deleted.includes(id))));
        }}
      />
    </>
  );
}

interface ChosenProps {
  readonly selected: readonly ListedSession[];
  readonly onClear: () => void;
  readonly onDelete: () => void;
}

/** What can be done with the chosen runs. Always there, so that choosing moves nothing. */
function Chosen({ selected, onClear, onDelete }: ChosenProps) {
  const n = selected.length;
  const standing = useStanding();
  const others = selected.filter(({ owner }) => !owns(standing, owner)).length;
  const fits = n >= 2 && n <= MOST_RUNS;
  return (
    <div className={classes["chosen"]} role="group" aria-label="Chosen runs">
      <Text size="sm" c={n === 0 ? "var(--gc-muted)" : "var(--gc-ink)"}>
        {n === 0 ? "Choose runs to compare or delete them." : `${n} chosen`}
        {n === 1 && <span className={classes["hint"]}> – one more to compare</span>}
        {n > MOST_RUNS && <span className={classes["hint"]}> – at most {MOST_RUNS} can be compared</span>}
        {others > 0 && (
          <span className={classes["hint"]}>
            {" "}
            – {others === n ? "not yours to delete" : `${others} of them not yours to delete`}
          </span>
        )}
      </Text>
      {n > 0 && (
        <Group gap="xs">
          {fits && (
            <Button
              size="compact-sm"
              // Oldest first: what came later is told by how it differs.
              renderRoot={(props) => (
                <Link {...props} to="/compare" search={idsText(selected.map(({ id }) => id).reverse())} />
              )}
            >
              Compare {n}
            </Button>
          )}
          {others === 0 && (
            <Button size="compact-sm" variant="default" onClick={onDelete}>
              Delete…
            </Button>
          )}
          <Button size="compact-sm" variant="subtle" onClick={onClear}>
            Clear
          </Button>
        </Group>
      )}
    </div>
  );
}
