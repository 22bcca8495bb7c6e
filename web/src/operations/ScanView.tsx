import { SegmentedControl, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { memo, useCallback, useMemo, useState } from "react";

import type { Place, Scan } from "../api/results";
import { scenarioQuery } from "../api/scenarios";
import { feederName } from "../sessions/facts";
import table from "../tasks/Task.module.css";
import { ClassDiagram } from "./ClassDiagram";
import { ClassLegend } from "./ClassLegend";
import classes from "./Scan.module.css";
import { keyOf } from "./scanRows";
import { ScanTable } from "./ScanTable";

interface Props {
  readonly found: Scan;
  /** Those that were asked for. */
  readonly feeders: readonly string[];
  readonly over: boolean;
}

/** Every candidate site, and every scenario of the catalogue, by what the voltages do. */
export const ScanView = memo(function ScanView({ found, feeders, over }: Props) {
  const [feeder, setFeeder] = useState(feeders[0] ?? "");
  const [chosen, setChosen] = useState<string | null>(null);
  const detail = useQuery({ ...scenarioQuery(feeder), enabled: feeder !== "" });
  const sites = useMemo(
    () => found.places.filter((place) => place.kind === "site" && place.feeder === feeder),
    [found, feeder],
  );
  const choose = useCallback((place: Place) => {
    setChosen(keyOf(place));
  }, []);
  return (
    <>
      <div className={classes["top"]}>
        <section className={table["card"]} aria-labelledby="diagram-title">
          <header className={table["cardHead"]}>
            <h2 id="diagram-title" className={table["cardTitle"]}>
              One-line diagram{" "}
              <span className={table["unit"]}>a datacenter at each three-phase bus, one at a time</span>
            </h2>
            <span className={table["tools"]}>
              <SegmentedControl
                size="xs"
                aria-label="Feeder shown"
                value={feeder}
                data={feeders.map((value) => ({ value, label: feederName(value) }))}
                onChange={setFeeder}
              />
            </span>
          </header>
          {detail.data ? (
            <ClassDiagram
              key={feeder}
              feeder={detail.data.feeder_detail}
              sites={sites}
              chosen={sites.find((site) => keyOf(site) === chosen)?.name ?? null}
              onChoose={choose}
            />
          ) : detail.error ? (
            <Text size="sm" c="var(--gc-muted)" p="md" className={classes["diagram"] ?? ""}>
              The diagram cannot be drawn. {detail.error.message}
            </Text>
          ) : (
            <Skeleton className={classes["diagram"] ?? ""} animate={false} />
          )}
        </section>
        <ClassLegend found={found} over={over} />
      </div>
      <ScanTable
        places={found.places}
        chosen={chosen}
        onChoose={setChosen}
        empty={over ? "Nothing was computed." : "Nothing has come yet."}
      />
    </>
  );
});
