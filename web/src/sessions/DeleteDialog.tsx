import { Button, Group, Modal, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { deleteSession, type ListedSession, SESSION_LISTS } from "../api/sessions";
import { announce } from "../app/announce";
import { Trouble } from "../components/Trouble";
import { isEnded } from "../stream/frames";

interface Props {
  readonly sessions: readonly ListedSession[];
  /** `deleted`: their ids; empty where nothing was. */
  readonly onClose: (deleted: readonly string[]) => void;
}

/** Asks before runs are deleted, for good. */
export function DeleteDialog({ sessions, onClose }: Props) {
  const queries = useQueryClient();
  const running = sessions.filter(({ status }) => !isEnded(status)).length;
  const what = sessions.length === 1 ? `“${sessions[0]?.title ?? ""}”` : `${sessions.length} runs`;
  const act = useMutation({
    mutationFn: () => Promise.all(sessions.map(({ id }) => deleteSession(id))),
    onSuccess: () => {
      announce(`Deleted ${what}.`);
      onClose(sessions.map(({ id }) => id));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: SESSION_LISTS }),
  });
  return (
    <Modal
      opened={sessions.length > 0}
      onClose={() => {
        onClose([]);
      }}
      title={`Delete ${what}?`}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Text size="sm" mb="md">
        {running > 0 &&
          (sessions.length === 1
            ? "It still runs, and is stopped. "
            : `${running} still run, and are stopped. `)}
        Log, recording and summary are gone for good; whoever watches is told.
      </Text>
      {act.error && <Trouble title="Not everything was deleted" message={act.error.message} />}
      <Group justify="flex-end" gap="sm" mt="md">
        <Button
          variant="default"
          data-autofocus
          onClick={() => {
            onClose([]);
          }}
        >
          Keep
        </Button>
        <Button
          color="red"
          loading={act.isPending}
          onClick={() => {
            act.mutate();
          }}
        >
          Delete
        </Button>
      </Group>
    </Modal>
  );
}
