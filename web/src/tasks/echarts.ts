/** The parts of ECharts in use. Loaded with a task's charts, by no other page. */

import { LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import { GridComponent, ParallelComponent, TooltipComponent } from "echarts/components";
import { type EChartsCoreOption, init, use as register } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

register([
  LineChart,
  ScatterChart,
  ParallelChart,
  GridComponent,
  ParallelComponent,
  TooltipComponent,
  CanvasRenderer,
]);

export interface Picture {
  readonly show: (option: EChartsCoreOption) => void;
  readonly resize: (width: number, height: number) => void;
  readonly destroy: () => void;
}

/** `onPick` is told the id of an experiment that was clicked. */
export function openPicture(host: HTMLElement, onPick: (id: string) => void): Picture {
  const chart = init(host, null, { renderer: "canvas" });
  chart.on("click", ({ data }) => {
    if (typeof data === "object" && data !== null && "id" in data && typeof data.id === "string")
      onPick(data.id);
  });
  return {
    show: (option) => {
      chart.setOption(option, { notMerge: true, lazyUpdate: false });
    },
    resize: (width, height) => {
      chart.resize({ width, height });
    },
    destroy: () => {
      chart.dispose();
    },
  };
}

export type Option = EChartsCoreOption;
