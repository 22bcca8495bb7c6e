import { Anchor, Button, Group, Stack, Text, Title } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { useEffect } from "react";

import { useTitle } from "./useTitle";

/** How browsers word that a part of the page could not be loaded. */
const NOT_LOADED = /dynamically imported module|importing a module script failed|error loading|preload css/i;

/** A page that broke: what happened, what is safe, what to do. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const message = error instanceof Error ? error.message : String(error);
  const notLoaded = NOT_LOADED.test(message);
  useTitle(notLoaded ? "Not loaded" : "Something broke");
  useEffect(() => {
    console.error(error);
  }, [error]);
  return (
    <Stack gap="sm" py="xl" maw={640} role="alert">
      <Title order={1} size="h3">
        {notLoaded ? "This page could not be loaded" : "This page broke"}
      </Title>
      <Text>
        {notLoaded
          ? "The service may be away, or a newer version of the page was installed meanwhile."
          : "That is a mistake in the page, not in your runs: they go on, and nothing of them is lost."}
      </Text>
      {!notLoaded && (
        <Text size="sm" c="var(--gc-muted)" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          {message}
        </Text>
      )}
      <Group>
        <Button
          onClick={() => {
            if (notLoaded) location.reload();
            else reset();
          }}
        >
          {notLoaded ? "Load it anew" : "Try again"}
        </Button>
        <Anchor component={Link} to="/">
          All runs
        </Anchor>
      </Group>
    </Stack>
  );
}
