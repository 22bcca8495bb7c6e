import { HEAT } from "../charts/heat";
import type { History } from "../stream/history";
import { BusShades } from "./BusShades";
import { type Camera, project } from "./camera";
import type { Edge, Feeder } from "../api/feeder";
import { busPath } from "./glyphs";
import { angleTo, edgesOf, freeAngle, type Point } from "./graph";
import { along, type Rect } from "./labels";
import { type Classes, element, putGroup, putLine, square } from "./svg";
import {
  type BusVoltages,
  standing,
  type Standing,
  standingWord,
  voltagesByBus,
  worstPhase,
} from "./voltages";

const LEAST_RADIUS_PX = 4.5;
const MOST_RADIUS_PX = 9;

export interface BusNode {
  readonly name: string;
  readonly at: Point;
  readonly degree: number;
  readonly group: SVGGElement;
  readonly shape: SVGPathElement;
  readonly voltages: BusVoltages | null;
  state: Standing;
  shade: number;
  px: Point;
}

/** Buses and the edges between them. */
export class GridLayer {
  readonly buses = new Map<string, BusNode>();
  radius = LEAST_RADIUS_PX;
  private readonly feeder: Feeder;
  private readonly history: History | null;
  private readonly shades: BusShades | null;
  private readonly edges: { readonly edge: Edge; readonly line: SVGLineElement }[] = [];

  constructor(
    wires: SVGGElement,
    discs: SVGGElement,
    feeder: Feeder,
    at: ReadonlyMap<string, Point>,
    history: History | null,
    scheme: "light" | "dark",
    classes: Classes,
    idPrefix: string,
  ) {
    this.feeder = feeder;
    this.history = history;
    this.shades = history && new BusShades(history.schema.v_min, history.schema.v_max, HEAT[scheme]);
    for (const edge of feeder.edges) {
      const line = element("line", wires, {
        class: classes["edge"] ?? "",
        "data-kind": edge.kind,
        "stroke-width": String(0.75 + 0.6 * edge.phases.length),
      });
      this.edges.push({ edge, line });
    }
    const voltages = history ? voltagesByBus(history) : null;
    for (const bus of feeder.buses) {
      const group = element("g", discs, {
        id: `${idPrefix}${bus.name}`,
        role: "img",
        "aria-label": `Bus ${bus.name}`,
      });
      this.buses.set(bus.name, {
        name: bus.name,
        at: at.get(bus.name) ?? bus,
        degree: edgesOf(bus, feeder.edges).length,
        group,
        shape: element("path", group, { class: classes["bus"] ?? "", "data-state": "unknown" }),
        voltages: voltages?.get(bus.name) ?? null,
        state: "unknown",
        shade: -1,
        px: { x: 0, y: 0 },
      });
    }
  }

  move(camera: Camera): void {
    this.radius = Math.max(LEAST_RADIUS_PX, Math.min(MOST_RADIUS_PX, this.spacing() * camera.scale * 0.3));
    for (const node of this.buses.values()) {
      node.px = project(camera, node.at);
      putGroup(node.group, node.px);
      node.shape.setAttribute("d", busPath(node.state, this.radius));
    }
    for (const { edge, line } of this.edges) {
      const [from, to] = [this.buses.get(edge.from), this.buses.get(edge.to)];
      if (from && to) putLine(line, from.px, to.px);
    }
  }

  /** Colours and shapes as of a tick; touches only what changed. */
  show({ schema: { v_min, v_max } }: History, tick: number): void {
    if (!this.shades) return;
    for (const node of this.buses.values()) {
      if (!node.voltages) continue;
      const v = worstPhase(node.voltages, tick, v_min, v_max);
      const state = standing(v, v_min, v_max);
      const shade = this.shades.index(v);
      if (state !== node.state) {
        node.state = state;
        node.shape.setAttribute("data-state", state);
        node.shape.setAttribute("d", busPath(state, this.radius));
      }
      if (shade !== node.shade) {
        node.shade = shade;
        node.shape.style.fill = this.shades.color(shade);
      }
    }
  }

  /** The bus nearest to a pixel, within `reach`. */
  busAt(px: number, py: number, reach: number): string | null {
    let nearest: string | null = null;
    let least = reach;
    for (const node of this.buses.values()) {
      const away = Math.hypot(node.px.x - px, node.px.y - py);
      if (away < least) [nearest, least] = [node.name, away];
    }
    return nearest;
  }

  /** What names and signs must not cover. */
  obstacles(): Rect[] {
    // Less than its square: a disc leaves the corners free.
    const rects = [...this.buses.values()].map(({ px }) => square(px, this.radius * 0.72));
    for (const { edge } of this.edges) {
      const [from, to] = [this.buses.get(edge.from), this.buses.get(edge.to)];
      if (from && to) rects.push(...along(from.px.x, from.px.y, to.px.x, to.px.y));
    }
    return rects;
  }

  freeAngleAt(node: BusNode): number {
    const angles = edgesOf(node, this.feeder.edges).flatMap(({ from, to }) => {
      const other = this.buses.get(from === node.name ? to : from);
      return other ? [angleTo(node.at, other.at)] : [];
    });
    return freeAngle(angles);
  }

  /** For who cannot see it: `Bus 671, under the limit: a 0.9412, b 0.9950 pu`. */
  describe(node: BusNode, tick: number): string {
    const known = node.voltages && this.history;
    const phases = node.voltages?.phases.map(({ phase, v }) => `${phase} ${v.at(tick).toFixed(4)}`) ?? [];
    return `Bus ${node.name}, ${standingWord(node.state)}${known ? `: ${phases.join(", ")} pu` : ""}`;
  }

  /** Median length of an edge, in units of the plane. */
  private spacing(): number {
    const lengths = this.edges
      .map(({ edge }) => {
        const [from, to] = [this.buses.get(edge.from)?.at, this.buses.get(edge.to)?.at];
        return from && to ? Math.hypot(from.x - to.x, from.y - to.y) : 0;
      })
      .sort((one, other) => one - other);
    return lengths[Math.floor(lengths.length / 2)] ?? 1;
  }
}
