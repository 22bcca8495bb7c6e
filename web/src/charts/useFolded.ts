import { useState } from "react";

const KEY = "gridcast.folded";

function read(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

/** Whether a part of the page is folded away, remembered by its name over runs and visits. */
export function useFolded(name: string): readonly [folded: boolean, set: (folded: boolean) => void] {
  const [folded, setFolded] = useState(() => read().includes(name));
  return [
    folded,
    (next) => {
      setFolded(next);
      const others = read().filter((other) => other !== name);
      try {
        localStorage.setItem(KEY, JSON.stringify(next ? [...others, name] : others));
      } catch {
        // A browser that keeps nothing: it holds for this visit.
      }
    },
  ];
}
