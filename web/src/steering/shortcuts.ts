/** The keys of a run's page, and when they count. */

export type Shortcut = "toggle" | "step" | "speed" | "live" | "help";

const KEYS: Readonly<Record<string, Shortcut>> = {
  " ": "toggle",
  ".": "step",
  s: "speed",
  l: "live",
  "?": "help",
};

export const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ["Space", "Pause, or go on"],
  [".", "Step, while paused"],
  ["s", "Go to the speed"],
  ["l", "Back to live"],
  ["?", "Show these keys"],
  ["← →", "Timeline: a second back or forth (Page keys: a minute; Home, End)"],
  ["← ↑ ↓ →", "Diagram: walk along the lines (with Shift: move the picture)"],
  ["Enter", "Diagram: inspect the bus"],
  ["+ − 0", "Diagram: closer, farther, all of it"],
  ["← →", "Chart: move the crosshair (Page keys: farther)"],
  ["Enter", "Chart: go back to the moment of the crosshair"],
  ["Esc", "Back to live, and the whole run"],
];

/** Elements to which every key belongs. */
const TYPING = "input, textarea, select, [contenteditable=''], [contenteditable='true']";
/** Elements that Space presses. */
const PRESSABLE = "button, summary, a[href], [role='button'], [role='radio'], [role='switch']";

/** The shortcut that a key press stands for, or null where it is meant for the element that has the focus. */
export function shortcutOf(event: KeyboardEvent): Shortcut | null {
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(TYPING)) return null;
  if (event.key === " " && target?.closest(PRESSABLE)) return null;
  return KEYS[event.key] ?? null;
}
