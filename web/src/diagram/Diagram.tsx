import { ActionIcon } from "@mantine/core";
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo, useRef, useState } from "react";

import { pu } from "../app/format";
import type { Stage } from "../charts/stage";
import { useScheme } from "../charts/useScheme";
import { useSize } from "../charts/useSize";
import type { History } from "../stream/history";
import { BusPanel } from "./BusPanel";
import classes from "./Diagram.module.css";
import { DiagramPicture } from "./DiagramPicture";
import type { Feeder } from "../api/feeder";
import { type Direction, neighbours, places, walks } from "./graph";
import { Legend } from "./Legend";
import type { Site } from "./sites";
import { voltagesByBus } from "./voltages";

interface Props {
  readonly stage: Stage;
  readonly history: History | null;
  readonly feeder: Feeder;
  readonly sites: readonly Site[];
  /** Buses that have a chart of their own. */
  readonly charted: readonly string[];
  readonly onChart: (bus: string) => void;
}

const ZOOM_STEP = 1.35;
const PAN_PX = 60;
/** A pointer that moved less meant a click. */
const SLIP_PX = 4;
const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
};

/** The feeder in its place, with every bus coloured by its worst phase at the moment shown. */
export function Diagram({ stage, history, feeder, sites, charted, onChart }: Props) {
  const idPrefix = `${useId()}bus-`;
  const host = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const picture = useRef<DiagramPicture>(null);
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const { width, height } = useSize(host);
  const scheme = useScheme();
  const [selected, setSelected] = useState<string | null>(null);
  const [inspected, setInspected] = useState<string | null>(null);
  // The panel stands where the bus is not.
  const [panelLeft, setPanelLeft] = useState(false);
  const inspect = (bus: string | null) => {
    const x = bus === null ? null : picture.current?.placeOf(bus)?.x;
    if (typeof x === "number") setPanelLeft(x > width / 2);
    setInspected(bus);
  };
  const keys = useMemo(() => walks(neighbours(feeder), places(feeder)), [feeder]);
  const voltages = useMemo(() => (history ? voltagesByBus(history) : null), [history]);

  useEffect(() => {
    if (!svg.current) return;
    const made = new DiagramPicture(svg.current, {
      feeder,
      sites,
      history,
      stage,
      scheme,
      classes,
      idPrefix,
    });
    picture.current = made;
    const leave = stage.add(made);
    return () => {
      leave();
      made.destroy();
      picture.current = null;
    };
  }, [feeder, sites, history, stage, scheme, idPrefix]);

  // After the picture was made anew it takes its size and mark again.
  useEffect(() => {
    if (width > 0 && height > 0) picture.current?.resize({ width, height });
  }, [width, height, feeder, sites, history, stage, scheme]);
  useEffect(() => {
    picture.current?.select(selected);
    stage.request();
  }, [selected, width, height, feeder, sites, history, stage, scheme]);

  // React listens to wheels passively, which could not keep the page from scrolling.
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      const box = element.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016));
      // What cannot be zoomed any more scrolls the page.
      if (picture.current?.zoomBy(factor, event.clientX - box.left, event.clientY - box.top))
        event.preventDefault();
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      element.removeEventListener("wheel", onWheel);
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const direction = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction && event.shiftKey) {
      const by = { up: [0, PAN_PX], down: [0, -PAN_PX], left: [PAN_PX, 0], right: [-PAN_PX, 0] }[direction];
      picture.current?.panBy(by[0] ?? 0, by[1] ?? 0);
    } else if (direction) {
      const here = selected ?? feeder.source;
      setSelected(selected === null ? feeder.source : (keys.get(here)?.[direction] ?? here));
    } else if (event.key === "Home") setSelected(feeder.source);
    else if (event.key === "Enter") inspect(selected);
    else if (event.key === "Escape") {
      setInspected(null);
      setSelected(null);
    } else if (event.key === "+" || event.key === "=") picture.current?.zoomBy(ZOOM_STEP);
    else if (event.key === "-") picture.current?.zoomBy(1 / ZOOM_STEP);
    else if (event.key === "0") picture.current?.showAll();
    else return;
    event.preventDefault();
  };

  const inBox = (event: PointerEvent): readonly [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    drag.current = { x: event.clientX, y: event.clientY, moved: false };
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const from = drag.current;
    if (from) {
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!from.moved && Math.hypot(dx, dy) < SLIP_PX) return;
      if (!from.moved) event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = { x: event.clientX, y: event.clientY, moved: true };
      event.currentTarget.dataset["dragging"] = "";
      picture.current?.panBy(dx, dy);
      return;
    }
    const bus = picture.current?.busAt(...inBox(event)) ?? null;
    if (bus === null) delete event.currentTarget.dataset["over"];
    else event.currentTarget.dataset["over"] = "";
    picture.current?.hover(bus);
    showTip(bus);
  };
  const onPointerUp = (event: PointerEvent<HTMLDivElement>) => {
    const clicked = drag.current && !drag.current.moved;
    drag.current = null;
    delete event.currentTarget.dataset["dragging"];
    if (!clicked) return;
    const bus = picture.current?.busAt(...inBox(event)) ?? null;
    setSelected(bus);
    inspect(bus);
  };
  const showTip = (bus: string | null) => {
    const element = tip.current;
    const at = bus === null ? null : (picture.current?.placeOf(bus) ?? null);
    if (!element) return;
    element.hidden = at === null;
    if (at === null || bus === null) return;
    const phases = voltages?.get(bus)?.phases;
    const tick = history ? stage.moment(history) : 0;
    element.textContent = phases
      ? `${bus}   ${phases.map(({ phase, v }) => `${phase} ${pu(v.at(tick))}`).join("  ")}`
      : `${bus}   not monitored`;
    const left = Math.max(4, Math.min(width - element.offsetWidth - 4, at.x - element.offsetWidth / 2));
    const top = at.y > 40 ? at.y - 38 : at.y + 18;
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  };

  return (
    <>
      <div
        ref={host}
        className={classes["host"]}
        role="application"
        aria-roledescription="one-line diagram"
        aria-label={`Feeder ${feeder.name}, ${feeder.buses.length} buses. Arrow keys walk along the lines, Enter inspects, plus and minus zoom, 0 shows all.`}
        aria-activedescendant={selected === null ? undefined : `${idPrefix}${selected}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => {
          drag.current = null;
        }}
        onPointerLeave={() => {
          picture.current?.hover(null);
          showTip(null);
        }}
      >
        <svg ref={svg} />
        <div ref={tip} className={classes["tip"]} hidden aria-hidden="true" />
        <Tools
          onZoom={(factor) => {
            if (factor === 0) picture.current?.showAll();
            else picture.current?.zoomBy(factor);
          }}
        />
        {inspected !== null && (
          <BusPanel
            bus={inspected}
            left={panelLeft}
            feeder={feeder}
            sites={sites}
            history={history}
            stage={stage}
            charted={charted.includes(inspected)}
            onChart={() => {
              onChart(inspected);
            }}
            onClose={() => {
              setInspected(null);
              host.current?.focus({ preventScroll: true });
            }}
          />
        )}
      </div>
      <Legend feeder={feeder} sites={sites} history={history} scheme={scheme} />
    </>
  );
}

function Tools({ onZoom }: { readonly onZoom: (factor: number) => void }) {
  const tools = [
    { label: "Closer", sign: "+", factor: ZOOM_STEP },
    { label: "Farther", sign: "−", factor: 1 / ZOOM_STEP },
    { label: "Show all", sign: "0", factor: 0 },
  ];
  return (
    <div
      className={classes["tools"]}
      onPointerDown={(event) => {
        event.stopPropagation();
      }}
      onPointerUp={(event) => {
        event.stopPropagation();
      }}
    >
      {tools.map(({ label, sign, factor }) => (
        <ActionIcon
          key={label}
          size={24}
          variant="default"
          aria-label={label}
          title={`${label} (${sign})`}
          onClick={() => {
            onZoom(factor);
          }}
        >
          {factor === 0 ? <FitIcon /> : sign}
        </ActionIcon>
      ))}
    </div>
  );
}

function FitIcon() {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" fill="none" stroke="currentColor" strokeWidth="1.3" />
    </svg>
  );
}
