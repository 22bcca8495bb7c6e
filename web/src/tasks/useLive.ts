import { useEffect, useState } from "react";

/** What tells when something came; `version` goes up with it. */
interface Watched {
  readonly watch: (watcher: () => void) => () => void;
  readonly version: () => number;
}

/** Renders again when something came: at once, and then once in `everyMs` at most. */
export function useLiveVersion(live: Watched, everyMs: number): number {
  const [version, setVersion] = useState(live.version);
  useEffect(() => {
    let waiting: ReturnType<typeof setTimeout> | null = null;
    let shownMs = -Infinity;
    const show = () => {
      waiting = null;
      shownMs = performance.now();
      setVersion(live.version());
    };
    const stop = live.watch(() => {
      if (waiting !== null) return;
      const waitMs = shownMs + everyMs - performance.now();
      if (waitMs <= 0) show();
      else waiting = setTimeout(show, waitMs);
    });
    show();
    return () => {
      stop();
      if (waiting !== null) clearTimeout(waiting);
    };
  }, [live, everyMs]);
  return version;
}
