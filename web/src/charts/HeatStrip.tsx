import { type PointerEvent, useEffect, useRef } from "react";

import type { History } from "../stream/history";
import { ChartFrame } from "./ChartFrame";
import classes from "./charts.module.css";
import { HEAT, heat, type HeatColors } from "./heat";
import { HeatImage } from "./HeatImage";
import type { Stage } from "./stage";
import { useScheme } from "./useScheme";
import { useWidth } from "./useWidth";

interface Props {
  readonly stage: Stage;
  readonly history: History;
}

/** Few rows are tall enough to be labelled; many share the height of a chart. */
function stripHeight(rows: number): number {
  return Math.round(Math.min(380, Math.max(rows * 6, rows * 1.5, 60)));
}

export function HeatStrip({ stage, history }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const hair = useRef<HTMLDivElement>(null);
  const readouts = useRef<(HTMLElement | null)[]>([]);
  const strip = useRef<HeatImage>(null);
  const width = useWidth(host);
  const scheme = useScheme();
  const height = stripHeight(history.voltages.length);
  const { v_min, v_max } = history.schema;

  useEffect(() => {
    if (!canvas.current || !hair.current || width === 0) return;
    const made = new HeatImage(
      canvas.current,
      hair.current,
      width,
      height,
      stage,
      history,
      HEAT[scheme],
      () => readouts.current[0],
    );
    strip.current = made;
    const leave = stage.add(made);
    return () => {
      leave();
      made.destroy();
    };
  }, [stage, history, width, height, scheme]);

  const onPointerMove = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    strip.current?.hover(event.clientX - box.left, event.clientY - box.top);
  };

  return (
    <ChartFrame
      stage={stage}
      title="Voltage by bus"
      unit="one row a bus phase; the worst voltage of each moment"
      legend={[]}
      readouts={readouts}
      summary={() => summary(history)}
      aside={
        <>
          <li className={classes["scale"]}>
            under {v_min}
            <span
              className={classes["ramp"]}
              style={{ background: ramp(v_min, v_max, HEAT[scheme]) }}
              aria-hidden="true"
            />
            over {v_max} pu
          </li>
          <li>
            <output
              className={classes["readout"]}
              aria-live="off"
              ref={(element) => {
                readouts.current[0] = element;
              }}
            />
          </li>
        </>
      }
    >
      <div
        ref={host}
        className={classes["strip"]}
        style={{ height }}
        onPointerMove={onPointerMove}
        onPointerLeave={() => {
          strip.current?.hover(-1, -1);
        }}
      >
        <canvas ref={canvas} aria-hidden="true" />
        <div ref={hair} className={classes["hair"]} hidden />
      </div>
    </ChartFrame>
  );
}

function ramp(v_min: number, v_max: number, colors: HeatColors): string {
  const stops = [];
  const from = v_min - 0.015;
  const to = v_max + 0.015;
  for (let i = 0; i <= 40; i++) {
    stops.push(`rgb(${heat(from + ((to - from) * i) / 40, v_min, v_max, colors).join(" ")})`);
  }
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}

function summary(history: History): string {
  const { v_min, v_max } = history.schema;
  const out = history.voltages.filter(({ v }) => v.last() < v_min || v.last() > v_max);
  const names = out.slice(0, 5).map(({ bus, phase }) => `${bus}.${phase}`);
  const more = out.length > names.length ? ` and ${out.length - names.length} more` : "";
  return `Voltage by bus: ${out.length} of ${history.voltages.length} bus phases are outside the limits now${
    out.length ? `: ${names.join(", ")}${more}` : ""
  }.`;
}
