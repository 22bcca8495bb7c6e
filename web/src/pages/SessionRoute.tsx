import { useParams } from "@tanstack/react-router";

import { SessionPage } from "./SessionPage";

/** A session's stream and history live and die with its page. */
export function SessionRoute() {
  const { sessionId } = useParams({ from: "/sessions/$sessionId" });
  return <SessionPage key={sessionId} sessionId={sessionId} />;
}
