import { Button, Table } from "@mantine/core";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";

import { clock } from "../app/format";
import { useScheme } from "../charts/useScheme";
import { useWidth } from "../charts/useWidth";
import classes from "./Compare.module.css";
import { figureText, type Quantity, sampled, type Series } from "./model";
import { OverlayPlot } from "./OverlayPlot";
import { strokeOf } from "./strokes";
import { Swatch } from "./Swatch";

const HEIGHT_PX = 210;
/** Rows of a chart's table: as many as one reads. */
const ROWS = 61;
const GROUP = "compare";

export interface Line {
  /** The run's place in the comparison. */
  readonly index: number;
  readonly name: string;
  readonly values: Series;
}

interface Props {
  readonly quantity: Quantity;
  readonly difference: boolean;
  readonly t_s: readonly number[];
  readonly lines: readonly Line[];
}

/** One quantity of all runs over time; the same figures as a table for who wants them so. */
export function OverlayChart({ quantity, difference, t_s, lines }: Props) {
  const { title, unit, digits, scale } = quantity;
  const id = useId();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<OverlayPlot | null>(null);
  const width = useWidth(host);
  const scheme = useScheme();
  const [asTable, setAsTable] = useState(false);
  const [row, setRow] = useState<number | null>(null);
  const scaled = useMemo(
    () =>
      lines.map((line) => ({
        ...line,
        values: line.values.map((value) => (value === null ? null : value * scale)),
      })),
    [lines, scale],
  );

  useEffect(() => {
    if (!host.current || width === 0) return;
    const made = new OverlayPlot(
      host.current,
      width,
      HEIGHT_PX,
      { t_s, digits, lines: scaled.map(({ index, values }) => ({ values, stroke: strokeOf(index) })) },
      GROUP,
      setRow,
    );
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [t_s, scaled, digits, width, scheme, asTable]);

  const onKeyDown = (event: KeyboardEvent) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (steps !== undefined) plot.current?.nudge(steps);
    else if (event.key === "Escape") {
      plot.current?.leave();
      plot.current?.whole();
    } else return;
    event.preventDefault();
  };

  const heading = difference ? `${title}, difference to the first` : title;
  const time = row === null ? undefined : t_s[row];
  return (
    <section className={classes["chart"]} aria-labelledby={`${id}-title`}>
      <header className={classes["chartHead"]}>
        <h2 id={`${id}-title`} className={classes["chartTitle"]}>
          {heading} <span className={classes["unit"]}>{unit}</span>
        </h2>
        <ul className={classes["readouts"]}>
          <li className={classes["time"]}>{time === undefined ? "" : clock(time, true)}</li>
          {scaled.map(({ index, name, values }) => (
            <li key={index} title={name}>
              <Swatch index={index} />
              <span className={classes["name"]}>{name}</span>
              <output aria-live="off">{row === null ? "" : figureText(values[row] ?? null, digits)}</output>
            </li>
          ))}
        </ul>
        <Button
          size="compact-xs"
          variant="default"
          aria-pressed={asTable}
          onClick={() => {
            setAsTable(!asTable);
          }}
        >
          {asTable ? "As a chart" : "As a table"}
        </Button>
      </header>
      {asTable ? (
        <ChartTable caption={`${heading}, ${unit}`} t_s={t_s} lines={scaled} digits={digits} />
      ) : (
        <div
          className={classes["plot"]}
          role="img"
          tabIndex={0}
          aria-label={`${summaryOf(heading, unit, scaled, digits)} Arrow keys move the crosshair.`}
          onKeyDown={onKeyDown}
          onBlur={() => plot.current?.leave()}
        >
          <div ref={host} style={{ height: HEIGHT_PX }} />
        </div>
      )}
    </section>
  );
}

/** The extent of each line in words. */
function summaryOf(heading: string, unit: string, lines: readonly Line[], digits: number): string {
  const told = lines.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${name}: nothing.`;
    const [low, high] = [Math.min(...known), Math.max(...known)];
    return `${name}: ${figureText(low, digits)} to ${figureText(high, digits)}.`;
  });
  return `${heading}, ${unit}. ${told.join(" ")}`;
}

interface TableProps {
  readonly caption: string;
  readonly t_s: readonly number[];
  readonly lines: readonly Line[];
  readonly digits: number;
}

function ChartTable({ caption, t_s, lines, digits }: TableProps) {
  const rows = sampled(t_s.length, ROWS);
  const cut = rows.length < t_s.length ? ` Every ${Math.round(t_s.length / rows.length)}th row.` : "";
  return (
    // Focusable, so that the keyboard can scroll it.
    <div className={classes["tableBox"]} tabIndex={0} role="group" aria-label={caption}>
      <Table className={classes["table"] ?? ""} verticalSpacing={3}>
        <Table.Caption>
          {caption}.{cut}
        </Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Simulated time</Table.Th>
            {lines.map(({ index, name }) => (
              <Table.Th key={index} scope="col" className={classes["figure"]}>
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row}>
              <Table.Th scope="row">{clock(t_s[row] ?? 0, true)}</Table.Th>
              {lines.map(({ index, values }) => (
                <Table.Td key={index} className={classes["figure"]}>
                  {figureText(values[row] ?? null, digits)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
