import { useQueryClient } from "@tanstack/react-query";
import type { InfiniteData } from "@tanstack/react-query";

import type { Page } from "../api/http";
import { type ListedSession, SESSION_LISTS } from "../api/sessions";
import { clock } from "../app/format";
import type { Json } from "../stream/frames";
import { isObject } from "./config";
import { paceOf, roughly, ticksOf, tickOf, wallOf } from "./estimate";
import classes from "./NewRun.module.css";

interface Props {
  readonly scenario: string;
  readonly feeder: string;
  readonly config: Json;
  readonly speed: number | "max";
}

/** How many ticks, and about how long they take. */
export function Estimate({ scenario, feeder, config, speed }: Props) {
  const queries = useQueryClient();
  // What this page has seen of finished runs; asking for more is not worth an estimate.
  const seen = queries
    .getQueriesData<InfiniteData<Page<ListedSession>>>({ queryKey: SESSION_LISTS })
    .flatMap(([, list]) => list?.pages.flatMap(({ items }) => items) ?? []);
  const ticks = ticksOf(config);
  const tick_s = tickOf(config);
  const duration_s = isObject(config) ? config["duration_s"] : null;
  if (ticks === null || tick_s === null || typeof duration_s !== "number") {
    return (
      <p className={classes["estimate"]}>How long it takes is known once duration and periods are numbers.</p>
    );
  }
  const pace = paceOf(scenario, feeder, seen);
  const wall_s = wallOf(ticks, tick_s, speed, pace);
  const why =
    speed === "max"
      ? pace.here
        ? "at full speed, as earlier runs of it here did"
        : "at full speed on a free core"
      : `at ${speed}×`;
  return (
    <p className={classes["estimate"]}>
      <strong>{ticks.toLocaleString("en")} ticks</strong> of {tick_s} s, {clock(duration_s)} of simulated
      time: <strong>about {roughly(wall_s)}</strong> {why}.
    </p>
  );
}
