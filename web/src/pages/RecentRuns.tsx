import { Skeleton, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { ago } from "../app/format";
import { RunBadge } from "../components/RunBadge";
import { sessionBadge } from "../components/sessionBadge";
import type { Session } from "../stream/frames";
import { useNow } from "../stream/useSessionStream";
import classes from "./RecentRuns.module.css";

export function RecentRuns({ sessions }: { readonly sessions: readonly Session[] | undefined }) {
  const nowMs = useNow(15_000);
  return (
    <section aria-labelledby="recent-title">
      <h2 id="recent-title" className={classes["title"]}>
        Recent runs
      </h2>
      <div className={classes["box"]}>
        {!sessions && <Skeleton height={90} />}
        {sessions?.length === 0 && (
          <Text size="sm" c="var(--gc-muted)" p="md">
            No runs yet. The IEEE 13 run is picked above: press Run, and an hour of the feeder unfolds in
            about a second.
          </Text>
        )}
        {sessions && sessions.length > 0 && (
          <Table.ScrollContainer minWidth={620} type="native">
            <Table verticalSpacing={7} horizontalSpacing="md">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Status</Table.Th>
                  <Table.Th>Run</Table.Th>
                  <Table.Th>Seed</Table.Th>
                  <Table.Th>Progress</Table.Th>
                  <Table.Th>Viewers</Table.Th>
                  <Table.Th>Started</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {sessions.map((session) => (
                  <Table.Tr key={session.id}>
                    <Table.Td title={session.reason ?? undefined}>
                      <RunBadge badge={sessionBadge(session)} />
                    </Table.Td>
                    <Table.Td>
                      <Link
                        to="/sessions/$sessionId"
                        params={{ sessionId: session.id }}
                        className={classes["link"]}
                      >
                        {session.title}
                      </Link>{" "}
                      <span className={classes["id"]}>{session.id.slice(0, 8)}</span>
                    </Table.Td>
                    <Table.Td>{session.seed}</Table.Td>
                    <Table.Td>{percent(session)}</Table.Td>
                    <Table.Td>{session.viewers}</Table.Td>
                    <Table.Td>{ago(session.created, nowMs)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </div>
    </section>
  );
}

function percent({ tick, n_ticks }: Session): string {
  return n_ticks > 0 ? `${Math.floor((100 * tick) / n_ticks)} %` : "–";
}
