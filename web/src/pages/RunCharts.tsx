import { memo, useMemo } from "react";

import { clock } from "../app/format";
import { HeatStrip } from "../charts/HeatStrip";
import { LineChart } from "../charts/LineChart";
import type { ChartSpec } from "../charts/spec";
import {
  batchSpec,
  busSpec,
  latencySpec,
  powerSpecs,
  storageSpecs,
  tapsSpec,
  voltageSpec,
} from "../charts/specs";
import type { Stage } from "../charts/stage";
import "../charts/tokens.css";
import type { History } from "../stream/history";
import classes from "./RunCharts.module.css";

interface Props {
  readonly stage: Stage;
  readonly history: History;
  /** The run that this one is compared with, drawn behind it. */
  readonly ghost: History | null;
  /** Buses with a chart of their own. */
  readonly buses: readonly string[];
  readonly onBus: (bus: string) => void;
  /** Number of holes in the history, which grows in place: there is something new to tell when it changes. */
  readonly holes: number;
}

/** All series of a run over the same stretch of time, one below the other, with one crosshair. */
export const RunCharts = memo(function RunCharts({ stage, history, ghost, buses, onBus }: Props) {
  const specs = useMemo(() => specsOf(history), [history]);
  const ghosts = useMemo(() => (ghost ? specsOf(ghost) : null), [ghost]);
  const ghostOf = (spec: ChartSpec) => ghosts?.find(({ title }) => title === spec.title) ?? null;
  const [voltage, ...others] = specs;
  return (
    <div className={classes["charts"]}>
      {history.holes.map(({ from, to }) => (
        <p key={from} className={classes["hole"]}>
          {clock(history.time(from))} to {clock(history.time(to))} is missing here: the server no longer keeps
          it, or left it out because this connection was slow.
        </p>
      ))}
      {voltage && <LineChart stage={stage} history={history} spec={voltage} ghost={ghostOf(voltage)} />}
      {buses.map((bus) => (
        <BusChart key={bus} stage={stage} history={history} ghost={ghost} bus={bus} onBus={onBus} />
      ))}
      <HeatStrip stage={stage} history={history} />
      {others.map((spec) => (
        <LineChart key={spec.title} stage={stage} history={history} spec={spec} ghost={ghostOf(spec)} />
      ))}
    </div>
  );
});

function specsOf(history: History): readonly ChartSpec[] {
  return [
    voltageSpec(history),
    ...powerSpecs(history),
    ...(history.models.length > 0 ? [batchSpec(history), latencySpec(history)] : []),
    ...(history.taps.length > 0 ? [tapsSpec(history)] : []),
    ...(history.storages.length > 0 ? storageSpecs(history) : []),
  ];
}

interface BusProps extends Pick<Props, "stage" | "history" | "ghost" | "onBus"> {
  readonly bus: string;
}

function BusChart({ stage, history, ghost, bus, onBus }: BusProps) {
  const spec = useMemo(() => busSpec(history, bus), [history, bus]);
  const behind = useMemo(() => (ghost ? busSpec(ghost, bus) : null), [ghost, bus]);
  return (
    <LineChart
      stage={stage}
      history={history}
      spec={spec}
      ghost={behind}
      tools={
        <button
          type="button"
          className={classes["remove"]}
          aria-label={`Remove the chart of bus ${bus}`}
          onClick={() => {
            onBus(bus);
          }}
        >
          Remove
        </button>
      }
    />
  );
}
