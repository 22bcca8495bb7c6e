import { Anchor, Button, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { Trouble } from "../components/Trouble";
import { useStart } from "../newrun/useStart";
import classes from "./Sessions.module.css";

/** What stands where the runs would be, until there is one. */
export function FirstRun() {
  const start = useStart();
  return (
    <div className={classes["first"]}>
      <Stack gap="sm" align="center">
        <Title order={2} size="h3">
          No runs yet
        </Title>
        <Text maw={520} ta="center">
          Start with the IEEE 13-bus feeder and its AI datacenter: an hour of the grid, 36,000 power flows,
          unfolds before you in a few seconds.
        </Text>
        <Group mt="xs">
          <Button
            loading={start.isPending}
            onClick={() => {
              start.mutate({ scenario: "ieee13", seed: 0, speed: "max", on_idle: "continue", overrides: {} });
            }}
          >
            Run IEEE 13
          </Button>
          <Anchor component={Link} to="/new">
            Choose another scenario
          </Anchor>
        </Group>
        {start.error && <Trouble title="The run was not started" message={start.error.message} />}
      </Stack>
    </div>
  );
}
