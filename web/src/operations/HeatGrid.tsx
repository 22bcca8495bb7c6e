import { Popover } from "@mantine/core";
import { type KeyboardEvent, memo, useId, useRef, useState } from "react";

import type { Cell, Heatmap, SessionWish } from "../api/results";
import { useScheme } from "../charts/useScheme";
import { useSize } from "../charts/useSize";
import { metricOf, metricText } from "../tasks/metrics";
import { tick, valueText } from "../tasks/options";
import {
  along,
  badness,
  type Cells,
  type CellState,
  inkOn,
  moved,
  shade,
  type Spot,
  STAR,
  ticksOf,
} from "./heat";
import { HeatLegend } from "./HeatLegend";
import classes from "./Heatmap.module.css";
import { OpenPoint } from "./OpenPoint";

/** Cells at least so large have their figures in them. */
const ROOMY_PX = { width: 52, height: 20 };
const TICK_PX = { x: 64, y: 24 };

interface Props {
  readonly heatmap: Heatmap;
  /** Path -> what people call it. */
  readonly names: ReadonlyMap<string, string>;
  /** What computes a cell's ticks. */
  readonly wishOf: (x: number, y: number) => SessionWish;
  readonly over: boolean;
  readonly cells: Cells;
  readonly heightPx: number;
}

/** The cells as a grid that the keyboard walks over. */
export function HeatGrid({ heatmap, cells, names, wishOf, heightPx, over }: Props) {
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  const { width } = useSize(grid);
  const scheme = useScheme();
  const [active, setActive] = useState<Spot | null>(null);
  const [hovered, setHovered] = useState<Spot | null>(null);
  const [opened, setOpened] = useState<Spot | null>(null);
  const { x, y, better, best, metric } = heatmap;
  const roomy =
    width / Math.max(1, x.length) >= ROOMY_PX.width && heightPx / Math.max(1, y.length) >= ROOMY_PX.height;
  const nameX = names.get(heatmap.param_x) ?? heatmap.param_x;
  const nameY = names.get(heatmap.param_y) ?? heatmap.param_y;
  const idOf = (spot: Spot) => `${id}cell-${spot.x}-${spot.y}`;
  const told = (spot: Spot) =>
    [
      `${nameX} ${valueText(x[spot.x])}`,
      `${nameY} ${valueText(y[spot.y])}`,
      cellText(cells.at(spot), cells.state(spot), metric),
      ...(best?.x === spot.x && best.y === spot.y ? ["the best"] : []),
    ].join(", ");
  const spotAt = (target: EventTarget): Spot | null => {
    const cell = target instanceof HTMLElement ? target.closest<HTMLElement>("[data-x]") : null;
    return cell ? { x: Number(cell.dataset["x"]), y: Number(cell.dataset["y"]) } : null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const from = active ?? best ?? { x: 0, y: 0 };
    const next = moved(from, event.key, x.length, y.length);
    // The first key only shows where one is.
    if (next) setActive(active === null ? from : next);
    else if (event.key === "Enter" || event.key === " ") {
      setActive(from);
      setOpened(from);
    } else return;
    event.preventDefault();
    // Who uses the keys reads what they chose, not what the pointer happens to rest on.
    setHovered(null);
  };
  const read = hovered ?? active;
  const base = { x: along(x, heatmap.baseline.x), y: along(y, heatmap.baseline.y) };

  return (
    <div className={classes["map"]}>
      <output className={classes["readout"]} aria-live="off">
        {read ? told(read) : "Arrow keys walk over the cells; Enter, or a click, opens one as a session."}
      </output>
      <div className={classes["frame"]}>
        <span className={classes["nameY"]} title={heatmap.param_y}>
          <span>{nameY}</span>
        </span>
        <div className={classes["ticksY"]} aria-hidden="true">
          {ticksOf(y.length, Math.floor(heightPx / TICK_PX.y)).map((i) => (
            <span key={i} style={{ bottom: `${(100 * (i + 0.5)) / y.length}%` }}>
              {tick(y[i] ?? 0)}
            </span>
          ))}
        </div>
        <div className={classes["field"]} style={{ height: heightPx }}>
          <div
            ref={grid}
            className={classes["grid"]}
            role="grid"
            tabIndex={0}
            aria-label={`${metricOf(metric).label} over ${nameX} and ${nameY}`}
            aria-rowcount={y.length}
            aria-colcount={x.length}
            aria-activedescendant={active ? idOf(active) : undefined}
            style={{ gridTemplateColumns: `repeat(${x.length}, minmax(0, 1fr))` }}
            onKeyDown={onKeyDown}
            onFocus={() => {
              setActive((before) => before ?? best ?? { x: 0, y: 0 });
            }}
            onPointerOver={(event) => {
              setHovered(spotAt(event.target));
            }}
            onPointerLeave={() => {
              setHovered(null);
            }}
            onClick={(event) => {
              const spot = spotAt(event.target);
              if (!spot) return;
              setActive(spot);
              setOpened(spot);
            }}
          >
            {y.map((_, i) => {
              const row = y.length - 1 - i;
              return (
                <div key={row} role="row" aria-rowindex={i + 1} className={classes["row"]}>
                  {x.map((_, column) => {
                    const spot = { x: column, y: row };
                    const state = cells.state(spot);
                    const { value, reason } = cells.at(spot);
                    const color =
                      state === "done" && value !== null
                        ? shade(badness(value, cells, better), scheme)
                        : null;
                    return (
                      <CellBox
                        key={column}
                        id={idOf(spot)}
                        x={column}
                        y={row}
                        state={state}
                        background={color ? `rgb(${color.join(" ")})` : null}
                        ink={color ? inkOn(color) : null}
                        text={roomy && state === "done" ? metricText(metric, value) : ""}
                        label={told(spot)}
                        reason={reason}
                        active={active?.x === column && active.y === row}
                        best={best?.x === column && best.y === row}
                      />
                    );
                  })}
                </div>
              );
            })}
          </div>
          {base.x !== null && base.y !== null && (
            <svg
              className={classes["cross"]}
              viewBox="-9 -9 18 18"
              width="18"
              height="18"
              aria-hidden="true"
              style={{ left: `${100 * base.x}%`, bottom: `${100 * base.y}%` }}
            >
              <path d="M-7 0H7M0-7V7" data-part="halo" />
              <path d="M-7 0H7M0-7V7" data-part="cross" />
            </svg>
          )}
          <Popover
            opened={opened !== null}
            onChange={(shown) => {
              if (!shown) setOpened(null);
            }}
            position="bottom"
            trapFocus
            returnFocus
            withArrow
            width="min(320px, 92vw)"
            withRoles={false}
          >
            <Popover.Target>
              <span
                className={classes["anchor"]}
                style={
                  opened
                    ? {
                        left: `${(100 * (opened.x + 0.5)) / x.length}%`,
                        bottom: `${(100 * (opened.y + 0.5)) / y.length}%`,
                      }
                    : {}
                }
              />
            </Popover.Target>
            <Popover.Dropdown role="dialog" aria-label="Open a point">
              {opened && (
                <OpenPoint
                  title="Open this point as a session?"
                  facts={[
                    [nameX, valueText(x[opened.x])],
                    [nameY, valueText(y[opened.y])],
                    [metricOf(metric).label, cellText(cells.at(opened), cells.state(opened), metric)],
                  ]}
                  reason={cells.at(opened).reason}
                  wish={wishOf(opened.x, opened.y)}
                  onClose={() => {
                    setOpened(null);
                    grid.current?.focus();
                  }}
                />
              )}
            </Popover.Dropdown>
          </Popover>
        </div>
        <div className={classes["ticksX"]} aria-hidden="true">
          {ticksOf(x.length, Math.floor(width / TICK_PX.x)).map((i) => (
            <span key={i} style={{ left: `${(100 * (i + 0.5)) / x.length}%` }}>
              {tick(x[i] ?? 0)}
            </span>
          ))}
        </div>
        <span className={classes["nameX"]} title={heatmap.param_x}>
          {nameX}
        </span>
      </div>
      <HeatLegend heatmap={heatmap} cells={cells} scheme={scheme} baseline={base} over={over} />
    </div>
  );
}

