import { Alert, Button, Group, Text } from "@mantine/core";

import classes from "./Trouble.module.css";

interface Props {
  readonly title: string;
  readonly message: string;
  readonly onRetry?: () => void;
  readonly retryLabel?: string;
}

/** Something went wrong: what, and what can be done. */
export function Trouble({ title, message, onRetry, retryLabel = "Try again" }: Props) {
  return (
    <Alert color="red" title={title} role="alert" className={classes["trouble"]}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {message}
        </Text>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {retryLabel}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
