import { SegmentedControl, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, memo, Suspense, useMemo, useRef } from "react";

import { scenarioQuery } from "../api/scenarios";
import { listedQuery } from "../api/sessions";
import { ChartTable } from "../charts/ChartTable";
import type { Stage } from "../charts/stage";
import { useSize } from "../charts/useSize";
import { profileTable } from "../profile/profileTable";
import type { Json } from "../stream/frames";
import type { History } from "../stream/history";
import { Diagram } from "./Diagram";
import classes from "./FeederCard.module.css";
import { sitesOf } from "./sites";

const ProfileChart = lazy(() => import("../profile/ProfileChart"));

export const FEEDER_VIEWS = ["diagram", "profile", "table"] as const;
export type FeederView = (typeof FEEDER_VIEWS)[number];

export function isFeederView(value: string | null): value is FeederView {
  return FEEDER_VIEWS.some((view) => view === value);
}

interface Props {
  readonly sessionId: string;
  readonly scenario: string | null;
  readonly stage: Stage;
  readonly history: History | null;
  readonly view: FeederView;
  readonly onView: (view: FeederView) => void;
  readonly charted: readonly string[];
  readonly onChart: (bus: string) => void;
}

const NO_OVERRIDES: Readonly<Record<string, Json>> = {};

/** The grid of a run: as a one-line diagram, as voltage over distance, or as figures. All as of the moment shown. */
export const FeederCard = memo(function FeederCard(props: Props) {
  const { sessionId, scenario, stage, history, view, onView } = props;
  const plan = useQuery({ ...scenarioQuery(scenario ?? ""), enabled: scenario !== null });
  const asked = useQuery(listedQuery(sessionId));
  const overrides = asked.data?.overrides ?? NO_OVERRIDES;
  const schema = history?.schema ?? null;
  const sites = useMemo(
    () => sitesOf(schema, plan.data?.generators ?? [], overrides),
    [schema, plan.data, overrides],
  );
  const body = useRef<HTMLDivElement>(null);
  const { height } = useSize(body);
  const feeder = plan.data?.feeder_detail;
  return (
    <section className={classes["card"]} aria-labelledby="feeder-title">
      <header className={classes["head"]}>
        <h2 id="feeder-title" className={classes["title"]}>
          Grid <span className={classes["unit"]}>{feeder?.name ?? ""}</span>
        </h2>
        <SegmentedControl
          size="xs"
          aria-label="View of the grid"
          value={view}
          onChange={(next) => {
            if (isFeederView(next)) onView(next);
          }}
          data={[
            { value: "diagram", label: "One-line" },
            { value: "profile", label: "Profile" },
            { value: "table", label: "Table" },
          ]}
        />
      </header>
      <div ref={body} className={classes["body"]} data-view={view}>
        {!feeder ? (
          <Waiting error={plan.error} />
        ) : view === "diagram" ? (
          <Diagram {...props} feeder={feeder} sites={sites} />
        ) : !history ? (
          <Waiting error={null} />
        ) : view === "profile" ? (
          <Suspense fallback={<Waiting error={null} />}>
            <ProfileChart stage={stage} history={history} feeder={feeder} />
          </Suspense>
        ) : (
          <ChartTable
            title="Voltages of all buses"
            heightPx={Math.max(200, height)}
            read={() => profileTable(feeder, history, stage.moment(history))}
          />
        )}
      </div>
    </section>
  );
});

function Waiting({ error }: { readonly error: Error | null }) {
  if (error) {
    return (
      <Text size="sm" c="var(--gc-muted)" p="md">
        The diagram cannot be drawn. {error.message}
      </Text>
    );
  }
  return <Skeleton height="clamp(320px, 44vh, 560px)" animate={false} />;
}