interface CellProps {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly state: CellState;
  readonly background: string | null;
  readonly ink: string | null;
  readonly text: string;
  readonly label: string;
  readonly reason: string | null;
  readonly active: boolean;
  readonly best: boolean;
}

const CellBox = memo(function CellBox({
  id,
  x,
  y,
  state,
  background,
  ink,
  text,
  label,
  reason,
  active,
  best,
}: CellProps) {
  return (
    <div
      id={id}
      role="gridcell"
      aria-colindex={x + 1}
      aria-label={label}
      aria-selected={active}
      title={reason ?? undefined}
      className={classes["cell"]}
      data-x={x}
      data-y={y}
      data-state={state}
      data-best={best || undefined}
      style={background === null ? undefined : { background, color: ink ?? undefined }}
    >
      {best && (
        <svg viewBox="-6 -6 12 12" width="12" height="12" aria-hidden="true" className={classes["star"]}>
          <path d={STAR} />
        </svg>
      )}
      {text}
    </div>
  );
});

function cellText(cell: Cell, state: CellState, metric: string): string {
  if (state === "waiting") return "not computed yet";
  if (state === "failed") return cell.reason === null ? "no value" : `failed: ${cell.reason}`;
  const { unit } = metricOf(metric);
  return `${metricText(metric, cell.value)} ${unit}`.trim();
}
