import { Button, Popover } from "@mantine/core";

import { mayShare } from "../account/rights";
import { useStanding } from "../account/useStanding";
import { placeUrl } from "./address";
import { CopyPlace } from "./CopyPlace";
import classes from "./Share.module.css";
import { type Shared, SharePanel } from "./SharePanel";

interface Props {
  readonly shared: Shared;
  readonly owner: string;
  /** The address of what is seen; default: the page's. */
  readonly place?: () => string;
  readonly placeLabel?: string;
}

/** Share links and the like for who owns it; a link that is copied for all others. */
export function ShareMenu({ shared, owner, place = here, placeLabel = "Copy link" }: Props) {
  const standing = useStanding();
  if (!mayShare(standing, owner)) return <CopyPlace place={place} label={placeLabel} />;
  return (
    <Popover position="bottom-end" trapFocus width="min(400px, 94vw)">
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
