import { Anchor, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { useTitle } from "./useTitle";

export function NotFound() {
  useTitle("No such page");
  return (
    <Stack gap="xs" py="xl">
      <Title order={1} size="h3">
        There is no such page
      </Title>
      <Text>
        There are{" "}
        <Anchor component={Link} to="/">
          all runs
        </Anchor>
        ,{" "}
        <Anchor component={Link} to="/new">
          a new run
        </Anchor>
        ,{" "}
        <Anchor component={Link} to="/compare">
          comparisons
        </Anchor>
        ,{" "}
        <Anchor component={Link} to="/tasks">
          tuning tasks
        </Anchor>{" "}
        and{" "}
        <Anchor component={Link} to="/workers">
          the workers
        </Anchor>
        .
      </Text>
    </Stack>
  );
}
