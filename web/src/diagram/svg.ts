/** The few steps of making and moving SVG that the layers of the diagram share. */

import type { Point } from "./graph";
import type { Rect } from "./labels";

const SVG = "http://www.w3.org/2000/svg";

/** CSS module: names of classes. */
export type Classes = Readonly<Record<string, string>>;

export function element<K extends keyof SVGElementTagNameMap>(
  name: K,
  parent: Element,
  attributes: Readonly<Record<string, string>> = {},
): SVGElementTagNameMap[K] {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}

export function putLine(line: SVGLineElement, from: Point, to: Point): void {
  line.setAttribute("x1", from.x.toFixed(1));
  line.setAttribute("y1", from.y.toFixed(1));
  line.setAttribute("x2", to.x.toFixed(1));
  line.setAttribute("y2", to.y.toFixed(1));
}

export function putGroup(group: SVGGElement, { x, y }: Point): void {
  group.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
}

export function square({ x, y }: Point, radius: number): Rect {
  return { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius };
}
