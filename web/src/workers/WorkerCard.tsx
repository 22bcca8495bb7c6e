import { Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import type { Worker } from "../api/workers";
import { isFull, lagText } from "./facts";
import classes from "./Workers.module.css";

interface Props {
  readonly worker: Worker;
  /** Titles of runs, as far as this page knows them. */
  readonly titles: ReadonlyMap<string, string>;
}

/** One worker: its slots, and what runs in them. */
export function WorkerCard({ worker, titles }: Props) {
  const { id, host, pid, slots, sessions } = worker;
  return (
    <section className={classes["card"]} aria-labelledby={`worker-${id}`}>
      <header className={classes["head"]}>
        <h2 id={`worker-${id}`} className={classes["name"]}>
          {host} <span className={classes["pid"]}>pid {pid}</span>
        </h2>
        <span className={classes["slots"]} data-full={isFull(worker) || undefined}>
          <meter
            min={0}
            max={slots}
            value={sessions.length}
            aria-label={`${sessions.length} of ${slots} slots used`}
          />
          {sessions.length} of {slots} slots used
        </span>
      </header>
      {sessions.length === 0 ? (
        <Text size="sm" c="var(--gc-muted)" px={14} pb={12}>
          Runs nothing now.
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={560} type="native">
          <Table verticalSpacing={5} horizontalSpacing={14} className={classes["table"] ?? ""}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Run</Table.Th>
                <Table.Th className={classes["figure"]}>Tick</Table.Th>
                <Table.Th className={classes["figure"]}>Lag</Table.Th>
                <Table.Th className={classes["figure"]}>Attempt</Table.Th>
                <Table.Th className={classes["figure"]}>Process</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {sessions.map((session) => (
                <Table.Tr key={session.id}>
                  <Table.Th scope="row">
                    <Link
                      to="/sessions/$sessionId"
                      params={{ sessionId: session.id }}
                      className={classes["link"]}
                    >
                      {titles.get(session.id) ?? session.id}
                    </Link>{" "}
                    {titles.has(session.id) && (
                      <span className={classes["pid"]}>{session.id.slice(0, 8)}</span>
                    )}
                  </Table.Th>
                  <Table.Td className={classes["figure"]}>{session.tick.toLocaleString("en")}</Table.Td>
                  <Table.Td className={classes["figure"]}>{lagText(session.lag_s)}</Table.Td>
                  <Table.Td className={classes["figure"]}>{session.attempt}</Table.Td>
                  <Table.Td className={classes["figure"]}>{session.pid}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}
