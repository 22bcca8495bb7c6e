import { Alert, Text } from "@mantine/core";

import classes from "./Workers.module.css";

/** Nobody is there to run anything: what that means, and what to do. */
export function NoWorker({ what }: { readonly what: string }) {
  return (
    <Alert color="orange" title="No worker is alive" className={classes["none"] ?? ""}>
      <Text size="sm">
        {what} Start one on any machine that reaches the broker: <code>gridcast worker</code>. With{" "}
        <code>gridcast up</code> one is started for you; if it ended, its log in the service’s folder says
        why.
      </Text>
    </Alert>
  );
}
