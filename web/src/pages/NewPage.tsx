import { Skeleton, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";

import { scenarioQuery, scenariosQuery, schemaQuery } from "../api/scenarios";
import { workersQuery } from "../api/workers";
import { useTitle } from "../app/useTitle";
import { Trouble } from "../components/Trouble";
import classes from "../newrun/NewRun.module.css";
import { NewRunForm } from "../newrun/NewRunForm";
import { ScenarioCards } from "../newrun/ScenarioCards";
import { shapeOf } from "../newrun/shape";
import { NoWorker } from "../workers/NoWorker";

const WORKERS_EVERY_MS = 30_000;

/** Pick a scenario, change what shall differ, run it. */
export function NewPage() {
  useTitle("New run");
  const search = useSearch({ from: "/new" });
  const navigate = useNavigate({ from: "/new" });
  const scenarios = useQuery(scenariosQuery);
  const schema = useQuery(schemaQuery);
  const workers = useQuery(workersQuery(WORKERS_EVERY_MS)).data?.workers;

  const known = scenarios.data?.find(({ name }) => name === search.scenario) ?? scenarios.data?.[0];
  const detail = useQuery({ ...scenarioQuery(known?.name ?? ""), enabled: known !== undefined });
  const shape = useMemo(() => (schema.data === undefined ? null : shapeOf(schema.data)), [schema.data]);

  const failed = [scenarios, schema, detail].find(({ error }) => error !== null);
  return (
    <>
      <Title order={1} size="h3" mb="sm">
        New run
      </Title>
      {workers?.length === 0 && <NoWorker what="A run that is started now waits for one." />}
      {failed?.error && (
        <Trouble
          title={scenarios.error ? "The scenarios cannot be loaded" : "The scenario cannot be loaded"}
          message={failed.error.message}
          onRetry={() => void failed.refetch()}
        />
      )}
      <div className={classes["page"]}>
        {!scenarios.error && (
          <ScenarioCards
            scenarios={scenarios.data}
            picked={known?.name}
            onPick={(scenario) => void navigate({ search: { scenario }, replace: true, resetScroll: false })}
          />
        )}
        {detail.data && shape ? (
          <NewRunForm key={detail.data.name} detail={detail.data} shape={shape} />
        ) : (
          failed === undefined && (
            <div className={classes["panel"]}>
              <Skeleton height={520} animate={false} />
            </div>
          )
        )}
      </div>
    </>
  );
}
