import { useCallback, useEffect, useRef, useState } from "react";

import type { Stage } from "../charts/stage";
import type { SessionStream } from "../stream/useSessionStream";

export interface Following {
  /** Whose playhead this page goes with; null for nobody's. */
  readonly id: string | null;
  readonly follow: (id: string | null) => void;
}

/** Tells the others where this page looks, and goes where one of them looks. Going elsewhere oneself ends the following. */
export function useFollow(stream: SessionStream, stage: Stage): Following {
  const [id, setId] = useState<string | null>(null);
  const theirs = useRef<number | null>(null);
  useEffect(
    () =>
      stage.watchView(() => {
        stream.playhead(stage.seeked);
        if (stage.seeked !== theirs.current) setId(null);
      }),
    [stream, stage],
  );
  useEffect(() => {
    if (id === null) return;
    const go = () => {
      const watcher = stream.run.viewers?.present.find((one) => one.id === id);
      if (!watcher) return;
      const newest = (stream.run.history?.length ?? 0) - 1;
      theirs.current = watcher.tick !== null && watcher.tick < newest ? watcher.tick : null;
      stage.seek(theirs.current);
    };
    go();
    return stream.run.watch(go);
  }, [id, stream, stage]);
  const follow = useCallback(
    (next: string | null) => {
      theirs.current = stage.seeked;
      setId(next);
    },
    [stage],
  );
  return { id, follow };
}
