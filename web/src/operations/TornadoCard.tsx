import { NativeSelect } from "@mantine/core";
import { useMemo, useState } from "react";

import type { Characterization } from "../api/results";
import type { TableData } from "../charts/ChartTable";
import { ChartCard } from "../components/ChartCard";
import { METRICS, metricOf, metricText } from "../tasks/metrics";
import { valueText } from "../tasks/options";
import { shortNames } from "../tasks/standing";
import { type Bar, tornadoOf } from "./tornado";
import classes from "./Tornado.module.css";

interface Props {
  readonly found: Characterization;
  /** Said where there is nothing to show. */
  readonly empty: string;
}

const HEIGHT_PX = 470;

/** How much each parameter moves a metric, the strongest on top: less of it above, more of it below. */
export function TornadoCard({ found, empty }: Props) {
  const [name, setName] = useState("integral_violation_pu_s");
  const chart = useMemo(() => tornadoOf(found, name), [found, name]);
  const names = useMemo(() => shortNames(found.sensitivity.map(({ parameter }) => parameter)), [found]);
  const of = (parameter: string) => found.sensitivity.find((one) => one.parameter === parameter);
  const { label, unit } = metricOf(name);
  return (
    <ChartCard
      title="Sensitivity"
      unit={`${label}, ${unit}`}
      heightPx={HEIGHT_PX}
      table={() => tableOf(found, name, names)}
      className={classes["card"]}
      tools={
        <NativeSelect
          size="xs"
          aria-label="Metric of the sensitivity"
          value={name}
          data={METRICS.map((metric) => ({ value: metric.name, label: metric.label }))}
          onChange={(event) => {
            setName(event.currentTarget.value);
          }}
        />
      }
    >
      <div className={classes["chart"]} style={{ minHeight: HEIGHT_PX }}>
        <ul className={classes["legend"]} aria-hidden="true">
          <li>
            <span className={classes["swatch"]} data-side="low" /> parameter lower
          </li>
          <li>
            <span className={classes["swatch"]} data-side="high" /> parameter higher
          </li>
          <li>
            <span className={classes["swatch"]} data-side="base" /> the scenario as it is:{" "}
            <b>{metricText(name, chart.base)}</b>
          </li>
        </ul>
        {chart.rows.length === 0 ? (
          <p className={classes["empty"]}>{empty}</p>
        ) : (
          <ul className={classes["rows"]}>
            {chart.rows.map(({ parameter, low, high }) => {
              const one = of(parameter);
              const values = [one?.low?.value, one?.base, one?.high?.value].map((value) =>
                value === undefined ? "…" : valueText(value),
              );
              return (
                <li key={parameter} className={classes["row"]}>
                  <span className={classes["name"]} title={`${parameter}: ${values.join(" – ")}`}>
                    {names.get(parameter) ?? parameter}
                    <small>{values.join(" – ")}</small>
                  </span>
                  <span
                    className={classes["bars"]}
                    role="img"
                    aria-label={`${parameter}: ${barText(low, name, "lower")}; ${barText(high, name, "higher")}`}
                  >
                    <BarLine bar={low} side="low" />
                    <BarLine bar={high} side="high" />
                    <span className={classes["base"]} style={{ left: `${100 * chart.middle}%` }} />
                  </span>
                  <span className={classes["figures"]} aria-hidden="true">
                    <span>{figure(low, name)}</span>
                    <span>{figure(high, name)}</span>
                  </span>
                </li>
              );
            })}
          </ul>
        )}
        {chart.rows.length > 0 && (
          <div className={classes["ends"]} aria-hidden="true">
            <span>{metricText(name, chart.least)}</span>
            <span>{metricText(name, chart.most)}</span>
          </div>
        )}
      </div>
    </ChartCard>
  );
}

function BarLine({ bar, side }: { readonly bar: Bar; readonly side: "low" | "high" }) {
  if (bar.state === "failed") {
    return (
      <span
        className={classes["bar"]}
        data-state="failed"
        style={{ left: `${100 * bar.from}%`, width: 14 }}
      />
    );
  }
  return (
    <span
      className={classes["bar"]}
      data-side={side}
      data-state={bar.state}
      style={{ left: `${100 * bar.from}%`, width: `${100 * (bar.to - bar.from)}%` }}
    />
  );
}

function figure(bar: Bar, name: string): string {
  return bar.state === "waiting" ? "…" : bar.state === "failed" ? "failed" : metricText(name, bar.value);
}

function barText(bar: Bar, name: string, side: string): string {
  if (bar.state === "waiting") return `${side} not computed yet`;
  if (bar.state === "failed") return `${side} failed`;
  return `${side} ${metricText(name, bar.value)}`;
}

function tableOf(found: Characterization, name: string, names: ReadonlyMap<string, string>): TableData {
  const { rows } = tornadoOf(found, name);
  const { label } = metricOf(name);
  return {
    columns: ["Parameter", "Lower", "As it is", "Higher", `${label}, lower`, `${label}, higher`],
    rows: rows.map(({ parameter, low, high }) => {
      const one = found.sensitivity.find((other) => other.parameter === parameter);
      return [
        names.get(parameter) ?? parameter,
        valueText(one?.low?.value),
        valueText(one?.base),
        valueText(one?.high?.value),
        figure(low, name),
        figure(high, name),
      ];
    }),
  };
}
