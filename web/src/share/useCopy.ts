import { useEffect, useRef, useState } from "react";

import { announce } from "../app/announce";

const SHOWN_MS = 2_000;

/** Puts text on the clipboard. `copied`: a moment ago. `copy` answers whether it could. */
export function useCopy(said: string): {
  readonly copied: boolean;
  readonly copy: (text: string) => Promise<boolean>;
} {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // The clipboard is closed to pages that are not served over TLS or from this machine.
      return false;
    }
    setCopied(true);
    announce(said);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setCopied(false);
    }, SHOWN_MS);
    return true;
  };
  return { copied, copy };
}
