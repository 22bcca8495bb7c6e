import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import type { ListedSession } from "../api/sessions";
import { RunBadge } from "../components/RunBadge";
import { sessionBadge } from "../components/sessionBadge";
import classes from "./Compare.module.css";
import { Swatch } from "./Swatch";

interface Props {
  readonly ids: readonly string[];
  readonly sessions: readonly ListedSession[];
  readonly onChange: (ids: readonly string[]) => void;
}

/** The runs compared, with their lines; the first is what the others are measured by. */
export function RunList({ ids, sessions, onChange }: Props) {
  return (
    <ol className={classes["runs"]} aria-label="Runs compared">
      {ids.map((id, i) => {
        const session = sessions.find((known) => known.id === id);
        const title = session?.title ?? id;
        return (
          <li key={id}>
            <Swatch index={i} />
            <Link to="/sessions/$sessionId" params={{ sessionId: id }} className={classes["link"]}>
              {title}
            </Link>
            <span className={classes["id"]}>
              {id.slice(0, 8)}
              {session && ` · ${session.scenario} · seed ${session.seed}`}
            </span>
            {session && <RunBadge badge={sessionBadge(session)} />}
            <span className={classes["actions"]}>
              {i === 0 ? (
                <span className={classes["first"]}>the first: others are measured by it</span>
              ) : (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`Make it the first: ${title}, ${id.slice(0, 8)}`}
                  onClick={() => {
                    onChange([id, ...ids.filter((other) => other !== id)]);
                  }}
                >
                  Make it the first
                </Button>
              )}
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                aria-label={`Leave out ${title}, ${id.slice(0, 8)}`}
                onClick={() => {
                  onChange(ids.filter((other) => other !== id));
                }}
              >
                Leave out
              </Button>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
