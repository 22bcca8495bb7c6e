import { NativeSelect, SegmentedControl, Skeleton, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { compareQuery } from "../api/compare";
import { type ListedSession, listedQuery, sessionsQuery } from "../api/sessions";
import { announce } from "../app/announce";
import { useTitle } from "../app/useTitle";
import classes from "../compare/Compare.module.css";
import { type Comparison, differences, metricRows, QUANTITIES } from "../compare/model";
import { OverlayChart } from "../compare/OverlayChart";
import { RunList } from "../compare/RunList";
import { idsOf, idsText, MOST_RUNS } from "../compare/search";
import { ParameterTable, SummaryTable } from "../compare/Tables";
import { Trouble } from "../components/Trouble";
import { sessionBadge } from "../components/sessionBadge";

/** Height of a chart with its head, for the room that it takes before it is there. */
const CHART_PX = 284;

/** Two to eight runs, laid over each other. */
export function ComparePage() {
  useTitle("Compare");
  const ids = idsOf(useSearch({ from: "/compare" }).ids);
  const navigate = useNavigate({ from: "/compare" });
  const show = (next: readonly string[]) => {
    void navigate({ search: idsText(next), replace: true });
    announce(`${next.length} runs compared`);
  };
  const answers = useQueries({ queries: ids.map((id) => listedQuery(id)) });
  const missing = ids.filter((_, i) => answers[i]?.error);
  const sessions = answers.flatMap(({ data }) => (data ? [data] : []));
  const ready = sessions.length === ids.length;

  return (
    <>
      <div className={classes["head"]}>
        <Title order={1} size="h3">
          Compare
        </Title>
        <AddRun
          ids={ids}
          onAdd={(id) => {
            show([...ids, id]);
          }}
        />
      </div>
      <div className={classes["page"]}>
        {missing.map((id) => (
          <Trouble
            key={id}
            title={`Run ${id} cannot be compared`}
            message={answers[ids.indexOf(id)]?.error?.message ?? ""}
            retryLabel="Leave it out"
            onRetry={() => {
              show(ids.filter((other) => other !== id));
            }}
          />
        ))}
        {ids.length > 0 && (
          <RunList
            ids={ids}
            sessions={sessions}
            onChange={(next) => {
              show(next);
            }}
          />
        )}
        {ids.length < 2 && (
          <div className={classes["empty"]}>
            <Text>
              {ids.length === 0
                ? "Nothing is compared yet."
                : "One run more, and there is something to compare."}
            </Text>
            <Text size="sm" c="var(--gc-muted)" mt={4}>
              Add runs above, or choose them in the list of sessions and press Compare.
            </Text>
          </div>
        )}
        {ids.length >= 2 && ready && <Content ids={ids} sessions={sessions} />}
        {ids.length >= 2 && !ready && missing.length === 0 && <Skeleton height={480} animate={false} />}
      </div>
    </>
  );
}

interface ContentProps {
  readonly ids: readonly string[];
  readonly sessions: readonly ListedSession[];
}

function Content({ ids, sessions }: ContentProps) {
  const query = useQuery(compareQuery(ids, sessions));
  const [way, setWay] = useState("overlay");
  const names = sessions.map((session, i) => nameOf(session, sessions, i));
  const metrics = useMemo(() => metricRows(sessions), [sessions]);
  const running = sessions.filter(({ summary }) => summary === null).length;
  return (
    <>
      {query.error && (
        <Trouble
          title="The series cannot be compared"
          message={query.error.message}
          onRetry={() => void query.refetch()}
        />
      )}
      {!query.error && (
        <>
          <div className={classes["head"]} style={{ margin: 0 }}>
            <SegmentedControl
              size="xs"
              aria-label="Lines shown"
              value={way}
              onChange={setWay}
              data={[
                { value: "overlay", label: "Overlay" },
                { value: "difference", label: "Difference to the first" },
              ]}
            />
            {running > 0 && (
              <Text size="sm" c="var(--gc-muted)">
                {running === 1 ? "One of these runs is" : `${running} of these runs are`} not over; the lines
                end where it was when this page asked.
              </Text>
            )}
          </div>
          {query.data?.missing.map((ticks, i) =>
            ticks === 0 ? null : (
              <Text key={ids[i]} size="sm" c="var(--gc-muted)">
                {`${ticks.toLocaleString("en-US")} ${ticks === 1 ? "tick" : "ticks"} of ${names[i]} are gone; its lines have holes there.`}
              </Text>
            ),
          )}
          {query.data ? (
            <Charts comparison={query.data.comparison} names={names} difference={way === "difference"} />
          ) : (
            <div className={classes["charts"]} aria-busy="true">
              {QUANTITIES.map(({ key }) => (
                <Skeleton key={key} height={CHART_PX} animate={false} />
              ))}
            </div>
          )}
        </>
      )}
      <SummaryTable names={names} rows={metrics} />
      {query.data && <ParameterTable names={names} rows={query.data.parameters} />}
    </>
  );
}

interface ChartsProps {
  readonly comparison: Comparison;
  readonly names: readonly string[];
  readonly difference: boolean;
}

function Charts({ comparison, names, difference }: ChartsProps) {
  const charts = useMemo(
    () =>
      QUANTITIES.map((quantity) => {
        const series = comparison.series[quantity.key];
        const lines = difference
          ? differences(series).map((values, i) => ({ index: i + 1, values }))
          : series.map((values, index) => ({ index, values }));
        return { quantity, lines: lines.map((line) => ({ ...line, name: names[line.index] ?? "" })) };
      }),
    // The names are told by the runs, which the comparison is of.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [comparison, difference],
  );
  return (
    <div className={classes["charts"]}>
      {charts.map(({ quantity, lines }) => (
        <OverlayChart
          key={quantity.key}
          quantity={quantity}
          difference={difference}
          t_s={comparison.t_s}
          lines={lines}
        />
      ))}
    </div>
  );
}

/** Its title; with its id where two runs have the same. */
function nameOf(session: ListedSession, all: readonly ListedSession[], at: number): string {
  const twin = all.some((other, i) => i !== at && other.title === session.title);
  return twin ? `${session.title} (${session.id.slice(0, 6)})` : session.title;
}

interface AddProps {
  readonly ids: readonly string[];
  readonly onAdd: (id: string) => void;
}

function AddRun({ ids, onAdd }: AddProps) {
  const list = useInfiniteQuery(sessionsQuery({})).data;
  const others = list?.pages.flatMap(({ items }) => items).filter(({ id }) => !ids.includes(id)) ?? [];
  return (
    <NativeSelect
      size="xs"
      w={320}
      aria-label="Add a run"
      value=""
      disabled={ids.length >= MOST_RUNS}
      data={[
        { value: "", label: ids.length >= MOST_RUNS ? `At most ${MOST_RUNS} runs` : "Add a run…" },
        ...others.map((session) => ({
          value: session.id,
          label: `${session.title} · ${session.id.slice(0, 8)} · ${sessionBadge(session).label}`,
        })),
      ]}
      onChange={(event) => {
        if (event.currentTarget.value !== "") onAdd(event.currentTarget.value);
      }}
    />
  );
}
