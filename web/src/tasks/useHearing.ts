import { useEffect } from "react";

import type { Hearing } from "./standing";

/** How long a line may take before the page asks instead. */
const PATIENCE_MS = 2_500;

/** Tells how a page hears of what it follows. `over`: nothing more is to come, so a closed line is no loss. */
export function useHearing(heard: boolean, over: boolean, onHearing: (hearing: Hearing) => void): void {
  useEffect(() => {
    if (heard || over) {
      onHearing(heard ? "events" : "nothing");
      return;
    }
    const late = setTimeout(() => {
      onHearing("polling");
    }, PATIENCE_MS);
    return () => {
      clearTimeout(late);
    };
  }, [heard, over, onHearing]);
}
