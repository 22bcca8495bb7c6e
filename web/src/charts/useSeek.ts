import { useCallback, useSyncExternalStore } from "react";

import type { Stage, View } from "./stage";

/** The tick that a person went back to; null while the page follows the run. */
export function useSeek(stage: Stage): number | null {
  const subscribe = useCallback((notify: () => void) => stage.watchView(notify), [stage]);
  return useSyncExternalStore(subscribe, () => stage.seeked);
}

/** The stretch of time that the charts show. */
export function useView(stage: Stage): View {
  const subscribe = useCallback((notify: () => void) => stage.watchView(notify), [stage]);
  return useSyncExternalStore(subscribe, () => stage.view);
}
