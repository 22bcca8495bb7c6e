import { NativeSelect, SegmentedControl, Skeleton, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";

import { scenarioQuery, scenariosQuery, schemaQuery } from "../api/scenarios";
import { workersQuery } from "../api/workers";
import { useTitle } from "../app/useTitle";
import { Trouble } from "../components/Trouble";
import { shapeOf } from "../newrun/shape";
import { EXAMPLE } from "../tasks/example";
import { NoWorker } from "../workers/NoWorker";
import { NewOperationForm } from "./NewOperationForm";
import classes from "./Operations.module.css";
import { newOperationSearch, type NewOperationSearch } from "./search";
import { OPS } from "./status";
import { OP_WORDS } from "./words";

const WORKERS_EVERY_MS = 10_000;
/** Of which a scan's changes are fields, where they are of any. */
const SCAN_MODEL = "ieee13";

/** Asks for an operation: which, about which scenario, and how. */
export function NewOperationPage() {
  useTitle("New analysis");
  const search = useSearch({ from: "/analyses/new" });
  const navigate = useNavigate({ from: "/analyses/new" });
  const op = search.op ?? "characterize";
  const scenarios = useQuery(scenariosQuery);
  const schema = useQuery(schemaQuery);
  const workers = useQuery(workersQuery(WORKERS_EVERY_MS)).data?.workers;
  const wanted = op === "scan" ? SCAN_MODEL : (search.scenario ?? EXAMPLE.scenario);
  const known = scenarios.data?.find(({ name }) => name === wanted) ?? scenarios.data?.[0];
  const detail = useQuery({ ...scenarioQuery(known?.name ?? ""), enabled: known !== undefined });
  const shape = useMemo(() => (schema.data === undefined ? null : shapeOf(schema.data)), [schema.data]);
  const failed = [scenarios, schema, detail].find(({ error }) => error !== null);
  const go = (part: NewOperationSearch) =>
    void navigate({ search: { ...search, ...part }, replace: true, resetScroll: false });
  return (
    <>
      <Title order={1} size="h3" mb="sm">
        New analysis
      </Title>
      {workers?.length === 0 && <NoWorker what="An analysis that is started now waits for one." />}
      {failed?.error && (
        <Trouble
          title="The scenario cannot be loaded"
          message={failed.error.message}
          onRetry={() => void failed.refetch()}
        />
      )}
      <div className={classes["kinds"]}>
        <SegmentedControl
          size="sm"
          aria-label="Kind of analysis"
          value={op}
          data={OPS.map((value) => ({ value, label: OP_WORDS[value].label }))}
          onChange={(next) => {
            go(newOperationSearch({ op: next }));
          }}
        />
        <p className={classes["note"]}>{OP_WORDS[op].note}</p>
      </div>
      {op !== "scan" && known && (
        <NativeSelect
          size="xs"
          w="min(360px, 100%)"
          mb="md"
          label="Scenario"
          value={known.name}
          data={
            scenarios.data?.map(({ name, title }) => ({ value: name, label: `${title} (${name})` })) ?? []
          }
          onChange={(event) => {
            go({ scenario: event.currentTarget.value });
          }}
        />
      )}
      {detail.data && shape ? (
        <NewOperationForm key={`${op} ${detail.data.name}`} op={op} detail={detail.data} shape={shape} />
      ) : (
        !failed && <Skeleton height={480} animate={false} />
      )}
    </>
  );
}
