import { Button, Text } from "@mantine/core";

import { ago } from "../app/format";
import classes from "../sessions/Sessions.module.css";
import { useNow } from "../stream/useSessionStream";

interface Props {
  readonly updatedMs: number;
  readonly busy: boolean;
  readonly onRefresh: () => void;
}

/** How old a list is: it is not live, and must not look it. */
export function Fresh({ updatedMs, busy, onRefresh }: Props) {
  const nowMs = useNow(5_000);
  const seconds = Math.max(0, Math.round((nowMs - updatedMs) / 1000));
  return (
    <>
      <Text size="xs" c="var(--gc-muted)" className={classes["age"] ?? ""}>
        {updatedMs > 0 && `as of ${seconds < 60 ? `${seconds} s ago` : ago(updatedMs / 1000, nowMs)}`}
      </Text>
      <Button size="xs" variant="default" loading={busy} onClick={onRefresh}>
        Refresh
      </Button>
    </>
  );
}
