import { useEffect } from "react";

/** The document's title while the component is mounted. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – Gridcast`;
  }, [title]);
}
