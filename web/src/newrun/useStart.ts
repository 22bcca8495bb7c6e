import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { newId, type NewSession, SESSION_LISTS, sessionQuery, startSession } from "../api/sessions";
import type { Session } from "../stream/frames";
import { openEarly } from "../stream/useSessionStream";

/** Starts a run and goes to its page. */
export function useStart(): UseMutationResult<Session, Error, NewSession> {
  // One key for one wish: a second click, or a retry after a lost answer, does not start a second run.
  const [key, setKey] = useState(newId);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  // The code of a run's page is here before anybody presses Run.
  useEffect(() => {
    // Without it the page still opens, later; why not is told then.
    router.loadRouteChunk(router.routesByPath["/sessions/$sessionId"])?.catch(() => undefined);
  }, [router]);
  return useMutation({
    mutationFn: (wish: NewSession) => startSession(wish, key),
    onSuccess: async (session) => {
      // Before anything else: the run's first words arrive while its page is drawn.
      openEarly(session.id);
      queries.setQueryData(sessionQuery(session.id, false).queryKey, session);
      await navigate({ to: "/sessions/$sessionId", params: { sessionId: session.id } });
      void queries.invalidateQueries({ queryKey: SESSION_LISTS });
    },
    onError: () => {
      setKey(newId());
    },
  });
}
