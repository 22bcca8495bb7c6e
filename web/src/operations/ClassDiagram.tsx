import { memo, useMemo, useRef } from "react";

import type { Feeder } from "../api/feeder";
import type { Place } from "../api/results";
import { useSize } from "../charts/useSize";
import { along, place as placeNames, type Rect } from "../diagram/labels";
import { square } from "../diagram/svg";
import { pictureOf } from "../newrun/feeder";
import { classText, SIGNS } from "./classes";
import classes from "./Scan.module.css";

interface Props {
  readonly feeder: Feeder;
  /** Those of this feeder that are known. */
  readonly sites: readonly Place[];
  readonly chosen: string | null;
  readonly onChoose: (place: Place) => void;
}

const MARGIN_PX = 26;
const NAME_PX = { perLetter: 6.2, height: 13 };
const SIGN_PX = 8;

/** The feeder with the class of every site on it, as a sign and a colour. What it tells stands in the table too. */
export const ClassDiagram = memo(function ClassDiagram({ feeder, sites, chosen, onChoose }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(host);
  const picture = useMemo(() => pictureOf(feeder, width, height, MARGIN_PX), [feeder, width, height]);
  const byBus = useMemo(() => new Map(sites.map((site) => [site.name, site])), [sites]);
  const names = useMemo(() => {
    // Not laid out yet: no place for anything.
    if (width === 0) return [];
    const obstacles: Rect[] = feeder.edges.flatMap(({ from, to }) => {
      const [a, b] = [picture.at.get(from), picture.at.get(to)];
      return a && b ? along(...a, ...b) : [];
    });
    const wishes = feeder.three_phase_sites.flatMap((bus) => {
      const at = picture.at.get(bus);
      if (!at) return [];
      const [x, y] = at;
      obstacles.push(square({ x, y }, SIGN_PX));
      return [
        {
          key: bus,
          x,
          y,
          radius: SIGN_PX,
          width: bus.length * NAME_PX.perLetter,
          height: NAME_PX.height,
        },
      ];
    });
    return placeNames(wishes, obstacles, width, height);
  }, [feeder, picture, width, height]);
  const told = sites.map((site) => `${site.name} ${classText(site.class).toLowerCase()}`).join(", ");
  return (
    <div ref={host} className={classes["diagram"]}>
      {width > 0 && (
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          role="img"
          aria-label={`Feeder ${feeder.name}: ${told || "no site is known yet"}`}
        >
          <path d={picture.lines} className={classes["lines"]} />
          {feeder.buses.map(({ name }) => {
            const at = picture.at.get(name);
            return (
              at &&
              !feeder.three_phase_sites.includes(name) && (
                <circle key={name} cx={at[0]} cy={at[1]} r="2" className={classes["bus"]} />
              )
            );
          })}
          {names.map(({ key, x, y, width: w, height: h }) => (
            <text key={key} x={x + w / 2} y={y + h - 3} className={classes["busName"]}>
              {key}
            </text>
          ))}
          {feeder.three_phase_sites.map((bus) => {
            const at = picture.at.get(bus);
            const site = byBus.get(bus);
            if (!at) return null;
            const move = `translate(${at[0]} ${at[1]})`;
            if (site?.class == null) {
              return (
                <circle key={bus} r="4" transform={move} className={classes["unknown"]}>
                  <title>{`bus ${bus}: ${site ? classText(null) : "not computed yet"}`}</title>
                </circle>
              );
            }
            return (
              <g
                key={bus}
                transform={move}
                className={classes["site"]}
                data-class={site.class}
                data-chosen={chosen === bus || undefined}
                onClick={() => {
                  onChoose(site);
                }}
              >
                <circle r="13" className={classes["reach"]} />
                <path d={SIGNS[site.class].path} style={{ fill: SIGNS[site.class].color }} />
                <title>{`bus ${bus}: ${SIGNS[site.class].label}`}</title>
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
});
