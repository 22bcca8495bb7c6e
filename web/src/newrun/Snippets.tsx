import { Button, SegmentedControl, Text } from "@mantine/core";
import { useRef, useState } from "react";

import type { NewSession } from "../api/sessions";
import { announce } from "../app/announce";
import classes from "./NewRun.module.css";
import { asCli, asCurl, asPython } from "./snippets";

const WAYS = [
  { value: "cli", label: "CLI" },
  { value: "curl", label: "curl" },
  { value: "python", label: "Python" },
];

/** The run of the form, for a terminal or a script. */
export function Snippets({ wish }: { readonly wish: NewSession }) {
  const [way, setWay] = useState("cli");
  const [copied, setCopied] = useState<"yes" | "by hand" | null>(null);
  const code = useRef<HTMLPreElement>(null);
  const text =
    way === "cli"
      ? asCli(wish)
      : way === "curl"
        ? asCurl(wish, location.origin)
        : asPython(wish, location.origin);

  const copy = async () => {
    try {
      // Only where the page is served over TLS or from this machine.
      await navigator.clipboard.writeText(text);
      setCopied("yes");
      announce("Copied.");
    } catch {
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setCopied("by hand");
    }
  };

  return (
    <section className={classes["snippets"]} aria-label="The same run from a script">
      <div className={classes["snippetHead"]}>
        <SegmentedControl
          size="xs"
          aria-label="Copy as"
          data={WAYS}
          value={way}
          onChange={(next) => {
            setWay(next);
            setCopied(null);
          }}
        />
        <Button size="compact-xs" variant="default" onClick={() => void copy()}>
          {copied === "yes" ? "Copied" : "Copy"}
        </Button>
      </div>
      <pre ref={code} className={classes["code"]} tabIndex={0} aria-label="Code">
        {text}
      </pre>
      {copied === "by hand" && (
        <Text size="xs" c="var(--gc-muted)">
          This browser lets no page copy here; it is selected, press Ctrl+C.
        </Text>
      )}
      {way === "cli" && wish.on_idle !== "continue" && (
        <Text size="xs" c="var(--gc-muted)">
          The command line watches its run to the end; what happens when nobody watches is not told to it.
        </Text>
      )}
    </section>
  );
}
