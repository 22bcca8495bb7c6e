/** How the lines of several runs are told apart: by colour, and by dashes for those who do not see the colours. */

import { seriesToken, type Token } from "../charts/palette";

const DASHES: readonly (readonly number[])[] = [
  [],
  [8, 4],
  [2, 3],
  [11, 3, 2, 3],
  [5, 2, 1, 2, 1, 2],
  [14, 5],
  [4, 4],
  [1, 4],
];

export interface Stroke {
  readonly token: Token;
  readonly dash: readonly number[];
}

/** Of the run at this place of the comparison; the same in every chart and table. */
export function strokeOf(index: number): Stroke {
  return { token: seriesToken(index), dash: DASHES[index % DASHES.length] ?? [] };
}
