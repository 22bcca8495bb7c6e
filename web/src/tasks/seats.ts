/**
 * Each of `ids` in a seat that it keeps while it is there; newcomers take the seats that became free, so that nobody else moves.
 * Answers `before` itself where nothing changed.
 */
export function seated(
  before: readonly (string | null)[],
  ids: readonly string[],
): readonly (string | null)[] {
  const seats = before.map((id) => (id !== null && ids.includes(id) ? id : null));
  for (const id of ids) {
    if (seats.includes(id)) continue;
    const free = seats.indexOf(null);
    if (free === -1) seats.push(id);
    else seats[free] = id;
  }
  return seats.length === before.length && seats.every((id, i) => id === before[i]) ? before : seats;
}
