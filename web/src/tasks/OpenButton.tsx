import { Button, Popover, Stack, Text } from "@mantine/core";

import { mayMake } from "../account/rights";
import { SignInFirst } from "../account/SignInFirst";
import { useStanding } from "../account/useStanding";
import type { PhaseSpec } from "../api/tasks";
import { useOpen } from "./useOpen";

interface Props {
  readonly taskId: string;
  readonly experimentId: string | null;
  readonly phases: readonly PhaseSpec[];
  readonly label: string;
  readonly variant?: "default" | "filled";
}

/** Opens an experiment as a session: its one phase at once, of several the chosen one. */
export function OpenButton({ taskId, experimentId, phases, label, variant = "default" }: Props) {
  const open = useOpen(taskId);
  const standing = useStanding();
  const go = (phase: number) => {
    if (experimentId !== null) open.mutate({ experimentId, phase });
  };
  const error = open.error && (
    <Text size="sm" c="var(--gc-limit)" role="alert">
      {open.error.message}
    </Text>
  );
  if (!mayMake(standing))
    return <SignInFirst label={`${label}…`} why="The session belongs to whoever opens it: sign in first." />;
  if (phases.length <= 1) {
    return (
      <>
        <Button
          size="xs"
          variant={variant}
          disabled={experimentId === null}
          loading={open.isPending}
          onClick={() => {
            go(0);
          }}
        >
          {label}
        </Button>
        {error}
      </>
    );
  }
  return (
    <Popover position="bottom-end" trapFocus>
      <Popover.Target>
        <Button size="xs" variant={variant} disabled={experimentId === null} loading={open.isPending}>
          {label}…
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="min(320px, 92vw)">
        <Text size="sm" mb="xs">
          Which of its simulations?
        </Text>
        <Stack gap={6}>
          {phases.map((phase, i) => (
            <Button
              key={i}
              size="xs"
              variant="default"
              onClick={() => {
                go(i);
              }}
            >
              {phaseName(phase, i)}
            </Button>
          ))}
          {error}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

export function phaseName({ name, seed }: PhaseSpec, i: number): string {
  const seeded = seed === null || seed === undefined ? "" : `, seed ${seed}`;
  return name ?? `Phase ${i + 1}${seeded}`;
}
