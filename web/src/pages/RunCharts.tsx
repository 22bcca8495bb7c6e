import { memo, startTransition, useEffect, useMemo, useState } from "react";

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
  const all = useLater(history);
  return (
    <div className={classes["charts"]}>
      <Holes history={history} />
      {voltage && <LineChart stage={stage} history={history} spec={voltage} ghost={ghostOf(voltage)} />}
      {buses.map((bus) => (
        <BusChart key={bus} stage={stage} history={history} ghost={ghost} bus={bus} onBus={onBus} />
      ))}
      {all && <HeatStrip stage={stage} history={history} />}
      {all &&
        others.map((spec) => (
          <LineChart key={spec.title} stage={stage} history={history} spec={spec} ghost={ghostOf(spec)} />
        ))}
    </div>
  );
});

/** More are told together. */
const MOST_HOLES = 3;

function Holes({ history }: { readonly history: History }) {
  const { holes } = history;
  const [first, last] = [holes[0], holes.at(-1)];
  if (!first || !last) return null;
  const stretches = holes.length > MOST_HOLES ? [{ from: first.from, to: last.to }] : holes;
  return stretches.map(({ from, to }) => (
    <p key={from} className={classes["hole"]}>
      {holes.length > MOST_HOLES && `${holes.length} stretches from `}
      {clock(history.time(from))} to {clock(history.time(to))} {holes.length > MOST_HOLES ? "are" : "is"}{" "}
      missing here: the server no longer keeps it, or left it out because this connection is slow.
    </p>
  ));
}

/** At most so long does the first tick keep the other charts waiting: a run that is paused has none. */
const PATIENCE_MS = 400;

/** The first chart is painted before the others are made: what people wait for is the first tick. */
function useLater(history: History): boolean {
  const [all, setAll] = useState(false);
  useEffect(() => {
    const began = performance.now();
    let frame = 0;
    const look = () => {
      if (history.length > 0 || performance.now() - began > PATIENCE_MS) {
        // After the frame in which it is painted.
        frame = requestAnimationFrame(() => {
          frame = requestAnimationFrame(() => {
            startTransition(() => {
              setAll(true);
            });
          });
        });
      } else frame = requestAnimationFrame(look);
    };
    look();
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [history]);
  return all;
}

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
