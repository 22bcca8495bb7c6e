import { useEffect } from "react";

import type { Stage } from "../charts/stage";
import type { History } from "../stream/history";
import { useSessionStream } from "../stream/useSessionStream";

interface Props {
  readonly sessionId: string;
  readonly stage: Stage;
  readonly onHistory: (history: History | null) => void;
}

/** Follows another run while mounted, so that its lines can be drawn behind this one's. Shows nothing itself. */
export function Ghost({ sessionId, stage, onHistory }: Props) {
  const { run } = useSessionStream(sessionId);
  useEffect(() => {
    const unwatch = run.watch(() => {
      onHistory(run.history);
      stage.request();
    });
    return () => {
      unwatch();
      onHistory(null);
    };
  }, [run, stage, onHistory]);
  return null;
}
