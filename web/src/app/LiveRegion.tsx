import { VisuallyHidden } from "@mantine/core";
import { useEffect, useState } from "react";

import { onAnnounce } from "./announce";

export function LiveRegion() {
  const [said, setSaid] = useState({ text: "", turn: 0 });
  useEffect(
    () =>
      onAnnounce((text) => {
        setSaid(({ turn }) => ({ text, turn: turn + 1 }));
      }),
    [],
  );
  return (
    <VisuallyHidden role="status" aria-live="polite" aria-atomic="true">
      {/* A new element each time: the same words twice are two messages. */}
      <span key={said.turn}>{said.text}</span>
    </VisuallyHidden>
  );
}
