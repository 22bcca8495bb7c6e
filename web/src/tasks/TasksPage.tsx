import { Anchor, Button, Group, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";

import { isOver, type Task, tasksQuery } from "../api/tasks";
import { useTitle } from "../app/useTitle";
import { FilterSelect, ScenarioSelect } from "../components/FilterSelect";
import { Fresh } from "../components/Fresh";
import { NoneFits } from "../components/NoneFits";
import { Trouble } from "../components/Trouble";
import classes from "../sessions/Sessions.module.css";
import { useNow } from "../stream/useSessionStream";
import { EXAMPLE } from "./example";
import { taskFilterOf } from "./search";
import { TASK_STATUSES, type TaskFilter } from "./status";
import { TaskRow } from "./TaskRow";
import { useCreate } from "./useCreate";

const NONE: readonly Task[] = [];
/** Tasks under way whose events are followed, each over a socket of its own. */
const FOLLOWED = 4;

/** All tuning tasks, newest first. */
export function TasksPage() {
  useTitle("Tuning");
  const filter = useSearch({ from: "/tasks" });
  const navigate = useNavigate({ from: "/tasks" });
  const list = useInfiniteQuery(tasksQuery(filter));
  const tasks = list.data?.pages.flatMap(({ items }) => items) ?? NONE;
  const filtered = Object.keys(filter).length > 0;
  // The charts of a task's page are large; they are here before one of the tasks is opened.
  const some = tasks.length > 0;
  useEffect(() => {
    // Without them the page still opens, and asks for them again.
    if (some) import("./echarts").catch(() => undefined);
  }, [some]);
  return (
    <>
      <div className={classes["head"]}>
        <Title order={1} size="h3">
          Tuning
        </Title>
        <Filters filter={filter} onChange={(search) => void navigate({ search, replace: true })} />
        <Group gap="xs" ml="auto">
          <Fresh
            updatedMs={list.dataUpdatedAt}
            busy={list.isFetching}
            onRefresh={() => void list.refetch()}
          />
          <Button component={Link} to="/tasks/new" size="xs">
            New task
          </Button>
        </Group>
      </div>
      {list.error && (
        <Trouble
          title={list.data ? "The list could not be renewed" : "The tasks cannot be loaded"}
          message={list.error.message}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <Skeleton height={320} animate={false} />}
      {list.data && tasks.length === 0 && !list.hasNextPage && (
        <>
          {filtered ? (
            <NoneFits what="task" onShowAll={() => void navigate({ search: {} })} />
          ) : (
            <FirstTask />
          )}
        </>
      )}
      {(tasks.length > 0 || list.hasNextPage) && (
        <section className={classes["box"]} aria-label="Tasks">
          <TasksTable tasks={tasks} />
          {list.hasNextPage && (
            <div className={classes["more"]}>
              <Button
                size="xs"
                variant="default"
                loading={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
              >
                Older tasks
              </Button>
            </div>
          )}
        </section>
      )}
    </>
  );
}

function TasksTable({ tasks }: { readonly tasks: readonly Task[] }) {
  const nowMs = useNow(5_000);
  const followed = tasks.filter(({ status }) => !isOver(status)).slice(0, FOLLOWED);
  return (
    <Table.ScrollContainer minWidth={980} type="native">
      <Table verticalSpacing={6} horizontalSpacing={9} highlightOnHover className={classes["table"] ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Status</Table.Th>
            <Table.Th>Task</Table.Th>
            <Table.Th>Scenario</Table.Th>
            <Table.Th>Sampler</Table.Th>
            <Table.Th>Parameters</Table.Th>
            <Table.Th>Done</Table.Th>
            <Table.Th className={classes["figure"]}>Best score</Table.Th>
            <Table.Th className={classes["figure"]} title="At the pace so far">
              Left, about
            </Table.Th>
            <Table.Th>Created</Table.Th>
            <Table.Th>Owner</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tasks.map((task) => (
            <TaskRow key={task.id} task={task} nowMs={nowMs} follow={followed.includes(task)} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

interface FiltersProps {
  readonly filter: TaskFilter;
  readonly onChange: (filter: TaskFilter) => void;
}

/** Narrows the list; each choice goes into the page's address. */
function Filters({ filter, onChange }: FiltersProps) {
  return (
    <div className={classes["filters"]} role="search" aria-label="Filter the tasks">
      <FilterSelect
        label="Status"
        value={filter.status}
        options={TASK_STATUSES}
        onChange={(status) => {
          onChange(taskFilterOf({ ...filter, status }));
        }}
      />
      <ScenarioSelect
        value={filter.scenario}
        onChange={(scenario) => {
          onChange(taskFilterOf({ ...filter, scenario }));
        }}
      />
      {Object.keys(filter).length > 0 && (
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

/** What stands where the tasks would be, until there is one. */
function FirstTask() {
  const create = useCreate();
  return (
    <div className={classes["first"]}>
      <Stack gap="sm" align="center">
        <Title order={2} size="h3">
          No tasks yet
        </Title>
        <Text maw={560} ta="center">
          A task searches parameters of a scenario for the best ones, on all workers. Begin with the step
          sizes of the OFO controller on the IEEE 13-bus feeder: 40 experiments, each an hour of the grid.
        </Text>
        <Group mt="xs">
          <Button
            loading={create.isPending}
            onClick={() => {
              create.mutate(EXAMPLE);
            }}
          >
            Tune OFO on IEEE 13
          </Button>
          <Anchor component={Link} to="/tasks/new">
            Look at it first, or ask for another
          </Anchor>
        </Group>
        {create.error && <Trouble title="The task was not started" message={create.error.message} />}
      </Stack>
    </div>
  );
}
