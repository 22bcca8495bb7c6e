import { useEffect, useMemo, useRef, useState } from "react";

import { clock } from "../app/format";
import { css } from "../charts/palette";
import type { Stage } from "../charts/stage";
import { useScheme } from "../charts/useScheme";
import { useSize } from "../charts/useSize";
import type { Feeder } from "../api/feeder";
import type { History } from "../stream/history";
import classes from "./Profile.module.css";
import { profileOf, worstMoment } from "./profile";
import { ProfilePicture } from "./ProfilePicture";

interface Props {
  readonly stage: Stage;
  readonly history: History;
  readonly feeder: Feeder;
}

const SUMMARY_EVERY_MS = 3_000;

/** Voltage of every monitored bus phase against its distance from the substation, at the moment shown and at the worst one. */
export default function ProfileChart({ stage, history, feeder }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const readout = useRef<HTMLOutputElement>(null);
  const picture = useRef<ProfilePicture>(null);
  const { width, height } = useSize(host);
  const scheme = useScheme();
  const profile = useMemo(() => profileOf(feeder, history), [feeder, history]);
  const label = useSummary(history, profile.most_km);

  useEffect(() => {
    if (!canvas.current || width === 0 || height === 0) return;
    const made = new ProfilePicture(
      canvas.current,
      { width, height },
      stage,
      history,
      profile,
      () => readout.current,
    );
    picture.current = made;
    const leave = stage.add(made);
    return () => {
      leave();
      made.destroy();
      picture.current = null;
    };
  }, [stage, history, profile, width, height, scheme]);

  return (
    <>
      <div
        ref={host}
        className={classes["host"]}
        role="img"
        aria-label={label}
        tabIndex={0}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (by === undefined) return;
          picture.current?.step(by);
          event.preventDefault();
        }}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          picture.current?.hover([event.clientX - box.left, event.clientY - box.top]);
        }}
        onPointerLeave={() => picture.current?.hover(null)}
      >
        <canvas ref={canvas} aria-hidden="true" />
      </div>
      <ul className={classes["legend"]}>
        {history.envelope.map(({ phase }) => (
          <li key={phase}>
            <span className={classes["swatch"]} style={{ background: css(`phase-${phase}`) }} />
            Phase {phase.toUpperCase()}
          </li>
        ))}
        <li>
          <span className={classes["dashed"]} />
          <button
            type="button"
            className={classes["jump"]}
            title="Show the whole page as of the worst moment"
            onClick={() => {
              const worst = worstMoment(history);
              if (worst) stage.seek(worst.tick);
            }}
          >
            worst moment
          </button>
        </li>
        <li>
          <output ref={readout} className={classes["readout"]} aria-live="off" />
        </li>
      </ul>
    </>
  );
}

function useSummary(history: History, most_km: number): string {
  const read = () => {
    const worst = worstMoment(history);
    const when = worst ? ` The worst moment was ${clock(history.time(worst.tick), true)}.` : "";
    return `Voltage against distance from the substation, ${history.voltages.length} bus phases over ${most_km.toFixed(1)} km.${when} Left and right arrow read bus by bus.`;
  };
  const [text, setText] = useState(read);
  useEffect(() => {
    const id = setInterval(() => {
      setText(read());
    }, SUMMARY_EVERY_MS);
    return () => {
      clearInterval(id);
    };
  });
  return text;
}
