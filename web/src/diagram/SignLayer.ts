import { power } from "../app/format";
import type { History } from "../stream/history";
import type { Edge, Feeder } from "../api/feeder";
import { EDGE_PATHS, levelPath, SITE_PATHS, SOURCE_PATHS } from "./glyphs";
import type { Point } from "./graph";
import type { BusNode, GridLayer } from "./GridLayer";
import { Taken } from "./labels";
import type { Site } from "./sites";
import { type Classes, element, putGroup, putLine, square } from "./svg";

/** Around a bus from the first direction on, to both sides in turn. */
const TURNS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8].map((n) => (n * Math.PI) / 8);
/** From the rim of a bus to the middle of a sign, nearest first. */
const DISTANCES_PX = [14, 20, 30];
const SITE_RADIUS_PX = 9;
/** Characters of a power: `1.05 MW`. */
const POWER_ROOM = 7;

export interface Sign {
  readonly key: string;
  readonly group: SVGGElement;
  readonly radius: number;
  /** Where it belongs: at a bus, with a line to it, or in the middle of an edge. */
  readonly home: { readonly bus: string; readonly leader: SVGLineElement } | Edge;
  /** Most characters that it says; 0 where it is mute. */
  readonly room: number;
  readonly read: ((tick: number) => string) | null;
  readonly level: { readonly path: SVGPathElement; readonly soc: (tick: number) => number } | null;
  px: Point;
}

type Talk = Pick<Sign, "room" | "read"> & { readonly soc?: (tick: number) => number };

const MUTE: Talk = { room: 0, read: null };

/** What stands in the grid: source, regulators, transformers, switches, datacenters, storages, generators. */
export class SignLayer {
  readonly signs: readonly Sign[];

  constructor(
    signs: SVGGElement,
    leaders: SVGGElement,
    feeder: Feeder,
    sites: readonly Site[],
    history: History | null,
    classes: Classes,
  ) {
    const make = (
      key: string,
      kind: string,
      paths: readonly { readonly d: string; readonly part: string }[],
      home: Sign["home"],
      radius: number,
      { room, read, soc }: Talk,
    ): Sign => {
      const group = element("g", signs, {
        class: classes["sign"] ?? "",
        "data-kind": kind,
        "aria-hidden": "true",
      });
      let level: Sign["level"] = null;
      for (const { d, part } of paths) {
        const path = element("path", group, { d, "data-part": part });
        if (part === "level" && soc) level = { path, soc };
      }
      return { key, group, radius, home, room, read, level, px: { x: 0, y: 0 } };
    };
    const at = (bus: string) => ({
      bus,
      leader: element("line", leaders, { class: classes["leader"] ?? "" }),
    });
    this.signs = [
      make("source", "source", SOURCE_PATHS, at(feeder.source), SITE_RADIUS_PX, MUTE),
      ...feeder.edges.flatMap((edge, i) => {
        const paths = EDGE_PATHS[edge.kind];
        const radius = edge.kind === "switch" ? 3 : 7;
        const talk = tapsTalk(edge, feeder.tap_step_pu, history);
        return paths ? [make(`edge:${i}`, edge.kind, paths, edge, radius, talk)] : [];
      }),
      ...sites.map((site, i) =>
        make(
          `site:${i}`,
          site.kind,
          SITE_PATHS[site.kind],
          at(site.bus),
          SITE_RADIUS_PX,
          siteTalk(site, history),
        ),
      ),
    ];
  }

  /** Signs of edges stand in their middle; those of buses beside them, where there is room. */
  move(grid: GridLayer): void {
    const taken = new Taken();
    for (const rect of grid.obstacles()) taken.add(rect);
    for (const sign of this.signs) {
      if ("bus" in sign.home) continue;
      const [from, to] = [grid.buses.get(sign.home.from), grid.buses.get(sign.home.to)];
      if (from && to) sign.px = { x: (from.px.x + to.px.x) / 2, y: (from.px.y + to.px.y) / 2 };
      taken.add(square(sign.px, sign.radius));
    }
    for (const sign of this.signs) {
      const node = "bus" in sign.home ? grid.buses.get(sign.home.bus) : undefined;
      if (!node || !("bus" in sign.home)) continue;
      sign.px = besides(grid, node, sign.radius, taken);
      taken.add(square(sign.px, sign.radius));
      putLine(sign.home.leader, node.px, sign.px);
    }
    for (const { group, px } of this.signs) putGroup(group, px);
  }

  show(tick: number, write: (key: string, text: string) => void): void {
    for (const { key, read, level } of this.signs) {
      if (read) write(key, read(tick));
      level?.path.setAttribute("d", levelPath(level.soc(tick)));
    }
  }
}

/** The nearest free place around a bus: first in the widest gap between its edges, then all around, then farther out. */
function besides(grid: GridLayer, node: BusNode, radius: number, taken: Taken): Point {
  const first = grid.freeAngleAt(node);
  const at = (turn: number, away: number): Point => ({
    x: node.px.x + Math.cos(first + turn) * (grid.radius + away),
    y: node.px.y - Math.sin(first + turn) * (grid.radius + away),
  });
  for (const away of DISTANCES_PX) {
    for (const turn of TURNS) {
      const px = at(turn, away);
      if (!taken.hits(square(px, radius))) return px;
    }
  }
  return at(0, DISTANCES_PX[0] ?? 0);
}

function tapsTalk({ regulators }: Edge, step: number, history: History | null): Talk {
  const taps = regulators.flatMap(({ name }) => history?.taps.find((tap) => tap.name === name) ?? []);
  if (taps.length === 0) return MUTE;
  return {
    room: taps.length * 4 - 1,
    read: (tick) => taps.map(({ column }) => tapText(column.at(tick), step)).join(" "),
  };
}

function siteTalk({ kind, name }: Site, history: History | null): Talk {
  if (kind === "datacenter") {
    const dc = history?.power.find(({ datacenter }) => datacenter === name);
    if (!dc) return MUTE;
    const total = (tick: number) => dc.p_w.reduce((sum, { column }) => sum + column.at(tick), 0);
    return { room: POWER_ROOM, read: (tick) => power(total(tick)) };
  }
  const storage = history?.storages.find((one) => kind === "storage" && one.name === name);
  return storage ? { ...MUTE, soc: (tick) => storage.soc.at(tick) } : MUTE;
}

/** `+14` for the ratio 1.0875. */
function tapText(ratio: number, step: number): string {
  if (Number.isNaN(ratio)) return "–";
  const taps = Math.round((ratio - 1) / step);
  return taps > 0 ? `+${taps}` : String(taps).replace("-", "−");
}
