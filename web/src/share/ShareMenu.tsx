import { Button, Popover } from "@mantine/core";
import type { ReactNode } from "react";

import { mayShare } from "../account/rights";
import { useStanding } from "../account/useStanding";
import { placeUrl } from "./address";
import classes from "./Share.module.css";
import { type Shared, SharePanel } from "./SharePanel";

interface Props {
  readonly shared: Shared;
  readonly owner: string;
  /** The address of what is seen; default: the page's. */
  readonly place?: () => string;
  readonly placeLabel?: string;
  /** What stands there for all others. */
  readonly otherwise?: ReactNode;
}

/** Share links and the like, for who owns it. */
export function ShareMenu({
  shared,
  owner,
  place = here,
  placeLabel = "Copy link",
  otherwise = null,
}: Props) {
  const standing = useStanding();
  if (!mayShare(standing, owner)) return otherwise;
  return (
    <Popover position="bottom-end" trapFocus returnFocus width="min(400px, 94vw)">
      <Popover.Target>
        <Button size="xs" variant="default">
          Share…
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes["drop"] ?? ""}>
        <SharePanel shared={shared} place={place} placeLabel={placeLabel} />
      </Popover.Dropdown>
    </Popover>
  );
}

function here(): string {
  return placeUrl(location.href);
}
