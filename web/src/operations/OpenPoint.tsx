import { Button, Group, Text } from "@mantine/core";

import type { SessionWish } from "../api/results";
import { useStart } from "../newrun/useStart";
import classes from "./Operations.module.css";

interface Props {
  /** What is opened, in a few words. */
  readonly title: string;
  /** Name and value of what makes it. */
  readonly facts: readonly (readonly [string, string])[];
  readonly reason: string | null;
  readonly wish: SessionWish;
  readonly onClose: () => void;
}

/** Asks before a point is opened as a session of its own: same configuration, same seed, so the same ticks. */
export function OpenPoint({ title, facts, reason, wish, onClose }: Props) {
  const start = useStart();
  return (
    <div className={classes["open"]}>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <dl className={classes["pairs"]}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {reason !== null && (
        <Text size="xs" c="var(--gc-muted)">
          {reason}
        </Text>
      )}
      {start.error && (
        <Text size="sm" c="var(--gc-limit)" role="alert">
          {start.error.message}
        </Text>
      )}
      <Group gap="xs" justify="flex-end" mt="xs">
        <Button size="xs" variant="default" onClick={onClose}>
          Stay here
        </Button>
        <Button
          size="xs"
          loading={start.isPending}
          data-autofocus
          onClick={() => {
            start.mutate({ ...wish, speed: "max", on_idle: "continue" });
          }}
        >
          Open as a session
        </Button>
      </Group>
    </div>
  );
}
