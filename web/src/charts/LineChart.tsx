import { useEffect, useRef } from "react";

import type { History } from "../stream/history";
import { ChartFrame } from "./ChartFrame";
import { LinePlot } from "./LinePlot";
import type { ChartSpec } from "./spec";
import type { Stage } from "./stage";
import { useScheme } from "./useScheme";
import { useWidth } from "./useWidth";

interface Props {
  readonly stage: Stage;
  readonly history: History;
  readonly spec: ChartSpec;
}

export function LineChart({ stage, history, spec }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const readouts = useRef<(HTMLElement | null)[]>([]);
  const width = useWidth(host);
  const scheme = useScheme();

  useEffect(() => {
    if (!host.current || width === 0) return;
    const chart = new LinePlot(host.current, width, stage, history, spec, readouts.current);
    const leave = stage.add(chart);
    return () => {
      leave();
      chart.destroy();
    };
  }, [stage, history, spec, width, scheme]);

  return (
    <ChartFrame
      stage={stage}
      title={spec.title}
      unit={spec.unit}
      legend={spec.legend}
      marksLabel={spec.marksLabel}
      readouts={readouts}
      summary={spec.summary}
    >
      <div ref={host} style={{ height: spec.heightPx }} />
    </ChartFrame>
  );
}
