import { Button, Popover, Text } from "@mantine/core";

import { credentials } from "./credentials";

interface Props {
  readonly label: string;
  /** Why one has to, as a sentence. */
  readonly why: string;
}

/** In the place of a button that makes something, for somebody who has not signed in: says so, and leads there. */
export function SignInFirst({ label, why }: Props) {
  return (
    <Popover position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button size="xs" variant="default">
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="min(320px, 92vw)">
        <Text size="sm" mb="xs">
          {why}
        </Text>
        <Button
          size="xs"
          onClick={() => {
            credentials.ask();
          }}
        >
          Sign in
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
