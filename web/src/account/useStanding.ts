import { useSyncExternalStore } from "react";

import { credentials, type Standing } from "./credentials";

export function useStanding(): Standing {
  return useSyncExternalStore(credentials.watch, () => credentials.standing);
}
