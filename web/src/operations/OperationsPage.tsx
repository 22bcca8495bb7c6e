import { Anchor, Button, Group, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";

import { isOver, type Operation, operationsQuery } from "../api/operations";
import { ago } from "../app/format";
import { useTitle } from "../app/useTitle";
import { FilterSelect } from "../components/FilterSelect";
import { Fresh } from "../components/Fresh";
import { NoneFits } from "../components/NoneFits";
import { RunBadge } from "../components/RunBadge";
import { Trouble } from "../components/Trouble";
import classes from "../sessions/Sessions.module.css";
import { useNow } from "../stream/useSessionStream";
import { lengthText, listBadge } from "../tasks/standing";
import { TASK_STATUSES } from "../tasks/status";
import { operationFilterOf } from "./search";
import { KINDS, OPS } from "./status";
import { OP_WORDS } from "./words";

const NONE: readonly Operation[] = [];

/** All operations, newest first. */
export function OperationsPage() {
  useTitle("Analyses");
  const filter = useSearch({ from: "/analyses" });
  const navigate = useNavigate({ from: "/analyses" });
  const list = useInfiniteQuery(operationsQuery(filter));
  const operations = list.data?.pages.flatMap(({ items }) => items) ?? NONE;
  const filtered = Object.keys(filter).length > 0;
  const narrow = (part: object) =>
    void navigate({ search: operationFilterOf({ ...filter, ...part }), replace: true });
  return (
    <>
      <div className={classes["head"]}>
        <Title order={1} size="h3">
          Analyses
        </Title>
        <div className={classes["filters"]} role="search" aria-label="Filter the analyses">
          <FilterSelect
            label="Kind"
            value={filter.op}
            options={KINDS.map((value) => ({ value, label: OP_WORDS[value].label }))}
            onChange={(op) => {
              narrow({ op });
            }}
          />
          <FilterSelect
            label="Status"
            value={filter.status}
            options={TASK_STATUSES}
            onChange={(status) => {
              narrow({ status });
            }}
          />
          {filtered && (
            <Button size="xs" variant="subtle" onClick={() => void navigate({ search: {}, replace: true })}>
              Show all
            </Button>
          )}
        </div>
        <Group gap="xs" ml="auto">
          <Fresh
            updatedMs={list.dataUpdatedAt}
            busy={list.isFetching && !list.isRefetching}
            onRefresh={() => void list.refetch()}
          />
          <Button component={Link} to="/analyses/new" size="xs">
            New analysis
          </Button>
        </Group>
      </div>
      {list.error && (
        <Trouble
          title={list.data ? "The list could not be renewed" : "The analyses cannot be loaded"}
          message={list.error.message}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <Skeleton height={320} animate={false} />}
      {list.data && operations.length === 0 && !list.hasNextPage && (
        <>
          {filtered ? (
            <NoneFits what="analysis" onShowAll={() => void navigate({ search: {} })} />
          ) : (
            <FirstOperation />
          )}
        </>
      )}
      {(operations.length > 0 || list.hasNextPage) && (
        <section className={classes["box"]} aria-label="Analyses">
          <OperationsTable operations={operations} />
          {list.hasNextPage && (
            <div className={classes["more"]}>
              <Button
                size="xs"
                variant="default"
                loading={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
              >
                Older analyses
              </Button>
            </div>
          )}
        </section>
      )}
    </>
  );
}

function OperationsTable({ operations }: { readonly operations: readonly Operation[] }) {
  const nowMs = useNow(5_000);
  return (
    <Table.ScrollContainer minWidth={900} type="native">
      <Table verticalSpacing={6} horizontalSpacing={9} highlightOnHover className={classes["table"] ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Status</Table.Th>
            <Table.Th>Analysis</Table.Th>
            <Table.Th>Kind</Table.Th>
            <Table.Th>Scenario</Table.Th>
            <Table.Th>Points done</Table.Th>
            <Table.Th className={classes["figure"]} title="Simulations that were computed before">
              Known already
            </Table.Th>
            <Table.Th className={classes["figure"]}>Left, about</Table.Th>
            <Table.Th>Created</Table.Th>
            <Table.Th>Owner</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {operations.map((operation) => (
            <Row key={operation.id} operation={operation} nowMs={nowMs} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ operation, nowMs }: { readonly operation: Operation; readonly nowMs: number }) {
  const { id, op, title, config, reason, progress, cached, created, owner } = operation;
  const { name } = config;
  return (
    <Table.Tr>
      <Table.Td title={reason ?? undefined}>
        <RunBadge badge={listBadge(operation)} />
      </Table.Td>
      <Table.Th scope="row" className={classes["run"]}>
        <Link to="/analyses/$operationId" params={{ operationId: id }} className={classes["link"]}>
          {title}
        </Link>{" "}
        <span className={classes["id"]}>{id.slice(0, 8)}</span>
      </Table.Th>
      <Table.Td>{OP_WORDS[op].label}</Table.Td>
      <Table.Td className={classes["mono"]}>{typeof name === "string" ? name : "–"}</Table.Td>
      <Table.Td>
        <span className={classes["progress"]}>
          <span className={classes["track"]} aria-hidden="true">
            <span style={{ width: `${Math.min(100, progress.pct)}%` }} />
          </span>
          {progress.step} / {progress.steps}
        </span>
      </Table.Td>
      <Table.Td className={classes["figure"]}>{cached.toLocaleString("en")}</Table.Td>
      <Table.Td className={classes["figure"]}>
        {isOver(operation) || progress.eta_s === null ? "–" : lengthText(progress.eta_s)}
      </Table.Td>
      <Table.Td title={new Date(created * 1000).toLocaleString("en-GB")}>{ago(created, nowMs)}</Table.Td>
      <Table.Td>{owner}</Table.Td>
    </Table.Tr>
  );
}

/** What stands where the analyses would be, until there is one. */
function FirstOperation() {
  return (
    <div className={classes["first"]}>
      <Stack gap="sm" align="center">
        <Title order={2} size="h3">
          No analyses yet
        </Title>
        <Text maw={560} ta="center">
          An analysis is many simulations with one answer: how much a feeder takes, how two parameters play
          together, which sites are good ones.
        </Text>
        <Stack gap="xs" mt="xs" ta="left" maw={560}>
          {OPS.map((op) => (
            <Text key={op} size="sm">
              <Anchor fw={600} renderRoot={(props) => <Link {...props} to="/analyses/new" search={{ op }} />}>
                {OP_WORDS[op].label}
              </Anchor>
              : {OP_WORDS[op].note}
            </Text>
          ))}
        </Stack>
      </Stack>
    </div>
  );
}
