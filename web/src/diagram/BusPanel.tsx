import { Button, CloseButton } from "@mantine/core";
import { useCallback, useEffect, useRef } from "react";

import { power, pu } from "../app/format";
import type { Stage } from "../charts/stage";
import type { History } from "../stream/history";
import classes from "./Diagram.module.css";
import type { Feeder } from "../api/feeder";
import { edgesOf } from "./graph";
import type { Site } from "./sites";
import { useReadings } from "./useReadings";
import { voltagesByBus } from "./voltages";

interface Props {
  readonly bus: string;
  /** On which side of the diagram. */
  readonly left: boolean;
  readonly feeder: Feeder;
  readonly sites: readonly Site[];
  readonly history: History | null;
  readonly stage: Stage;
  readonly charted: boolean;
  readonly onChart: () => void;
  readonly onClose: () => void;
}

interface Row {
  readonly label: string;
  readonly read: (tick: number) => string;
  readonly out: (tick: number) => boolean;
}

const never = () => false;

/** One bus as of the moment shown: its phases, and what stands at it. */
export function BusPanel({ bus, left, feeder, sites, history, stage, charted, onChart, onClose }: Props) {
  const cells = useRef<(HTMLElement | null)[]>([]);
  const facts = feeder.buses.find(({ name }) => name === bus);
  const monitored = history ? voltagesByBus(history).has(bus) : false;
  const rows = history ? rowsOf(bus, feeder, sites, history) : [];
  const read = useCallback(
    (tick: number) => {
      if (!history) return;
      rowsOf(bus, feeder, sites, history).forEach((row, i) => {
        const cell = cells.current[i];
        if (!cell) return;
        const text = row.read(tick);
        if (cell.textContent !== text) cell.textContent = text;
        cell.classList.toggle(classes["out"] ?? "", row.out(tick));
      });
    },
    [bus, feeder, sites, history],
  );
  useReadings(stage, history, read);
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    close.current?.focus({ preventScroll: true });
  }, [bus]);

  return (
    <section
      className={classes["panel"]}
      data-left={left || undefined}
      aria-label={`Bus ${bus}`}
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
        // The diagram's own keys are not meant here.
        event.stopPropagation();
      }}
      onPointerDown={(event) => {
        event.stopPropagation();
      }}
    >
      <header className={classes["panelHead"]}>
        <h3 className={classes["panelTitle"]}>Bus {bus}</h3>
        <CloseButton ref={close} size="sm" aria-label="Close" onClick={onClose} />
      </header>
      <dl className={classes["facts"]}>
        {facts && (
          <>
            <dt>Base</dt>
            <dd>
              {facts.kv_base} kV {facts.phases.join("")}
            </dd>
          </>
        )}
        {rows.map((row, i) => (
          <FactRow
            key={row.label}
            label={row.label}
            cell={(element) => {
              cells.current[i] = element;
            }}
          />
        ))}
        {!monitored && (
          <>
            <dt>Voltage</dt>
            <dd>not monitored</dd>
          </>
        )}
      </dl>
      {monitored && (
        <Button
          size="compact-xs"
          variant={charted ? "light" : "default"}
          aria-pressed={charted}
          onClick={onChart}
        >
          {charted ? "In the charts ×" : "Show in the charts"}
        </Button>
      )}
    </section>
  );
}

function FactRow({
  label,
  cell,
}: {
  readonly label: string;
  readonly cell: (element: HTMLElement | null) => void;
}) {
  return (
    <>
      <dt>{label}</dt>
      <dd ref={cell}>–</dd>
    </>
  );
}

function rowsOf(bus: string, feeder: Feeder, sites: readonly Site[], history: History): readonly Row[] {
  const { v_min, v_max } = history.schema;
  return [
    ...(voltagesByBus(history).get(bus)?.phases ?? []).map(({ phase, v }) => ({
      label: `Phase ${phase.toUpperCase()}`,
      read: (tick: number) => (Number.isNaN(v.at(tick)) ? "–" : `${pu(v.at(tick))} pu`),
      out: (tick: number) => v.at(tick) < v_min || v.at(tick) > v_max,
    })),
    ...sites.filter((site) => site.bus === bus).flatMap((site) => siteRows(site, history)),
    ...edgesOf({ name: bus }, feeder.edges)
      .flatMap(({ regulators }) => regulators)
      .flatMap(({ name }) => history.taps.find((tap) => tap.name === name) ?? [])
      .map(({ name, column }) => ({
        label: `Tap ${name}`,
        read: (tick: number) => (Number.isNaN(column.at(tick)) ? "–" : column.at(tick).toFixed(5)),
        out: never,
      })),
  ];
}

function siteRows({ kind, name }: Site, history: History): readonly Row[] {
  if (kind === "pv") return [{ label: "Generator", read: () => name, out: never }];
  if (kind === "storage") {
    const storage = history.storages.find((one) => one.name === name);
    if (!storage) return [];
    return [
      { label: name, read: (tick) => power(storage.p_kw.at(tick) * 1e3), out: never },
      { label: "Charge", read: (tick) => `${Math.round(100 * storage.soc.at(tick))} %`, out: never },
    ];
  }
  const dc = history.power.find(({ datacenter }) => datacenter === name);
  if (!dc) return [];
  return [
    {
      label: `Datacenter ${name}`,
      read: (tick) => power(dc.p_w.reduce((sum, { column }) => sum + column.at(tick), 0)),
      out: never,
    },
    ...dc.p_w.map(({ phase, column }) => ({
      label: `· phase ${phase.toUpperCase()}`,
      read: (tick: number) => power(column.at(tick)),
      out: never,
    })),
  ];
}
