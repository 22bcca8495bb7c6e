import { useEffect } from "react";

import type { Stage } from "../charts/stage";
import type { History } from "../stream/history";

/** Calls `read` with the tick that figures are read at, on animation frames, whenever it or the history changes. */
export function useReadings(stage: Stage, history: History | null, read: (tick: number) => void): void {
  useEffect(() => {
    if (!history) return;
    read(stage.moment(history));
    return stage.add({
      paint: (painted) => {
        if (painted === history) read(stage.moment(history));
      },
      point: (painted, tick) => {
        if (painted === history) read(tick ?? history.length - 1);
      },
    });
  }, [stage, history, read]);
}
