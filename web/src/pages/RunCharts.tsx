import { Button, SegmentedControl } from "@mantine/core";
import { useCallback, useMemo, useSyncExternalStore } from "react";

import { clock } from "../app/format";
import { HeatStrip } from "../charts/HeatStrip";
import { LineChart } from "../charts/LineChart";
import { batchSpec, latencySpec, powerSpecs, storageSpecs, tapsSpec, voltageSpec } from "../charts/specs";
import type { Stage, View } from "../charts/stage";
import { usePin } from "../charts/usePin";
import type { History } from "../stream/history";
import classes from "./RunCharts.module.css";

interface Props {
  readonly stage: Stage;
  readonly history: History;
}

const VIEWS: readonly { value: string; label: string; view: View }[] = [
  { value: "whole", label: "Whole run", view: { kind: "whole" } },
  { value: "600", label: "Last 10 min", view: { kind: "newest", seconds: 600 } },
  { value: "60", label: "Last minute", view: { kind: "newest", seconds: 60 } },
];

export function RunCharts({ stage, history }: Props) {
  const voltage = useMemo(() => voltageSpec(history), [history]);
  const others = useMemo(
    () => [
      ...powerSpecs(history),
      ...(history.models.length > 0 ? [batchSpec(history), latencySpec(history)] : []),
      ...(history.taps.length > 0 ? [tapsSpec(history)] : []),
      ...(history.storages.length > 0 ? storageSpecs(history) : []),
    ],
    [history],
  );
  return (
    <div className={classes["charts"]}>
      <ViewControl stage={stage} history={history} />
      {history.holes.map(({ from, to }) => (
        <p key={from} className={classes["hole"]}>
          {clock(history.time(from))} to {clock(history.time(to))} is missing here: the server no longer keeps
          it, or left it out because this connection was slow.
        </p>
      ))}
      <LineChart stage={stage} history={history} spec={voltage} />
      <HeatStrip stage={stage} history={history} />
      <div className={classes["pairs"]}>
        {others.map((spec) => (
          <LineChart key={spec.title} stage={stage} history={history} spec={spec} />
        ))}
      </div>
    </div>
  );
}

function ViewControl({ stage, history }: Props) {
  const pinned = usePin(stage);
  const subscribe = useCallback((notify: () => void) => stage.watchView(notify), [stage]);
  const view = useSyncExternalStore(subscribe, () => stage.view);
  const chosen = view.kind === "chosen";
  const value = view.kind === "newest" ? String(view.seconds) : view.kind;
  return (
    <div className={classes["view"]}>
      <SegmentedControl
        size="xs"
        aria-label="Time shown"
        value={value}
        onChange={(next) => {
          const view = VIEWS.find((option) => option.value === next)?.view;
          if (view) stage.show(view);
        }}
        data={[
          ...VIEWS.map(({ value, label }) => ({ value, label })),
          ...(chosen ? [{ value: "chosen", label: `${clock(view.from_s)} – ${clock(view.to_s)}` }] : []),
        ]}
      />
      {pinned !== null && (
        <Button
          size="compact-xs"
          variant="light"
          onClick={() => {
            stage.pin(null);
          }}
          aria-label={`Let the crosshair at ${clock(history.time(pinned), true)} go`}
        >
          Pinned at {clock(history.time(pinned), true)} ×
        </Button>
      )}
      <span className={classes["hint"]}>
        Drag over a chart to look closer, click to pin the crosshair, double-click to see all.
      </span>
    </div>
  );
}
