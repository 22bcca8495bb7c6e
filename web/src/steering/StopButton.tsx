import { Button, Group, Popover, Text } from "@mantine/core";
import { useState } from "react";

import type { SessionStream } from "../stream/useSessionStream";
import { Outcome } from "./Outcome";

const SLOT = "stop";

export function StopButton({
  stream,
  disabled,
}: {
  readonly stream: SessionStream;
  readonly disabled: boolean;
}) {
  const [asking, setAsking] = useState(false);
  const fate = stream.run.commands.of(SLOT)?.fate.kind;
  const stopping = fate === "sent" || fate === "applied";
  return (
    <Popover opened={asking} onChange={setAsking} position="bottom-end" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          disabled={disabled || stopping}
          onClick={() => {
            setAsking(!asking);
          }}
        >
          {stopping ? "Stopping…" : "Stop"}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="min(340px, 92vw)">
        <Text size="sm" mb="xs">
          Stop this run for everybody? It cannot go on afterwards; it can still be forked.
        </Text>
        {fate === "refused" && <Outcome stream={stream} slot={SLOT} />}
        <Group gap="xs" justify="flex-end">
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              setAsking(false);
            }}
          >
            Keep running
          </Button>
          <Button
            size="xs"
            color="red"
            disabled={disabled}
            onClick={() => {
              setAsking(false);
              stream.command(SLOT, "stop");
            }}
          >
            Stop the run
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
