import { clock, speed } from "../app/format";
import type { Stage } from "../charts/stage";
import type { Badge } from "../stream/badge";
import type { SessionStream } from "../stream/useSessionStream";
import { Timeline, TimelineRoom } from "../timeline/Timeline";
import type { Playhead } from "../timeline/TimelinePicture";

interface Props {
  readonly stream: SessionStream;
  readonly stage: Stage;
  readonly badge: Badge;
  readonly others: readonly Playhead[];
}

/** The timeline; before there is one to show, its room. */
export function TimelineRow({ stream, stage, badge, others }: Props) {
  const { run } = stream;
  const share = run.n_ticks > 0 ? run.tick / run.n_ticks : 0;
  if (!run.history) return <TimelineRoom />;
  const { tick_s } = run.history.schema;
  const running = badge.kind === "live" || badge.kind === "catching-up" || badge.kind === "conflated";
  const x = running ? run.speed : null;
  const progress = [
    `${clock(run.tick * tick_s)} / ${clock(run.n_ticks * tick_s)}`,
    `${Math.floor(100 * share)} %`,
    x === null ? "" : `${speed(x)} real time`,
  ];
  return (
    <Timeline
      stage={stage}
      run={run}
      history={run.history}
      others={others}
      progress={progress.filter(Boolean).join(" · ")}
    />
  );
}
