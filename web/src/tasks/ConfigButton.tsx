import { Button, Popover, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { experimentQuery, type PhaseSession } from "../api/tasks";
import { CodeBox } from "../components/CodeBox";
import { asCli, asPython } from "../newrun/snippets";

interface Props {
  readonly taskId: string;
  readonly experimentId: string | null;
  readonly label: string;
}

/** An experiment's configuration, to be taken elsewhere. */
export function ConfigButton({ taskId, experimentId, label }: Props) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus width="min(460px, 92vw)">
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          disabled={experimentId === null}
          onClick={() => {
            setOpened(!opened);
          }}
        >
          {label}…
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        {opened && experimentId !== null && <Config taskId={taskId} experimentId={experimentId} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function Config({ taskId, experimentId }: { readonly taskId: string; readonly experimentId: string }) {
  const { data, error } = useQuery(experimentQuery(taskId, experimentId));
  const first = data?.sessions[0];
  if (error) {
    return (
      <Text size="sm" role="alert">
        {error.message}
      </Text>
    );
  }
  return first ? <CodeBox label="Configuration" ways={waysOf(first)} /> : <Text size="sm">Asking…</Text>;
}

function waysOf({ title, ...config }: PhaseSession) {
  const wish = { ...config, speed: "max", on_idle: "continue" } as const;
  return [
    { name: "JSON", text: JSON.stringify(config, null, 2) },
    { name: "CLI", text: asCli(wish) },
    { name: "Python", text: asPython({ ...wish, title }, location.origin) },
  ];
}
