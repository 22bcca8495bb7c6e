import { Button } from "@mantine/core";
import { useState } from "react";

import { announce } from "../app/announce";
import type { Stage } from "../charts/stage";
import { useSeek } from "../charts/useSeek";
import type { Run } from "../stream/run";

interface Props {
  readonly stage: Stage;
  readonly run: Run;
  /** What is shown of the grid. */
  readonly view: string;
}

/** Copies the address of what is seen: the run, and the moment if the page went back to one. */
export function ShareButton({ stage, run, view }: Props) {
  const [copied, setCopied] = useState(false);
  const seeked = useSeek(stage);
  const copy = async () => {
    const url = shareUrl(location.href, seeked === null ? null : (run.history?.time(seeked) ?? null), view);
    try {
      await navigator.clipboard.writeText(url);
      setCopied(true);
      announce("Link copied.");
      setTimeout(() => {
        setCopied(false);
      }, 2_000);
    } catch {
      // The clipboard is closed to pages that are not served over TLS or from this machine.
      window.prompt("Link to this run", url);
    }
  };
  return (
    <Button size="xs" variant="default" onClick={copy} miw={112}>
      {copied ? "Link copied" : seeked === null ? "Copy link" : "Copy link here"}
    </Button>
  );
}

export function shareUrl(href: string, t_s: number | null, view: string): string {
  const url = new URL(href);
  url.search = "";
  url.hash = "";
  if (t_s !== null) url.searchParams.set("t", String(Math.round(t_s * 1e3) / 1e3));
  if (view !== "diagram") url.searchParams.set("view", view);
  return url.href;
}
