import { Button, Group, Popover, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { maySteer, type Role } from "../account/rights";
import { useStanding } from "../account/useStanding";
import { Watching } from "../account/Watching";
import { cancelOperation, isOver, type Operation, OPERATION_LISTS, operationQuery } from "../api/operations";
import { announce } from "../app/announce";

interface Props {
  readonly operation: Operation;
  readonly role: Role;
}

/** Cancel, after one was asked. */
export function CancelButton({ operation, role }: Props) {
  const standing = useStanding();
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const wish = useMutation({
    mutationFn: () => cancelOperation(operation.id),
    onSuccess: (answer) => {
      announce("The analysis is being cancelled.");
      queries.setQueryData(operationQuery(operation.id).queryKey, answer);
      void queries.invalidateQueries({ queryKey: OPERATION_LISTS });
      setAsking(false);
    },
  });
  if (isOver(operation)) return null;
  if (!maySteer(standing, operation.owner, role)) return <Watching noun="analysis" />;
  return (
    <Popover opened={asking} onChange={setAsking} position="bottom-end" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          disabled={wish.isSuccess}
          onClick={() => {
            setAsking(!asking);
          }}
        >
          {wish.isSuccess ? "Cancelling…" : "Cancel…"}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="min(340px, 92vw)">
        <Text size="sm" mb="xs">
          Cancel this analysis for everybody? Its points stay known: the same one asked again goes on from
          there.
        </Text>
        {wish.error && (
          <Text size="sm" c="var(--gc-limit)" role="alert" mb="xs">
            {wish.error.message}
          </Text>
        )}
        <Group gap="xs" justify="flex-end">
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              setAsking(false);
            }}
          >
            Keep going
          </Button>
          <Button
            size="xs"
            color="red"
            loading={wish.isPending}
            onClick={() => {
              wish.mutate();
            }}
          >
            Cancel the analysis
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
