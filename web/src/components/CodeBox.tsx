import { Button, SegmentedControl, Text } from "@mantine/core";
import { useRef, useState } from "react";

import { announce } from "../app/announce";
import classes from "./CodeBox.module.css";

interface Way {
  readonly name: string;
  readonly text: string;
  /** What it cannot say. */
  readonly note?: string | undefined;
}

interface Props {
  readonly label: string;
  /** The same in several languages; the first is shown first. */
  readonly ways: readonly Way[];
}

/** Text to be taken elsewhere. */
export function CodeBox({ label, ways }: Props) {
  const [name, setName] = useState(ways[0]?.name ?? "");
  const [copied, setCopied] = useState<"yes" | "by hand" | null>(null);
  const code = useRef<HTMLPreElement>(null);
  const way = ways.find((one) => one.name === name);
  const text = way?.text ?? "";
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
    <section aria-label={label}>
      <div className={classes["head"]}>
        <SegmentedControl
          size="xs"
          aria-label="Copy as"
          data={ways.map((one) => one.name)}
          value={name}
          onChange={(next) => {
            setName(next);
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
      {way?.note !== undefined && (
        <Text size="xs" c="var(--gc-muted)">
          {way.note}
        </Text>
      )}
    </section>
  );
}
