import { Button, SegmentedControl } from "@mantine/core";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from "react";

import { clock } from "../app/format";
import type { Stage, View } from "../charts/stage";
import { useSeek, useView } from "../charts/useSeek";
import { useScheme } from "../charts/useScheme";
import { useWidth } from "../charts/useWidth";
import type { History } from "../stream/history";
import type { Run } from "../stream/run";
import { markersNear, roughly, span, type Step, stepFrom, tickAt } from "./scale";
import classes from "./Timeline.module.css";
import { INSET_PX, type Playhead, TimelinePicture } from "./TimelinePicture";

interface Props {
  readonly stage: Stage;
  readonly run: Run;
  readonly history: History;
  readonly others: readonly Playhead[];
  /** How far the run is, and how fast. */
  readonly progress: string;
}

const VIEWS: readonly { value: string; label: string; view: View }[] = [
  { value: "whole", label: "Whole run", view: { kind: "whole" } },
  { value: "600", label: "10 min", view: { kind: "newest", seconds: 600 } },
  { value: "60", label: "1 min", view: { kind: "newest", seconds: 60 } },
];

/** The whole run: where it is, where this page looks, what happened when. Going back stops the view, never the run. */
export function Timeline({ stage, run, history, others, progress }: Props) {
  return (
    <section className={classes["card"]} aria-label="Timeline">
      <div className={classes["head"]}>
        <ViewControl stage={stage} />
        <Moment stage={stage} run={run} history={history} />
        <span className={classes["time"]}>{progress}</span>
      </div>
      <Track stage={stage} run={run} history={history} others={others} />
    </section>
  );
}

/** As large as the timeline: nothing moves when it comes. */
export function TimelineRoom() {
  return (
    <div className={classes["card"]} aria-hidden="true">
      <div className={classes["head"]} />
      <div className={classes["track"]} />
    </div>
  );
}

function ViewControl({ stage }: { readonly stage: Stage }) {
  const view = useView(stage);
  const chosen = view.kind === "chosen";
  const value = view.kind === "newest" ? String(view.seconds) : view.kind;
  return (
    <SegmentedControl
      size="xs"
      aria-label="Time shown in the charts"
      value={value}
      onChange={(next) => {
        const found = VIEWS.find((option) => option.value === next)?.view;
        if (found) stage.show(found);
      }}
      data={[
        ...VIEWS.map((option) => ({ value: option.value, label: option.label })),
        ...(chosen ? [{ value: "chosen", label: `${clock(view.from_s)} – ${clock(view.to_s)}` }] : []),
      ]}
    />
  );
}

/** As of when everything on the page is. */
function Moment({ stage, run, history }: Pick<Props, "stage" | "run" | "history">) {
  const seeked = useSeek(stage);
  if (seeked === null) {
    return <span className={classes["edge"]}>{run.ended ? "" : "Following the run"}</span>;
  }
  const over = run.ended && !run.catchingUp;
  const behind = roughly(history.now_s - history.time(seeked + 1));
  return (
    <span className={classes["moment"]}>
      <span className={classes["past"]} data-testid="moment">
        {span(history.time(seeked))}, {behind} {over ? "before the end" : "behind live"}
      </span>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => {
          stage.seek(null);
        }}
      >
        {over ? "To the end" : "Back to live"}
      </Button>
    </span>
  );
}

const KEYS: Readonly<Record<string, Step>> = {
  ArrowLeft: "back",
  ArrowDown: "back",
  ArrowRight: "forth",
  ArrowUp: "forth",
  PageDown: "farBack",
  PageUp: "farForth",
  Home: "first",
  End: "live",
};
const MARKER_REACH_PX = 6;

function Track({ stage, run, history, others }: Pick<Props, "stage" | "run" | "history" | "others">) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const picture = useRef<TimelinePicture>(null);
  const dragging = useRef(false);
  const width = useWidth(host);
  const scheme = useScheme();

  useEffect(() => {
    if (!canvas.current || width === 0) return;
    const tellMoment = (tick: number) => {
      const slider = host.current;
      if (!slider) return;
      slider.setAttribute("aria-valuenow", String(Math.max(0, tick)));
      slider.setAttribute("aria-valuemax", String(Math.max(0, stage.total(history) - 1)));
      const at = `${clock(history.time(Math.max(0, tick)), true)} of ${clock(history.time(stage.total(history)))}`;
      slider.setAttribute("aria-valuetext", stage.seeked === null && !run.ended ? `${at}, live` : at);
    };
    const made = new TimelinePicture(canvas.current, width, stage, history, tellMoment);
    picture.current = made;
    const leave = stage.add(made);
    return () => {
      leave();
      picture.current = null;
    };
  }, [stage, run, history, width, scheme]);
  useEffect(() => {
    if (picture.current) picture.current.others = others;
    stage.request();
  }, [others, stage, width, scheme, history]);

  const tickOf = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return tickAt(event.clientX - box.left - INSET_PX, stage.total(history), width - 2 * INSET_PX);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = KEYS[event.key];
    if (step === undefined && event.key !== "Escape") return;
    const newest = history.length - 1;
    stage.seek(
      step === undefined ? null : stepFrom(stage.seeked ?? newest, step, newest, history.schema.tick_s),
    );
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent) => {
    if (dragging.current) stage.seek(tickOf(event));
    const element = tip.current;
    const made = picture.current;
    if (!element || !made) return;
    const box = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - box.left;
    const inner = width - 2 * INSET_PX;
    const total_s = history.time(stage.total(history));
    const near = markersNear(made.markers, x - INSET_PX, MARKER_REACH_PX, total_s, inner);
    const lines = [clock(history.time(tickOf(event)), true)];
    for (const { t_s, text } of near.slice(0, 4)) lines.push(`${clock(t_s, true)} ${text}`);
    if (near.length > 4) lines.push(`and ${near.length - 4} more`);
    element.textContent = lines.join("\n");
    element.hidden = false;
    const left = Math.max(0, Math.min(width - element.offsetWidth, x - element.offsetWidth / 2));
    element.style.transform = `translateX(${Math.round(left)}px)`;
  };

  return (
    <div
      ref={host}
      className={classes["track"]}
      role="slider"
      tabIndex={0}
      aria-label="Moment shown"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, history.schema.n_ticks - 1)}
      aria-valuenow={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        dragging.current = true;
        stage.seek(tickOf(event));
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        dragging.current = false;
      }}
      onPointerCancel={() => {
        dragging.current = false;
      }}
      onPointerLeave={() => {
        if (tip.current) tip.current.hidden = true;
      }}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <div ref={tip} className={classes["tip"]} hidden aria-hidden="true" />
    </div>
  );
}
