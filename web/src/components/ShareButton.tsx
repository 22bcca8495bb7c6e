import type { Stage } from "../charts/stage";
import { useSeek } from "../charts/useSeek";
import { placeUrl } from "../share/address";
import { CopyPlace } from "../share/CopyPlace";
import { ShareMenu } from "../share/ShareMenu";
import type { Session } from "../stream/frames";
import type { Run } from "../stream/run";

interface Props {
  readonly stage: Stage;
  readonly run: Run;
  readonly session: Session | null;
  /** What is shown of the grid. */
  readonly view: string;
}

/** Gives others the address of what is seen: the run, and the moment if the page went back to one. */
export function ShareButton({ stage, run, session, view }: Props) {
  const seeked = useSeek(stage);
  const place = () =>
    placeUrl(location.href, seeked === null ? null : (run.history?.time(seeked) ?? null), view);
  const label = seeked === null ? "Copy link" : "Copy link here";
  const plain = <CopyPlace place={place} label={label} />;
  if (!session) return plain;
  return (
    <ShareMenu
      shared={{
        things: "sessions",
        id: session.id,
        visibility: session.visibility,
        noun: "run",
        act: "steer",
      }}
      owner={session.owner}
      place={place}
      placeLabel={label}
      otherwise={plain}
    />
  );
}
