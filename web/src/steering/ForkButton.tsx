import { Button, Group, Popover, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { mayMake } from "../account/rights";
import { SignInFirst } from "../account/SignInFirst";
import { useStanding } from "../account/useStanding";
import { Problem } from "../api/http";
import { forkSession, newId, type NewFork, sessionQuery, SESSION_LISTS } from "../api/sessions";
import { clock } from "../app/format";
import type { Stage } from "../charts/stage";
import { useSeek } from "../charts/useSeek";
import type { Session } from "../stream/frames";
import type { Run } from "../stream/run";

interface Props {
  readonly run: Run;
  readonly stage: Stage;
  readonly session: Session | null;
}

/** A run of its own that shares this one's ticks up to the moment shown, or to the newest tick. */
export function ForkButton({ run, stage, session }: Props) {
  const [opened, setOpened] = useState(false);
  const seeked = useSeek(stage);
  const standing = useStanding();
  const { history } = run;
  if (!history || !session) {
    return (
      <Button size="xs" variant="default" disabled>
        Fork…
      </Button>
    );
  }
  if (!mayMake(standing))
    return <SignInFirst label="Fork…" why="A fork belongs to whoever makes it: sign in first." />;
  // What a finished run has done is all that there is: to fork means to go back.
  const finished = run.status === "completed" && seeked === null;
  const when = seeked === null ? "now" : clock(history.time(seeked), true);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant={seeked === null ? "default" : "light"}
          onClick={() => {
            setOpened(!opened);
          }}
        >
          {seeked === null ? "Fork…" : `Fork at ${when}…`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="min(360px, 92vw)">
        {finished ? (
          <Text size="sm">
            This run is complete. Click the timeline or a chart at the moment from which the fork shall go its
            own way.
          </Text>
        ) : (
          <ForkForm run={run} parent={session.id} seeked={seeked} when={when} />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

interface FormProps {
  readonly run: Run;
  readonly parent: string;
  readonly seeked: number | null;
  readonly when: string;
}

function ForkForm({ run, parent, seeked, when }: FormProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const fork = useMutation({
    mutationFn: (wish: NewFork) => forkSession(parent, wish, newId()),
    onSuccess: async (session) => {
      queries.setQueryData(sessionQuery(session.id, false).queryKey, session);
      void queries.invalidateQueries({ queryKey: SESSION_LISTS });
      await navigate({ to: "/sessions/$sessionId", params: { sessionId: session.id } });
    },
  });
  const start = (paused: boolean) => {
    fork.mutate({
      at_tick: Math.min(seeked ?? run.tick, run.tick),
      commands: paused ? [{ command: "pause", args: {} }] : [],
    });
  };
  return (
    <>
      <Text size="sm" mb={6}>
        A new run that shares this one up to {when}, bit by bit, and then goes its own way. This run is not
        touched.
      </Text>
      {seeked === null && (
        <Text size="xs" c="var(--gc-muted)" mb={6}>
          Go back on the timeline first to fork from an earlier moment.
        </Text>
      )}
      {fork.error && (
        <Text size="sm" c="var(--gc-limit)" mb={6} role="alert">
          {problemText(fork.error)}
        </Text>
      )}
      <Group gap="xs" justify="flex-end" mt="xs">
        <Button
          size="xs"
          variant="default"
          disabled={fork.isPending}
          onClick={() => {
            start(false);
          }}
        >
          Fork and run on
        </Button>
        <Button
          size="xs"
          loading={fork.isPending}
          onClick={() => {
            start(true);
          }}
        >
          Fork and pause there
        </Button>
      </Group>
    </>
  );
}

function problemText(error: Error): string {
  const fields = error instanceof Problem ? error.errors.map(({ msg }) => msg) : [];
  return fields.length > 0 ? fields.join("; ") : error.message;
}
