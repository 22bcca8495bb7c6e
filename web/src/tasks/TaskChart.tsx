import { type ReactNode, useEffect, useRef, useState } from "react";

import type { TableData } from "../charts/ChartTable";
import { useScheme } from "../charts/useScheme";
import { useSize } from "../charts/useSize";
import { ChartCard } from "../components/ChartCard";
import type { Picture } from "./echarts";
import type { ChartOption } from "./options";
import classes from "./Task.module.css";

interface Props {
  readonly title: string;
  readonly unit?: string;
  readonly heightPx: number;
  /** Made anew when light turns to dark, or the width changes. */
  readonly option: (width: number) => ChartOption;
  /** What the picture shows, in a sentence or two. */
  readonly summary: string;
  readonly table: () => TableData;
  readonly tools?: ReactNode;
  /** Shown in its stead while there is nothing to draw. */
  readonly empty: string | null;
  readonly className?: string | undefined;
  readonly onPick?: (id: string) => void;
}

/** A chart of ECharts, told in words to those who do not see it, or shown as a table. Its height never changes. */
export function TaskChart(props: Props) {
  const { title, unit, heightPx, summary, table, tools, empty, className, onPick } = props;
  return (
    <ChartCard
      title={title}
      unit={unit}
      heightPx={heightPx}
      table={table}
      tools={tools}
      className={className}
    >
      <div className={classes["plot"]} style={{ height: heightPx }}>
        {empty === null ? (
          <Canvas option={props.option} summary={`${title}. ${summary}`} onPick={onPick} />
        ) : (
          <p className={classes["empty"]}>{empty}</p>
        )}
      </div>
    </ChartCard>
  );
}

interface CanvasProps {
  readonly option: (width: number) => ChartOption;
  readonly summary: string;
  readonly onPick: ((id: string) => void) | undefined;
}

function Canvas({ option, summary, onPick }: CanvasProps) {
  const host = useRef<HTMLDivElement>(null);
  const [picture, setPicture] = useState<Picture | null>(null);
  const [failed, setFailed] = useState(false);
  const { width, height } = useSize(host);
  const scheme = useScheme();
  const pick = useRef(onPick);
  useEffect(() => {
    pick.current = onPick;
  });
  const sized = width > 0;
  useEffect(() => {
    if (!sized) return;
    let made: Picture | null = null;
    let left = false;
    import("./echarts").then(
      ({ openPicture }) => {
        if (left || !host.current) return;
        made = openPicture(host.current, (id) => {
          pick.current?.(id);
        });
        setPicture(made);
      },
      () => {
        setFailed(true);
      },
    );
    return () => {
      left = true;
      made?.destroy();
      setPicture(null);
    };
  }, [sized]);
  useEffect(() => {
    if (width > 0) picture?.resize(width, height);
  }, [picture, width, height]);
  useEffect(() => {
    if (width > 0) picture?.show(option(width));
  }, [picture, option, scheme, width]);
  if (failed) {
    return <p className={classes["empty"]}>The chart could not be loaded; the table has its figures.</p>;
  }
  return <div ref={host} className={classes["canvas"]} role="img" aria-label={summary} />;
}
