import { Table } from "@mantine/core";

import { shown } from "../newrun/Fields";
import { same } from "../newrun/config";
import classes from "./Compare.module.css";
import { differenceText, figureText, type MetricRow, type ParameterRow } from "./model";
import { Swatch } from "./Swatch";

interface HeadProps {
  readonly first: string;
  readonly names: readonly string[];
}

function Head({ first, names }: HeadProps) {
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th scope="col">{first}</Table.Th>
        {names.map((name, i) => (
          <Table.Th key={i} scope="col" className={classes["figure"]}>
            <span className={classes["column"]}>
              <Swatch index={i} />
              {name}
            </span>
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}

interface SummaryProps {
  readonly names: readonly string[];
  readonly rows: readonly MetricRow[];
}

/** The figures over the whole runs, each with its difference to the first. */
export function SummaryTable({ names, rows }: SummaryProps) {
  return (
    <section className={classes["box"]} aria-labelledby="compare-summary">
      <h2 id="compare-summary" className={classes["boxTitle"]}>
        Summary
      </h2>
      {rows.length === 0 ? (
        <p className={classes["note"]}>
          None of these runs has a summary yet; it comes with the end of a run.
        </p>
      ) : (
        <Table.ScrollContainer minWidth={480} type="native">
          <Table className={classes["table"] ?? ""} verticalSpacing={5}>
            <Head first="Over the whole run" names={names} />
            <Table.Tbody>
              {rows.map(({ name, label, unit, digits, values }) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row">
                    {label} <span className={classes["unit"]}>{unit}</span>
                  </Table.Th>
                  {values.map((value, i) => (
                    <Table.Td key={i} className={classes["figure"]}>
                      {figureText(value, digits)}
                      {i > 0 && (
                        <span className={classes["difference"]}>
                          {differenceText(value, values[0] ?? null, digits)}
                        </span>
                      )}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}

function valueText(value: ParameterRow["values"][number]): string {
  if (value === undefined || value === null) return "–";
  return shown(value) || "empty";
}

interface ParameterProps {
  readonly names: readonly string[];
  readonly rows: readonly ParameterRow[];
}

/** What the runs were asked for, where they differ. */
export function ParameterTable({ names, rows }: ParameterProps) {
  return (
    <section className={classes["box"]} aria-labelledby="compare-parameters">
      <h2 id="compare-parameters" className={classes["boxTitle"]}>
        Parameters that differ
      </h2>
      {rows.length === 0 ? (
        <p className={classes["note"]}>None: these runs were asked for the same.</p>
      ) : (
        <Table.ScrollContainer minWidth={480} type="native">
          <Table className={classes["table"] ?? ""} verticalSpacing={5}>
            <Head first="Parameter" names={names} />
            <Table.Tbody>
              {rows.map(({ path, values }) => (
                <Table.Tr key={path}>
                  <Table.Th scope="row" className={classes["path"]}>
                    {path}
                  </Table.Th>
                  {values.map((value, i) => (
                    <Table.Td
                      key={i}
                      className={classes["figure"]}
                      data-other={(i > 0 && !same(value, values[0])) || undefined}
                    >
                      {valueText(value)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}
