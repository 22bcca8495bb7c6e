/** A word of a page's address. The router reads `?x=7` as a number. */
export function word(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
