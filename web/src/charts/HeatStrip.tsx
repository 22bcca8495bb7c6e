import { type PointerEvent, type RefObject, useEffect, useRef } from "react";

import type { History } from "../stream/history";
import { busTable } from "./busTable";
import { ChartFrame } from "./ChartFrame";
import classes from "./charts.module.css";
import { HEAT, ramp } from "./heat";
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
  return Math.round(Math.min(220, Math.max(rows * 5, 60)));
}

export function HeatStrip({ stage, history }: Props) {
  const readouts = useRef<(HTMLElement | null)[]>([]);
  const scheme = useScheme();
  const height = stripHeight(history.voltages.length);
  const { v_min, v_max } = history.schema;
  return (
    <ChartFrame
      stage={stage}
      title="Voltage by bus"
      unit="worst of each moment"
      legend={[]}
      readouts={readouts}
      summary={() => summary(history)}
      table={() => busTable(history, stage.moment(history))}
      heightPx={height}
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
      <Strip stage={stage} history={history} height={height} readouts={readouts} />
    </ChartFrame>
  );
}

interface StripProps extends Props {
  readonly height: number;
  readonly readouts: RefObject<(HTMLElement | null)[]>;
}

function Strip({ stage, history, height, readouts }: StripProps) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const hair = useRef<HTMLDivElement>(null);
  const strip = useRef<HeatImage>(null);
  const width = useWidth(host);
  const scheme = useScheme();

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
  }, [stage, history, width, height, scheme, readouts]);

  const onPointerMove = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    strip.current?.hover(event.clientX - box.left, event.clientY - box.top);
  };

  return (
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
  );
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
