/** Which names are written, and where: as many as fit without touching each other or what is drawn. Pure. */

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Wish {
  readonly key: string;
  /** What is named, in px. */
  readonly x: number;
  readonly y: number;
  /** Room that what is named takes itself, around its middle. */
  readonly radius: number;
  readonly width: number;
  readonly height: number;
}

export interface Placed extends Rect {
  readonly key: string;
}

const GAP_PX = 3;
/** Share of its radius that a round thing reaches into the corner of its square. */
const CORNER = 0.72;

/** Right, left, above, below, then the corners: as maps do. */
const SIDES: readonly (readonly [number, number])[] = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 1],
  [-1, -1],
  [-1, 1],
];

function touches(one: Rect, other: Rect): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** A grid over the rectangles taken, so that hundreds of names cost no square of it. */
export class Taken {
  private readonly cells = new Map<string, Rect[]>();
  private static readonly CELL_PX = 48;

  add(rect: Rect): void {
    for (const cell of this.cellsOf(rect)) {
      const list = this.cells.get(cell);
      if (list) list.push(rect);
      else this.cells.set(cell, [rect]);
    }
  }

  hits(rect: Rect): boolean {
    return this.cellsOf(rect).some((cell) => this.cells.get(cell)?.some((other) => touches(rect, other)));
  }

  private cellsOf({ x, y, width, height }: Rect): string[] {
    const found = [];
    const size = Taken.CELL_PX;
    for (let i = Math.floor(x / size); i * size < x + width; i++) {
      for (let j = Math.floor(y / size); j * size < y + height; j++) found.push(`${i} ${j}`);
    }
    return found;
  }
}

/**
 * Places the wishes in their order: the first side that is free wins, and who finds none is left out. `obstacles` must not be
 * covered; names stay within `[0, width) x [0, height)`.
 */
export function place(
  wishes: readonly Wish[],
  obstacles: readonly Rect[],
  width: number,
  height: number,
): readonly Placed[] {
  const taken = new Taken();
  for (const obstacle of obstacles) taken.add(obstacle);
  const placed: Placed[] = [];
  for (const wish of wishes) {
    for (const [right, down] of SIDES) {
      // At a corner the name starts nearer: what is named is round.
      const away = right !== 0 && down !== 0 ? wish.radius * CORNER + 1 : wish.radius + GAP_PX;
      const rect = {
        key: wish.key,
        x: wish.x + right * (away + wish.width / 2) - wish.width / 2,
        y: wish.y + down * (away + wish.height / 2) - wish.height / 2,
        width: wish.width,
        height: wish.height,
      };
      const inside =
        rect.x >= 0 && rect.y >= 0 && rect.x + rect.width <= width && rect.y + rect.height <= height;
      if (!inside || taken.hits(rect)) continue;
      taken.add(rect);
      placed.push(rect);
      break;
    }
  }
  return placed;
}

/** Small rectangles along a straight edge, so that names keep off it. */
export function along(x0: number, y0: number, x1: number, y1: number): readonly Rect[] {
  const step = 6;
  const n = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / step));
  return Array.from({ length: n + 1 }, (_, i) => ({
    x: x0 + ((x1 - x0) * i) / n - 1,
    y: y0 + ((y1 - y0) * i) / n - 1,
    width: 2,
    height: 2,
  }));
}
