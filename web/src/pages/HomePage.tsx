import { Stack, Title, VisuallyHidden } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { scenariosQuery } from "../api/scenarios";
import { sessionsQuery } from "../api/sessions";
import { Trouble } from "../components/Trouble";
import { NewRun } from "./NewRun";
import { RecentRuns } from "./RecentRuns";

/** Pick a scenario and run it; or go back to a run. */
export function HomePage() {
  const scenarios = useQuery(scenariosQuery);
  const sessions = useQuery(sessionsQuery);
  useEffect(() => {
    document.title = "Gridcast";
  }, []);

  return (
    <Stack gap="xl">
      <VisuallyHidden>
        <Title order={1}>Gridcast: runs and scenarios</Title>
      </VisuallyHidden>
      {scenarios.error && (
        <Trouble
          title="The scenarios cannot be loaded"
          message={scenarios.error.message}
          onRetry={() => void scenarios.refetch()}
        />
      )}
      {!scenarios.error && <NewRun scenarios={scenarios.data} />}
      {sessions.error ? (
        <Trouble
          title="The recent runs cannot be loaded"
          message={sessions.error.message}
          onRetry={() => void sessions.refetch()}
        />
      ) : (
        <RecentRuns sessions={sessions.data} />
      )}
    </Stack>
  );
}
