/** The keys that work on every page: `g` and then a letter goes somewhere, `?` shows them. */

export const PLACES = [
  { key: "s", to: "/", label: "Sessions" },
  { key: "n", to: "/new", label: "New run" },
  { key: "c", to: "/compare", label: "Compare" },
  { key: "t", to: "/tasks", label: "Tuning" },
  { key: "a", to: "/analyses", label: "Analyses" },
  { key: "w", to: "/workers", label: "Workers" },
] as const;

export type Place = (typeof PLACES)[number]["to"];
export type Wish = { readonly kind: "go"; readonly to: Place } | { readonly kind: "help" };

/** Elements to which every key belongs. */
const TYPING =
  "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=''], [contenteditable='true']";
/** How long a `g` waits for its letter. */
const LEADER_MS = 1_200;

/** Makes wishes of key presses; remembers whether a `g` came just before. */
export class Keys {
  private leaderMs = Number.NEGATIVE_INFINITY;

  press(event: KeyboardEvent, nowMs: number): Wish | null {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return null;
    if (event.target instanceof Element && event.target.closest(TYPING)) return null;
    const led = nowMs - this.leaderMs < LEADER_MS;
    this.leaderMs = event.key === "g" ? nowMs : Number.NEGATIVE_INFINITY;
    if (led) {
      const place = PLACES.find(({ key }) => key === event.key);
      if (place) return { kind: "go", to: place.to };
    }
    return event.key === "?" ? { kind: "help" } : null;
  }
}
