/** The page's one polite live region: what assistive technology reads out when something changed that has no focus. */

type Listener = (text: string) => void;

const listeners = new Set<Listener>();

/** Says `text` once, after what is being read now. */
export function announce(text: string): void {
  for (const listener of listeners) listener(text);
}

export function onAnnounce(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
