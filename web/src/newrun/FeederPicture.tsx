import { memo, useMemo } from "react";

import type { Feeder } from "../api/feeder";
import type { Json } from "../stream/frames";
import { busesOf, pictureOf, type Point } from "./feeder";
import classes from "./FeederPicture.module.css";

interface Props {
  readonly feeder: Feeder;
  /** With it, what stands on the feeder is drawn too. */
  readonly config: Json | null;
  readonly width: number;
  readonly height: number;
}

const MARKS = [
  { part: "loads", label: "load", many: "loads", shape: "diamond" },
  { part: "generators", label: "generator", many: "generators", shape: "triangle" },
  { part: "storages", label: "battery", many: "batteries", shape: "ring" },
  { part: "datacenters", label: "datacenter", many: "datacenters", shape: "square" },
] as const;

const SHAPES: Readonly<Record<(typeof MARKS)[number]["shape"], string>> = {
  diamond: "M0 -4L4 0L0 4L-4 0Z",
  triangle: "M0 -5L5 4L-5 4Z",
  ring: "M-7.5 0a7.5 7.5 0 1 0 15 0a7.5 7.5 0 1 0 -15 0Z",
  square: "M-4.5 -4.5H4.5V4.5H-4.5Z",
};

/** A feeder from its coordinates: decoration beside its name, told in words where it carries more. */
export const FeederPicture = memo(function FeederPicture({ feeder, config, width, height }: Props) {
  const picture = useMemo(() => pictureOf(feeder, width, height, 9), [feeder, width, height]);
  const source = picture.at.get(feeder.source);
  const placed = MARKS.flatMap(({ part, shape, label }) =>
    busesOf(config, part).map((bus) => ({ part, shape, label, bus })),
  );
  const told = MARKS.flatMap(({ part, label }) => {
    const buses = busesOf(config, part);
    return buses.length > 0 ? [`${label} at ${buses.join(", ")}`] : [];
  });
  return (
    <svg
      className={classes["picture"]}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-hidden={config === null}
      aria-label={`One-line diagram of ${feeder.name}: ${told.join("; ")}`}
    >
      <path d={picture.lines} className={classes["lines"]} />
      {source && <path d="M-5 0H5M0 -5V5" transform={move(source)} className={classes["source"]} />}
      {placed.map(({ part, shape, label, bus }, i) => {
        const at = picture.at.get(bus);
        if (!at) return null;
        return (
          <path key={i} d={SHAPES[shape]} transform={move(at)} className={classes[part]}>
            <title>{`${label} at bus ${bus}`}</title>
          </path>
        );
      })}
    </svg>
  );
});

function move([x, y]: Point): string {
  return `translate(${x} ${y})`;
}

/** What the marks mean, of those that are there. */
export function MarkLegend({ config }: { readonly config: Json }) {
  return (
    <ul className={classes["legend"]}>
      {MARKS.map((mark) => ({ ...mark, count: busesOf(config, mark.part).length }))
        .filter(({ count }) => count > 0)
        .map(({ part, label, many, shape, count }) => (
          <li key={part}>
            <svg viewBox="-8 -8 16 16" width="13" height="13" aria-hidden="true">
              <path d={SHAPES[shape]} className={classes[part]} />
            </svg>
            {count} {count === 1 ? label : many}
          </li>
        ))}
    </ul>
  );
}
