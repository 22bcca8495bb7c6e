/** The feeder as a graph: who is beside whom, how far from the substation, and where the arrow keys lead. Pure. */

import type { Bus, Edge, Feeder } from "../api/feeder";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Direction = "up" | "down" | "left" | "right";

/** Unit vectors with y upwards. */
const WAYS: Readonly<Record<Direction, Point>> = {
  right: { x: 1, y: 0 },
  left: { x: -1, y: 0 },
  up: { x: 0, y: 1 },
  down: { x: 0, y: -1 },
};
const DIRECTIONS = ["right", "left", "up", "down"] as const;

export type Neighbours = ReadonlyMap<string, readonly string[]>;

export function neighbours({ buses, edges }: Pick<Feeder, "buses" | "edges">): Neighbours {
  const found = new Map<string, string[]>(buses.map(({ name }) => [name, []]));
  for (const { from, to } of edges) {
    found.get(from)?.push(to);
    found.get(to)?.push(from);
  }
  return found;
}

/** Most that a bus is moved out of another's place, in units of the diagram's median edge. */
const APART = 0.75;

/**
 * Where each bus is drawn. A regulator's two buses often have the same coordinates: the far one is moved half-way towards
 * what it feeds, so that the regulator between them can be seen.
 */
export function places(feeder: Pick<Feeder, "buses" | "edges">): ReadonlyMap<string, Point> {
  const beside = neighbours(feeder);
  const at = new Map<string, Point>(feeder.buses.map(({ name, x, y }) => [name, { x, y }]));
  const lengths = feeder.edges
    .map(({ from, to }) => distance(at.get(from), at.get(to)))
    .filter((length) => length > 0)
    .sort((one, other) => one - other);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 1;
  for (const { from, to } of feeder.edges) {
    const here = at.get(to);
    if (!here || distance(at.get(from), here) > 0) continue;
    const next = beside.get(to)?.find((name) => name !== from && distance(at.get(name), here) > 0);
    const there = next === undefined ? { x: here.x + median, y: here.y } : at.get(next);
    if (!there) continue;
    const away = distance(here, there);
    const share = Math.min(0.5, (APART * median) / away);
    at.set(to, { x: here.x + (there.x - here.x) * share, y: here.y + (there.y - here.y) * share });
  }
  return at;
}

function distance(one: Point | undefined, other: Point | undefined): number {
  return one && other ? Math.hypot(other.x - one.x, other.y - one.y) : 0;
}

/** Kilometres of line between the source and each bus; buses that hang on nothing are left out. */
export function distances_km(
  feeder: Pick<Feeder, "buses" | "edges" | "source">,
): ReadonlyMap<string, number> {
  const edges = new Map<string, { readonly to: string; readonly km: number }[]>();
  const link = (from: string, to: string, km: number) => {
    const list = edges.get(from);
    if (list) list.push({ to, km });
    else edges.set(from, [{ to, km }]);
  };
  for (const { from, to, length_km } of feeder.edges) {
    link(from, to, length_km);
    link(to, from, length_km);
  }
  // The feeders are radial, or nearly: a queue that takes up a bus again when a shorter way is found is enough.
  const far = new Map<string, number>([[feeder.source, 0]]);
  const due = [feeder.source];
  for (let name = due.shift(); name !== undefined; name = due.shift()) {
    const here = far.get(name) ?? 0;
    for (const { to, km } of edges.get(name) ?? []) {
      if (here + km < (far.get(to) ?? Infinity)) {
        far.set(to, here + km);
        due.push(to);
      }
    }
  }
  return far;
}

export type Walk = ReadonlyMap<string, Readonly<Partial<Record<Direction, string>>>>;

/**
 * Where each arrow key leads from each bus. No two neighbours share a key, so that each of up to four can be walked to: among
 * all ways to hand out the keys the one whose arrows point best.
 */
export function walks(beside: Neighbours, at: ReadonlyMap<string, Point>): Walk {
  const found = new Map<string, Partial<Record<Direction, string>>>();
  for (const [name, list] of beside) {
    const here = at.get(name);
    if (here) found.set(name, keysOf(here, list, at));
  }
  return found;
}

function keysOf(
  here: Point,
  list: readonly string[],
  at: ReadonlyMap<string, Point>,
): Partial<Record<Direction, string>> {
  const fits = list.map((name) => {
    const there = at.get(name) ?? here;
    const away = distance(here, there) || 1;
    return DIRECTIONS.map(
      (way) => (WAYS[way].x * (there.x - here.x) + WAYS[way].y * (there.y - here.y)) / away,
    );
  });
  let best = -Infinity;
  let chosen: readonly number[] = [];
  const hand = (neighbour: number, taken: readonly number[], sum: number) => {
    if (neighbour === list.length || taken.length === DIRECTIONS.length) {
      if (sum > best) [best, chosen] = [sum, taken];
      return;
    }
    DIRECTIONS.forEach((_, way) => {
      if (!taken.includes(way)) hand(neighbour + 1, [...taken, way], sum + (fits[neighbour]?.[way] ?? 0));
    });
  };
  hand(0, [], 0);
  const keys: Partial<Record<Direction, string>> = {};
  chosen.forEach((way, i) => {
    const direction = DIRECTIONS[way];
    const name = list[i];
    if (direction && name !== undefined) keys[direction] = name;
  });
  return keys;
}

/** The angle (radians, y upwards) in the middle of the widest gap between edges: where something can stand beside a bus. */
export function freeAngle(angles: readonly number[]): number {
  const sorted = [...angles].sort((one, other) => one - other);
  const first = sorted[0];
  if (first === undefined) return Math.PI / 4;
  let widest = -1;
  let middle = 0;
  sorted.forEach((angle, i) => {
    const next = sorted[i + 1] ?? first + 2 * Math.PI;
    if (next - angle > widest + 1e-9) [widest, middle] = [next - angle, (angle + next) / 2];
  });
  return middle;
}

export function angleTo(from: Point, to: Point): number {
  return Math.atan2(to.y - from.y, to.x - from.x);
}

/** Edges in which a bus takes part. */
export function edgesOf(bus: Pick<Bus, "name">, edges: readonly Edge[]): readonly Edge[] {
  return edges.filter(({ from, to }) => from === bus.name || to === bus.name);
}
