import { HEAT, ramp } from "../charts/heat";
import type { History } from "../stream/history";
import classes from "./Diagram.module.css";
import type { Feeder } from "../api/feeder";
import { busPath, EDGE_PATHS, levelPath, SITE_PATHS } from "./glyphs";
import type { Site } from "./sites";

interface Props {
  readonly feeder: Feeder;
  readonly sites: readonly Site[];
  readonly history: History | null;
  readonly scheme: "light" | "dark";
}

/** What the signs and colours mean: only those that this diagram has. */
export function Legend({ feeder, sites, history, scheme }: Props) {
  const has = (kind: Site["kind"]) => sites.some((site) => site.kind === kind);
  const limits = history?.schema ?? { v_min: 0.95, v_max: 1.05 };
  const colors = HEAT[scheme];
  return (
    <ul className={classes["legend"]} aria-label="Signs of the diagram">
      <li>
        <Sign kind="bus" state="under" paths={[{ d: busPath("under", 4.5), part: "" }]} fill={colors.low} />
        under {limits.v_min}
        <span
          className={classes["ramp"]}
          style={{ background: ramp(limits.v_min, limits.v_max, colors) }}
          aria-hidden="true"
        />
        over {limits.v_max} pu
        <Sign kind="bus" state="over" paths={[{ d: busPath("over", 4.5), part: "" }]} fill={colors.high} />
      </li>
      <li>
        <Sign kind="bus" state="unknown" paths={[{ d: busPath("unknown", 6), part: "" }]} /> not monitored
      </li>
      {has("datacenter") && (
        <li>
          <Sign kind="datacenter" paths={SITE_PATHS.datacenter} /> datacenter
        </li>
      )}
      {has("storage") && (
        <li>
          <Sign
            kind="storage"
            paths={SITE_PATHS.storage.map((one) =>
              one.part === "level" ? { ...one, d: levelPath(0.6) } : one,
            )}
          />{" "}
          storage
        </li>
      )}
      {has("pv") && (
        <li>
          <Sign kind="pv" paths={SITE_PATHS.pv} /> PV
        </li>
      )}
      {feeder.edges.some(({ kind }) => kind === "regulator") && (
        <li>
          <Sign kind="regulator" paths={EDGE_PATHS.regulator ?? []} /> regulator, taps
        </li>
      )}
    </ul>
  );
}

interface SignProps {
  readonly kind: string;
  readonly state?: string;
  readonly paths: readonly { readonly d: string; readonly part: string }[];
  readonly fill?: readonly [number, number, number];
}

function Sign({ kind, state, paths, fill }: SignProps) {
  return (
    <svg
      viewBox="-10 -10 20 20"
      width="15"
      height="15"
      aria-hidden="true"
      className={kind === "bus" ? undefined : classes["sign"]}
      data-kind={kind}
    >
      {paths.map(({ d, part }) => (
        <path
          key={d}
          d={d}
          data-part={part}
          data-state={state}
          className={kind === "bus" ? classes["bus"] : undefined}
          style={fill ? { fill: `rgb(${fill.join(" ")})` } : undefined}
        />
      ))}
    </svg>
  );
}
