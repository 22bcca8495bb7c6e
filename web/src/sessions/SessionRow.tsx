import { ActionIcon, Checkbox, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { owns } from "../account/rights";
import { useStanding } from "../account/useStanding";
import type { ListedSession } from "../api/sessions";
import { ago, pu } from "../app/format";
import { RunBadge } from "../components/RunBadge";
import { sessionBadge } from "../components/sessionBadge";
import { isEnded } from "../stream/frames";
import { feederName, outcomeOf, share } from "./facts";
import classes from "./Sessions.module.css";

interface Props {
  readonly session: ListedSession;
  readonly feeder: string | null;
  readonly nowMs: number;
  readonly chosen: boolean;
  readonly onChoose: (chosen: boolean) => void;
  readonly onDelete: () => void;
}

export function SessionRow({ session, feeder, nowMs, chosen, onChoose, onDelete }: Props) {
  const standing = useStanding();
  const { id, title, scenario, parent, viewers, owner, created } = session;
  const { lowest_pu, highest_pu, outside_s } = outcomeOf(session);
  const broken = outside_s !== null && outside_s > 0;
  return (
    <Table.Tr data-chosen={chosen || undefined}>
      <Table.Td>
        <Checkbox
          size="xs"
          aria-label={`Choose ${title}, ${id.slice(0, 8)}`}
          checked={chosen}
          onChange={(event) => {
            onChoose(event.currentTarget.checked);
          }}
        />
      </Table.Td>
      <Table.Td title={session.reason ?? undefined}>
        <RunBadge badge={sessionBadge(session)} />
      </Table.Td>
      <Table.Th scope="row" className={classes["run"]}>
        <Link to="/sessions/$sessionId" params={{ sessionId: id }} className={classes["link"]}>
          {title}
        </Link>{" "}
        <span className={classes["id"]}>{id.slice(0, 8)}</span>
        {parent && (
          <span className={classes["parent"]}>
            {" "}
            fork of{" "}
            <Link to="/sessions/$sessionId" params={{ sessionId: parent.id }}>
              {parent.id.slice(0, 8)}
            </Link>
          </span>
        )}
      </Table.Th>
      <Table.Td className={classes["mono"]}>{scenario}</Table.Td>
      <Table.Td>{feeder === null ? <Unknown /> : feederName(feeder)}</Table.Td>
      <Table.Td>
        <Progress session={session} />
      </Table.Td>
      <Table.Td className={classes["figure"]}>
        {lowest_pu === null || highest_pu === null ? (
          <Unknown ended={isEnded(session.status)} />
        ) : (
          <>
            {pu(lowest_pu)} – {pu(highest_pu)}
          </>
        )}
      </Table.Td>
      <Table.Td className={classes["figure"]} data-bad={broken || undefined}>
        {outside_s === null ? (
          <Unknown ended={isEnded(session.status)} />
        ) : (
          <>
            {broken && <span aria-hidden="true">▲ </span>}
            {outside_s.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s
          </>
        )}
      </Table.Td>
      <Table.Td className={classes["figure"]}>{viewers}</Table.Td>
      <Table.Td title={new Date(created * 1000).toLocaleString("en-GB")}>{ago(created, nowMs)}</Table.Td>
      <Table.Td>{owner}</Table.Td>
      <Table.Td>
        {owns(standing, owner) && (
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={`Delete ${title}, ${id.slice(0, 8)}`}
            title="Delete"
            onClick={onDelete}
          >
            <svg viewBox="0 0 24 24" width="15" height="15" aria-hidden="true">
              <path
                d="M4 7h16 M9 7V4h6v3 M6.5 7l1 13h9l1-13 M10 11v5 M14 11v5"
                fill="none"
                stroke="currentColor"
                strokeWidth="1.8"
                strokeLinecap="round"
                strokeLinejoin="round"
              />
            </svg>
          </ActionIcon>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** A place that stays empty, and says why to those who cannot see that. */
function Unknown({ ended = false }: { readonly ended?: boolean }): ReactNode {
  const why = ended ? "Not known: the run left no summary" : "Known at the end of the run";
  return (
    <span className={classes["unknown"]} title={why} aria-label={why} role="img">
      –
    </span>
  );
}

function Progress({ session }: { readonly session: ListedSession }) {
  const done = share(session);
  const percent = Math.floor(100 * done);
  return (
    <span className={classes["progress"]}>
      <span className={classes["track"]} aria-hidden="true">
        <span style={{ width: `${percent}%` }} />
      </span>
      {percent} %
    </span>
  );
}
