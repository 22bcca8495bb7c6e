import { Text } from "@mantine/core";

/** In the place of buttons that somebody who may only look would be refused. */
export function Watching({ noun }: { readonly noun: string }) {
  return (
    <Text size="xs" c="var(--gc-muted)" style={{ alignSelf: "center" }}>
      You may watch this {noun}, not cancel it.
    </Text>
  );
}
