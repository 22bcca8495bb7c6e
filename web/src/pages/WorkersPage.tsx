import { Skeleton, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { sessionsQuery } from "../api/sessions";
import { workersQuery } from "../api/workers";
import { announce } from "../app/announce";
import { useTitle } from "../app/useTitle";
import { Trouble } from "../components/Trouble";
import { totals } from "../workers/facts";
import { NoWorker } from "../workers/NoWorker";
import { WorkerCard } from "../workers/WorkerCard";
import classes from "../workers/Workers.module.css";

/** Workers say that they are alive once a second. */
const EVERY_MS = 1_000;

/** Who computes, what, and what waits. */
export function WorkersPage() {
  useTitle("Workers");
  const query = useQuery(workersQuery(EVERY_MS));
  const sessions = useInfiniteQuery(sessionsQuery({})).data;
  const titles = new Map(
    sessions?.pages.flatMap(({ items }) => items.map(({ id, title }) => [id, title])) ?? [],
  );
  const count = query.data?.workers.length;
  useCountTold(count);

  return (
    <>
      <Title order={1} size="h3" mb="sm">
        Workers
      </Title>
      {query.error && (
        <Trouble
          title={
            query.data ? "This is out of date: the workers cannot be asked" : "The workers cannot be asked"
          }
          message={query.error.message}
          onRetry={() => void query.refetch()}
        />
      )}
      {query.isPending && <Skeleton height={220} animate={false} />}
      {query.data && (
        <div className={classes["page"]} data-old={query.error !== null || undefined}>
          <Figures data={query.data} />
          {query.data.workers.length === 0 && (
            <NoWorker what="Runs that wait stay in the queue, and runs that were under way go on where they were, once there is one." />
          )}
          {query.data.workers.map((worker) => (
            <WorkerCard key={worker.id} worker={worker} titles={titles} />
          ))}
        </div>
      )}
    </>
  );
}

function Figures({ data }: { readonly data: Parameters<typeof totals>[0] }) {
  const { slots, used, worstLag_s } = totals(data);
  const figures = [
    ["Workers alive", String(data.workers.length)],
    ["Slots used", `${used} of ${slots}`],
    ["Waiting in the queue", String(data.queue_depth)],
    ["Largest lag", worstLag_s === null ? "–" : `${worstLag_s.toFixed(1)} s`],
  ] as const;
  return (
    <dl className={classes["figures"]}>
      {figures.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Says when workers come or go. */
function useCountTold(count: number | undefined): void {
  const before = useRef(count);
  useEffect(() => {
    if (before.current !== undefined && count !== undefined && before.current !== count) {
      announce(count === 1 ? "1 worker is alive" : `${count} workers are alive`);
    }
    before.current = count;
  }, [count]);
}
