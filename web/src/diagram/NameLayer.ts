import type { Size } from "./camera";
import type { Point } from "./graph";
import type { GridLayer, BusNode } from "./GridLayer";
import { place, type Wish } from "./labels";
import type { Sign } from "./SignLayer";
import { element, square } from "./svg";

const LINE_PX = 13;
const CHAR_PX = 6.5;
const BOLD_CHAR_PX = 7.4;
/** The far side of a switch that is open in the model, beside the bus that maps call by that name. */
const OPEN_END = "_open";

interface Label {
  readonly node: SVGTextElement;
  text: string;
}

/** Names of buses and readings of signs: as many as fit, the important ones first. */
export class NameLayer {
  private readonly parent: SVGGElement;
  private readonly labels = new Map<string, Label>();
  /** What signs said last, also those whose reading has no place now. */
  private readonly said = new Map<string, string>();

  constructor(parent: SVGGElement) {
    this.parent = parent;
  }

  move(grid: GridLayer, signs: readonly Sign[], rank: (node: BusNode) => number, size: Size): void {
    const obstacles = [...grid.obstacles(), ...signs.map(({ px, radius }) => square(px, radius))];
    const wishes: Wish[] = [];
    const wish = (key: string, px: Point, radius: number, width: number) => {
      const seen = px.x > -20 && px.y > -20 && px.x < size.width + 20 && px.y < size.height + 20;
      if (seen) wishes.push({ key, ...px, radius, width: width + 2, height: LINE_PX });
    };
    for (const { key, px, radius, room } of signs) {
      if (room > 0) wish(key, px, radius, room * BOLD_CHAR_PX);
    }
    const ranked = [...grid.buses.values()].sort((one, other) => rank(other) - rank(one));
    for (const { name, px } of ranked) {
      if (!name.endsWith(OPEN_END)) wish(`bus:${name}`, px, grid.radius, name.length * CHAR_PX);
    }

    const kept = new Set<string>();
    for (const { key, x, y, width, height } of place(wishes, obstacles, size.width, size.height)) {
      kept.add(key);
      const { node } = this.label(key);
      node.setAttribute("x", (x + width / 2).toFixed(1));
      node.setAttribute("y", (y + height / 2).toFixed(1));
    }
    for (const [key, { node }] of this.labels) {
      node.setAttribute("visibility", kept.has(key) ? "visible" : "hidden");
    }
  }

  /** What a sign says now. */
  write(key: string, text: string): void {
    this.said.set(key, text);
    const label = this.labels.get(key);
    if (!label || label.text === text) return;
    label.text = text;
    label.node.textContent = text;
  }

  private label(key: string): Label {
    const known = this.labels.get(key);
    if (known) return known;
    const [of = "", name = ""] = key.split(":");
    const text = of === "bus" ? name : (this.said.get(key) ?? "");
    const node = element("text", this.parent, { "data-of": of });
    node.textContent = text;
    const made = { node, text };
    this.labels.set(key, made);
    return made;
  }
}
