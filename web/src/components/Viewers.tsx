import { Button, Popover, Text } from "@mantine/core";

import { clock } from "../app/format";
import type { Run } from "../stream/run";
import type { Following } from "./follow";
import classes from "./Viewers.module.css";

interface Props {
  readonly run: Run;
  /** As last told over HTTP: until the stream says it itself. */
  readonly count: number;
  readonly following: Following;
}

/** Who is watching, and where each one looks. One of them can be followed. */
export function Viewers({ run, count, following }: Props) {
  const present = run.viewers?.present ?? [];
  // This page watches in any case.
  const n = Math.max(1, run.viewers?.count ?? count);
  const text = n === 1 ? "1 viewer" : `${n} viewers`;
  if (present.length === 0) return <>{text}</>;
  const leader = present.find(({ id }) => id === following.id);
  return (
    <Popover position="bottom-start" trapFocus>
      <Popover.Target>
        <button type="button" className={classes["button"]}>
          {text}
          {leader && `, following ${leader.name}`}
        </button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <ul className={classes["list"]}>
          {present.map(({ id, name, color, since, tick, you }) => (
            <li key={id} className={classes["viewer"]}>
              <span title={`Here since ${new Date(since * 1000).toLocaleTimeString()}`}>
                <span className={classes["dot"]} style={{ background: color }} aria-hidden="true" />
                {name}
                {you && " (you)"}
                {name === run.viewers?.wheel?.holder && ", at the wheel"}
              </span>
              <span className={classes["where"]}>
                {tick === null ? "live" : run.history ? `at ${clock(run.history.time(tick), true)}` : ""}
              </span>
              {!you && (
                <Button
                  size="compact-xs"
                  variant={id === following.id ? "light" : "default"}
                  aria-pressed={id === following.id}
                  aria-label={id === following.id ? `Stop following ${name}` : `Follow ${name}`}
                  onClick={() => {
                    following.follow(id === following.id ? null : id);
                  }}
                >
                  {id === following.id ? "Following" : "Follow"}
                </Button>
              )}
            </li>
          ))}
        </ul>
        {n > present.length && (
          <Text size="xs" c="var(--gc-muted)">
            and {n - present.length} more
          </Text>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
