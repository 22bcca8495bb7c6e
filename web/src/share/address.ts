/** Addresses that are given to others. */

/** The address of what is seen: the run, the moment (simulated s) if the page went back to one, and what is shown of the grid. */
export function placeUrl(href: string, t_s: number | null = null, view = "diagram"): string {
  const url = new URL(href);
  url.search = "";
  url.hash = "";
  if (t_s !== null) url.searchParams.set("t", String(Math.round(t_s * 1e3) / 1e3));
  if (view !== "diagram") url.searchParams.set("view", view);
  return url.href;
}

/** The same for somebody who may see it only by this link. */
export function secretUrl(place: string, secret: string): string {
  const url = new URL(place);
  url.searchParams.set("share", secret);
  return url.href;
}
