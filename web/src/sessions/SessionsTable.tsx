import { Checkbox, Table } from "@mantine/core";

import type { Scenario } from "../api/scenarios";
import type { ListedSession } from "../api/sessions";
import { useNow } from "../stream/useSessionStream";
import { feederOf } from "./facts";
import { SessionRow } from "./SessionRow";
import classes from "./Sessions.module.css";

interface Props {
  readonly sessions: readonly ListedSession[];
  readonly scenarios: readonly Scenario[] | undefined;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (ids: readonly string[], chosen: boolean) => void;
  readonly onDelete: (session: ListedSession) => void;
}

export function SessionsTable({ sessions, scenarios, chosen, onChoose, onDelete }: Props) {
  const nowMs = useNow(15_000);
  const count = sessions.filter(({ id }) => chosen.has(id)).length;
  return (
    <Table.ScrollContainer minWidth={1080} type="native" className={classes["scroll"] ?? ""}>
      <Table verticalSpacing={6} horizontalSpacing={9} highlightOnHover className={classes["table"] ?? ""}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={30}>
              <Checkbox
                size="xs"
                aria-label="Choose all that are shown"
                checked={count > 0 && count === sessions.length}
                indeterminate={count > 0 && count < sessions.length}
                onChange={(event) => {
                  onChoose(
                    sessions.map(({ id }) => id),
                    event.currentTarget.checked,
                  );
                }}
              />
            </Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Run</Table.Th>
            <Table.Th>Scenario</Table.Th>
            <Table.Th>Feeder</Table.Th>
            <Table.Th>Progress</Table.Th>
            <Table.Th
              className={classes["figure"]}
              title="Lowest and highest of all buses over the whole run"
            >
              Voltages, pu
            </Table.Th>
            <Table.Th className={classes["figure"]} title="Time with at least one bus outside its limits">
              Outside limits
            </Table.Th>
            <Table.Th className={classes["figure"]}>Viewers</Table.Th>
            <Table.Th>Started</Table.Th>
            <Table.Th>Owner</Table.Th>
            <Table.Th>
              <span className={classes["hidden"]}>Delete</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sessions.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              feeder={feederOf(session, scenarios)}
              nowMs={nowMs}
              chosen={chosen.has(session.id)}
              onChoose={(chosen) => {
                onChoose([session.id], chosen);
              }}
              onDelete={() => {
                onDelete(session);
              }}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
