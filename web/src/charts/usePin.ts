import { useCallback, useSyncExternalStore } from "react";

import type { Stage } from "./stage";

/** The tick at which a person pinned the crosshair. */
export function usePin(stage: Stage): number | null {
  const subscribe = useCallback((notify: () => void) => stage.watchView(notify), [stage]);
  return useSyncExternalStore(subscribe, () => stage.pinned);
}
