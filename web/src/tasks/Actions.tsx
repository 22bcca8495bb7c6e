import { Button, Group, Popover, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { maySteer, type Role } from "../account/rights";
import { useStanding } from "../account/useStanding";
import { Watching } from "../account/Watching";
import { cancelTask, isOver, resumeTask, type Task, TASK_LISTS, taskKey } from "../api/tasks";
import { announce } from "../app/announce";

interface Props {
  readonly task: Task;
}

interface ActionsProps extends Props {
  readonly role: Role;
}

/** Sends a wish about the task, and shows at once what came of it. */
function useWish(task: Task, send: (taskId: string) => Promise<Task>, said: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => send(task.id),
    onSuccess: (answer) => {
      announce(said);
      queries.setQueryData(taskKey(task.id), answer);
      void queries.invalidateQueries({ queryKey: TASK_LISTS });
    },
  });
}

/** Cancel, after one was asked; or go on with what was cancelled. */
export function Actions({ task, role }: ActionsProps) {
  const standing = useStanding();
  if (!maySteer(standing, task.owner, role)) return isOver(task.status) ? null : <Watching noun="task" />;
  return isOver(task.status) ? <Resume task={task} /> : <Cancel task={task} />;
}

function Cancel({ task }: Props) {
  const [asking, setAsking] = useState(false);
  const wish = useWish(task, cancelTask, "The task is being cancelled.");
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
          Cancel this task for everybody? What it has found stays, and it can be resumed.
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
            Keep searching
          </Button>
          <Button
            size="xs"
            color="red"
            loading={wish.isPending}
            onClick={() => {
              wish.mutate(undefined, {
                onSuccess: () => {
                  setAsking(false);
                },
              });
            }}
          >
            Cancel the task
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}

function Resume({ task }: Props) {
  const wish = useWish(task, resumeTask, "The task goes on.");
  const { done, total } = task.progress;
  if (task.status === "completed" || done >= total) return null;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        loading={wish.isPending}
        onClick={() => {
          wish.mutate();
        }}
      >
        Resume
      </Button>
      {wish.error && (
        <Text size="sm" c="var(--gc-limit)" role="alert">
          {wish.error.message}
        </Text>
      )}
    </>
  );
}
