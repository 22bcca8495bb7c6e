import { NativeSelect } from "@mantine/core";
import { memo, useCallback, useMemo, useState } from "react";

import type { Characterization, CurvePoint } from "../api/results";
import { power } from "../app/format";
import type { TableData } from "../charts/ChartTable";
import { metricOf, metricText } from "../tasks/metrics";
import { TaskChart } from "../tasks/TaskChart";
import { curveView, LIMIT_WORDS, type Violation, VIOLATIONS, violationOption, voltageOption } from "./curve";
import { Facts } from "./Facts";
import type { Band } from "./limits";
import classes from "./Operations.module.css";
import { TornadoCard } from "./TornadoCard";

interface Props {
  readonly found: Characterization;
  readonly band: Band;
  /** Asked for at all. */
  readonly sensitivity: boolean;
  readonly maxScale: number;
  readonly over: boolean;
}

const HEIGHT_PX = 280;

/** A scenario from three sides: as it is, over the size of its datacenters, over its parameters. */
export const CharacterizeView = memo(function CharacterizeView(props: Props) {
  const { found, band, sensitivity, over } = props;
  return (
    <>
      <Facts items={factsOf(props)} />
      <div className={classes["pair"]}>
        <CurveCharts found={found} band={band} over={over} />
      </div>
      {sensitivity && (
        <TornadoCard found={found} empty={over ? "No parameter was tried." : "Nothing has come yet."} />
      )}
    </>
  );
});

function factsOf({ found, maxScale, over }: Props) {
  const run = found.default;
  const limit = found.hosting_limit;
  const metric = (name: string) => metricText(name, run?.metrics?.[name]);
  return [
    {
      name: "Hosting limit",
      value: limit ? power(limit.mean_power_kw * 1e3) : over ? "none met" : "–",
      note: limit
        ? `${limit.scale.toFixed(2)} × the datacenters; then ${LIMIT_WORDS[limit.limited_by]}`
        : over
          ? `up to ${maxScale} × the datacenters`
          : "told at the end",
    },
    {
      name: "Mean power as it is",
      value: run?.mean_power_kw == null ? "–" : power(run.mean_power_kw * 1e3),
      note: run?.max_power_kw == null ? "" : `at most ${power(run.max_power_kw * 1e3)}`,
    },
    { name: "Lowest voltage", value: metric("worst_vmin"), note: "pu" },
    { name: "Highest voltage", value: metric("worst_vmax"), note: "pu" },
    { name: "Time outside the limits", value: metric("violation_time_s"), note: "s" },
    {
      name: "Violation, integral",
      value: metric("integral_violation_pu_s"),
      note: run && run.status !== "done" ? `${run.status}: ${run.reason ?? ""}` : "pu·s",
    },
  ];
}

const CurveCharts = memo(function CurveCharts({ found, band, over }: Pick<Props, "found" | "band" | "over">) {
  const [violation, setViolation] = useState<Violation>("integral_violation_pu_s");
  const view = useMemo(() => curveView(found, band), [found, band]);
  const drawVoltage = useCallback(() => voltageOption(view), [view]);
  const drawViolation = useCallback(() => violationOption(view, violation), [view, violation]);
  const { curve } = view;
  const empty = curve.length > 0 ? null : over ? "No point was computed." : "Nothing has come yet.";
  const failed = curve.filter(({ status }) => status !== "done").length;
  const limit = found.hosting_limit;
  const told = `${curve.length} sizes of the datacenters${failed > 0 ? `, ${failed} of them failed` : ""}.${
    limit
      ? ` The feeder takes ${power(limit.mean_power_kw * 1e3)}; then ${LIMIT_WORDS[limit.limited_by]}.`
      : ""
  }`;
  const table = () => tableOf(curve);
  return (
    <>
      <TaskChart
        title="P-V curve"
        unit="worst voltages, pu, over the power of the datacenters"
        heightPx={HEIGHT_PX}
        option={drawVoltage}
        empty={empty}
        summary={`${told} The band is ${band.v_min} to ${band.v_max} pu.`}
        table={table}
        tools={
          <span className={classes["keys"]} aria-hidden="true">
            <span data-key="vmax">highest</span>
            <span data-key="vmin">lowest</span>
            <span data-key="failed">failed</span>
          </span>
        }
      />
      <TaskChart
        title="Violation"
        unit={`${metricOf(violation).unit}, over the power of the datacenters`}
        heightPx={HEIGHT_PX}
        option={drawViolation}
        empty={empty}
        summary={told}
        table={table}
        tools={
          <NativeSelect
            size="xs"
            aria-label="Violation shown"
            value={violation}
            data={VIOLATIONS.map((name) => ({ value: name, label: metricOf(name).label }))}
            onChange={(event) => {
              setViolation(VIOLATIONS.find((name) => name === event.currentTarget.value) ?? violation);
            }}
          />
        }
      />
    </>
  );
});

function tableOf(curve: readonly CurvePoint[]): TableData {
  return {
    columns: [
      "Size",
      "Mean power, MW",
      "Lowest, pu",
      "Highest, pu",
      "Outside, s",
      "Violation, pu·s",
      "State",
    ],
    rows: curve.map((point) => [
      `${point.scale.toFixed(2)} ×`,
      point.mean_power_kw === null ? "–" : (point.mean_power_kw / 1e3).toFixed(3),
      metricText("worst_vmin", point.worst_vmin),
      metricText("worst_vmax", point.worst_vmax),
      metricText("violation_time_s", point.violation_time_s),
      metricText("integral_violation_pu_s", point.integral_violation_pu_s),
      point.status === "done" ? "done" : `${point.status}: ${point.reason ?? ""}`,
    ]),
  };
}
