import { type ReactNode, type RefObject, useEffect, useRef } from "react";

import { clock } from "../app/format";
import type { History } from "../stream/history";
import { ChartFrame } from "./ChartFrame";
import type { TableData } from "./ChartTable";
import { LinePlot } from "./LinePlot";
import type { ChartSpec } from "./spec";
import type { Stage } from "./stage";
import { useScheme } from "./useScheme";
import { useWidth } from "./useWidth";

interface Props {
  readonly stage: Stage;
  readonly history: History;
  readonly spec: ChartSpec;
  /** The same chart of another run, drawn faintly behind. */
  readonly ghost?: ChartSpec | null;
  readonly tools?: ReactNode;
}

export function LineChart({ stage, history, spec, ghost = null, tools }: Props) {
  const readouts = useRef<(HTMLElement | null)[]>([]);
  return (
    <ChartFrame
      stage={stage}
      title={spec.title}
      unit={spec.unit}
      legend={spec.legend}
      marksLabel={spec.marksLabel}
      readouts={readouts}
      summary={spec.summary}
      table={() => tableOf(spec, stage, history)}
      heightPx={spec.heightPx}
      tools={tools}
    >
      <Lines stage={stage} history={history} spec={spec} ghost={ghost} readouts={readouts} />
    </ChartFrame>
  );
}

interface LinesProps {
  readonly stage: Stage;
  readonly history: History;
  readonly spec: ChartSpec;
  readonly ghost: ChartSpec | null;
  readonly readouts: RefObject<(HTMLElement | null)[]>;
}

/** The plot alone: it comes and goes with folding, while the frame stays. */
function Lines({ stage, history, spec, ghost, readouts }: LinesProps) {
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const scheme = useScheme();
  useEffect(() => {
    if (!host.current || width === 0) return;
    const chart = new LinePlot(host.current, width, stage, history, spec, ghost, readouts.current);
    const leave = stage.add(chart);
    return () => {
      leave();
      chart.destroy();
    };
  }, [stage, history, spec, ghost, readouts, width, scheme]);
  return <div ref={host} style={{ height: spec.heightPx }} />;
}

const TABLE_ROWS = 24;

/** Evenly spread ticks of the stretch shown, newest first. */
function tableOf(spec: ChartSpec, stage: Stage, history: History): TableData {
  const [from, to] = stage.range(history);
  const end = Math.min(to, history.length);
  const n = Math.max(0, Math.min(TABLE_ROWS, end - from));
  const ticks = Array.from(
    { length: n },
    (_, i) => end - 1 - Math.round((i * (end - 1 - from)) / Math.max(1, n - 1)),
  );
  return {
    columns: ["Time", ...spec.legend.map(({ label }) => label)],
    rows: ticks.map((tick) => [
      clock(history.time(tick), true),
      ...spec.legend.map((item) => item.read(tick)),
    ]),
  };
}
