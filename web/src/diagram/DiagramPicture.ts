/**
 * The one-line diagram as SVG, drawn outside React: its nodes are made once, moved when the camera moves, and coloured on
 * animation frames. A frame sets only the attributes that changed, so a quiet grid costs a few comparisons.
 */

import { Sight } from "../charts/sight";
import type { Paintable, Stage } from "../charts/stage";
import type { History } from "../stream/history";
import { bounds, type Box, type Camera, fit, follow, pan, type Size, zoom } from "./camera";
import type { Feeder } from "../api/feeder";
import { places, type Point } from "./graph";
import { type BusNode, GridLayer } from "./GridLayer";
import { NameLayer } from "./NameLayer";
import { SignLayer } from "./SignLayer";
import type { Site } from "./sites";
import { type Classes, element } from "./svg";

const MARGIN_PX = 36;
/** From the rim of the picture to a bus that is walked to. */
const FOLLOW_PX = 30;
/** Reach of a finger. */
const REACH_PX = 16;

export interface Parts {
  readonly feeder: Feeder;
  readonly sites: readonly Site[];
  readonly history: History | null;
  readonly stage: Stage;
  readonly scheme: "light" | "dark";
  readonly classes: Classes;
  /** Begins the ids of the buses, for `aria-activedescendant`. */
  readonly idPrefix: string;
}

export class DiagramPicture implements Paintable {
  private readonly svg: SVGSVGElement;
  private readonly parts: Parts;
  private readonly box: Box;
  private readonly grid: GridLayer;
  private readonly signs: SignLayer;
  private readonly names: NameLayer;
  private readonly ring: SVGCircleElement;
  private readonly hoverRing: SVGCircleElement;
  private readonly sight: Sight;
  private size: Size = { width: 0, height: 0 };
  private whole: Camera = { scale: 1, left: 0, top: 0 };
  private camera: Camera = this.whole;
  private selected: string | null = null;
  private hovered: string | null = null;
  private tick = NaN;
  private painted = "";

  constructor(svg: SVGSVGElement, parts: Parts) {
    this.svg = svg;
    this.parts = parts;
    const { feeder, sites, history, scheme, classes, idPrefix } = parts;
    const at = places(feeder);
    this.box = bounds(at.values());
    svg.replaceChildren();
    const wires = element("g", svg);
    const leaders = element("g", svg);
    const discs = element("g", svg);
    const signs = element("g", svg);
    this.grid = new GridLayer(wires, discs, feeder, at, history, scheme, classes, idPrefix);
    this.signs = new SignLayer(signs, leaders, feeder, sites, history, classes);
    this.names = new NameLayer(element("g", svg, { class: classes["names"] ?? "", "aria-hidden": "true" }));
    this.hoverRing = element("circle", svg, { class: classes["hoverRing"] ?? "", visibility: "hidden" });
    this.ring = element("circle", svg, { class: classes["ring"] ?? "", visibility: "hidden" });
    this.sight = new Sight(svg, parts.stage);
  }

  destroy(): void {
    this.sight.end();
  }

  resize(size: Size): void {
    const wasWhole = this.camera === this.whole;
    this.size = size;
    this.svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    this.whole = fit(this.box, size, MARGIN_PX);
    if (wasWhole || this.camera.scale < this.whole.scale) this.camera = this.whole;
    this.move();
  }

  /** False where it cannot come any nearer, or go any farther. */
  zoomBy(factor: number, px = this.size.width / 2, py = this.size.height / 2): boolean {
    const next = zoom(this.camera, this.whole, factor, px, py);
    if (next.scale === this.camera.scale) return false;
    this.look(next);
    return true;
  }

  panBy(dx: number, dy: number): void {
    this.look(pan(this.camera, this.box, this.size, dx, dy));
  }

  showAll(): void {
    this.look(this.whole);
  }

  /** Marks a bus, and moves it into sight where it is not. */
  select(bus: string | null): void {
    this.selected = bus;
    const node = this.node(bus);
    if (node) node.group.setAttribute("aria-label", this.describe(node));
    this.look(node ? follow(this.camera, node.at, this.size, FOLLOW_PX) : this.camera);
  }

  hover(bus: string | null): void {
    this.hovered = bus;
    this.putRing(this.hoverRing, bus);
  }

  busAt(px: number, py: number): string | null {
    return this.grid.busAt(px, py, REACH_PX);
  }

  placeOf(bus: string): Point | null {
    return this.node(bus)?.px ?? null;
  }

  paint(history: History): void {
    if (history !== this.parts.history || !this.sight.seen) return;
    // A view that stands on an old tick has nothing to paint while the run goes on.
    const tick = this.parts.stage.moment(history);
    const now = `${tick} ${history.revision}`;
    if (now === this.painted) return;
    this.painted = now;
    this.show(history, tick);
  }

  point(history: History, tick: number | null): void {
    if (history === this.parts.history && this.sight.seen) this.show(history, tick ?? history.length - 1);
  }

  private show(history: History, tick: number): void {
    this.tick = tick;
    this.grid.show(history, tick);
    this.signs.show(tick, (key, text) => {
      this.names.write(key, text);
    });
  }

  private look(camera: Camera): void {
    this.camera = camera;
    this.move();
  }

  /** Puts everything where the camera sees it, and the names where they fit. */
  private move(): void {
    if (this.size.width === 0 || this.size.height === 0) return;
    const { feeder, sites } = this.parts;
    this.grid.move(this.camera);
    this.signs.move(this.grid);
    const rank = (node: BusNode) =>
      (node.name === this.selected ? 100 : 0) +
      (sites.some(({ bus }) => bus === node.name) ? 50 : 0) +
      (node.name === feeder.source ? 40 : 0) +
      (node.voltages ? 10 : 0) +
      // Junctions and ends before what merely lies on the way.
      (node.degree === 2 ? 0 : node.degree);
    this.names.move(this.grid, this.signs.signs, rank, this.size);
    this.putRing(this.ring, this.selected);
    this.putRing(this.hoverRing, this.hovered);
  }

  private node(bus: string | null): BusNode | undefined {
    return bus === null ? undefined : this.grid.buses.get(bus);
  }

  private putRing(ring: SVGCircleElement, bus: string | null): void {
    const node = this.node(bus);
    ring.setAttribute("visibility", node ? "visible" : "hidden");
    if (!node) return;
    ring.setAttribute("cx", node.px.x.toFixed(1));
    ring.setAttribute("cy", node.px.y.toFixed(1));
    ring.setAttribute("r", (this.grid.radius * 1.5 + 4).toFixed(1));
  }

  private describe(node: BusNode): string {
    const here = this.parts.sites
      .filter(({ bus }) => bus === node.name)
      .map(({ kind, name }) => (kind === "pv" ? name : `${kind} ${name}`));
    return [this.grid.describe(node, this.tick), ...here].join("; ");
  }
}
