import { NativeSelect, Skeleton, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type SyntheticEvent, useEffect, useMemo, useRef, useState } from "react";

import { Problem } from "../api/http";
import { type ScenarioDetail, scenarioQuery, scenariosQuery, schemaQuery } from "../api/scenarios";
import { workersQuery } from "../api/workers";
import { announce } from "../app/announce";
import { useTitle } from "../app/useTitle";
import { Trouble } from "../components/Trouble";
import { type Shape, shapeOf } from "../newrun/shape";
import { NoWorker } from "../workers/NoWorker";
import { ConstraintsEditor, ObjectivesEditor } from "./AimEditor";
import { candidates, type Draft, firstDraft, wishOf } from "./draft";
import { EXAMPLE } from "./example";
import classes from "./NewTask.module.css";
import { refusals } from "./refusals";
import { SearchPanel } from "./SearchPanel";
import { SpaceEditor } from "./SpaceEditor";
import { useCreate } from "./useCreate";

const WORKERS_EVERY_MS = 10_000;

/** Asks for a tuning task: which parameters of a scenario, how, and what is better. */
export function NewTaskPage() {
  useTitle("New task");
  const search = useSearch({ from: "/tasks/new" });
  const navigate = useNavigate({ from: "/tasks/new" });
  const scenarios = useQuery(scenariosQuery);
  const schema = useQuery(schemaQuery);
  const workers = useQuery(workersQuery(WORKERS_EVERY_MS)).data?.workers;
  const wanted = search.scenario ?? EXAMPLE.scenario;
  const known = scenarios.data?.find(({ name }) => name === wanted) ?? scenarios.data?.[0];
  const detail = useQuery({ ...scenarioQuery(known?.name ?? ""), enabled: known !== undefined });
  const shape = useMemo(() => (schema.data === undefined ? null : shapeOf(schema.data)), [schema.data]);
  const failed = [scenarios, schema, detail].find(({ error }) => error !== null);
  return (
    <>
      <Title order={1} size="h3" mb="sm">
        New task
      </Title>
      {workers?.length === 0 && <NoWorker what="A task that is started now waits for one." />}
      {failed?.error && (
        <Trouble
          title="The scenario cannot be loaded"
          message={failed.error.message}
          onRetry={() => void failed.refetch()}
        />
      )}
      {known && (
        <NativeSelect
          size="xs"
          w="min(360px, 100%)"
          mb="md"
          label="Scenario"
          value={known.name}
          data={
            scenarios.data?.map(({ name, title }) => ({ value: name, label: `${title} (${name})` })) ?? []
          }
          onChange={(event) =>
            void navigate({
              search: { scenario: event.currentTarget.value },
              replace: true,
              resetScroll: false,
            })
          }
        />
      )}
      {detail.data && shape ? (
        <NewTaskForm key={detail.data.name} detail={detail.data} shape={shape} />
      ) : (
        !failed && <Skeleton height={560} animate={false} />
      )}
    </>
  );
}

interface FormProps {
  readonly detail: ScenarioDetail;
  readonly shape: Shape;
}

/** The form about one scenario; another scenario is another form. */
function NewTaskForm({ detail, shape }: FormProps) {
  const [draft, setDraft] = useState(() => firstDraft(detail.name));
  // What was sent: its refusals are about that, whatever was changed since.
  const [sent, setSent] = useState(draft);
  const create = useCreate();
  const form = useRef<HTMLFormElement>(null);
  const known = useMemo(
    () => candidates(shape, detail.config, detail.feeder_detail.three_phase_sites),
    [shape, detail],
  );
  const wish = useMemo(() => wishOf(detail.name, draft, known), [detail.name, draft, known]);
  const { at, homeless } = useMemo(
    () => refusals(create.error instanceof Problem ? create.error.errors : [], sent),
    [create.error, sent],
  );
  const trouble =
    create.error === null || (at.size > 0 && homeless.length === 0)
      ? null
      : homeless.length > 0
        ? homeless.join("; ")
        : create.error.message;
  // To the first field that was refused.
  useEffect(() => {
    if (!create.error) return;
    announce(`The task was not started: ${create.error.message}`);
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-problem]')?.focus();
  }, [create.error]);
  const change = (part: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...part }));
  };
  return (
    <form
      ref={form}
      className={classes["page"]}
      aria-label="New task"
      noValidate
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        if (create.isPending) return;
        setSent(draft);
        create.mutate(wish);
      }}
    >
      <div className={classes["parts"]}>
        <SpaceEditor
          candidates={known}
          rows={draft.space}
          problems={at}
          onChange={(space) => {
            change({ space });
          }}
        />
        <ObjectivesEditor
          rows={draft.objectives}
          problems={at}
          front={draft.sampler === "nsga2"}
          onChange={(objectives) => {
            change({ objectives });
          }}
        />
        <ConstraintsEditor
          rows={draft.constraints}
          problems={at}
          onChange={(constraints) => {
            change({ constraints });
          }}
        />
      </div>
      <SearchPanel
        detail={detail}
        draft={draft}
        wish={wish}
        problems={at}
        trouble={trouble}
        pending={create.isPending}
        onChange={change}
      />
    </form>
  );
}
