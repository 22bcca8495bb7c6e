import { Button, Group, NativeSelect, NumberInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";

import { announce } from "../app/announce";
import type { Stage } from "../charts/stage";
import { isEnded, type Session } from "../stream/frames";
import type { SessionStream } from "../stream/useSessionStream";
import { ForkButton } from "./ForkButton";
import { Outcome } from "./Outcome";
import { Help } from "./Help";
import { type Shortcut, shortcutOf } from "./shortcuts";
import { commandName, fateText, onlyWatches, speedText, untilText, WATCHING, whyNot } from "./steering";
import { StopButton } from "./StopButton";
import classes from "./Transport.module.css";
import { UntilButton } from "./UntilButton";
import { WheelControl } from "./WheelControl";

/** Where the focus goes back to when the panel closes. */
export const ADJUST_BUTTON = "adjust-button";
const SPEEDS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 100, 300, 1000, "max"] as const;
const MAX_STEP = 100_000;
/** All that changes when ticks are computed shares one line of answers. */
const SLOT = "transport";

interface Props {
  readonly stream: SessionStream;
  readonly stage: Stage;
  readonly session: Session | null;
  readonly panelOpen: boolean;
  readonly onPanel: () => void;
}

/** What changes when ticks are computed, the ways out of this run, and the key to the panel that changes what is computed. */
export function Transport({ stream, stage, session, panelOpen, onPanel }: Props) {
  const { run } = stream;
  const over = (run.ended && !run.catchingUp) || (session !== null && isEnded(session.status));
  const [help, setHelp] = useState(false);
  const [ticks, setTicks] = useState<number | string>(1);
  const speed = useRef<HTMLSelectElement>(null);
  const why = whyNot(stream);
  const watching = onlyWatches(run);
  useTold(stream);
  const paused = run.status === "paused";
  const pending = run.commands.of(SLOT)?.fate.kind === "sent";

  const toggle = () => {
    stream.command(SLOT, paused ? "resume" : "pause");
  };
  const step = () => {
    if (typeof ticks === "number" && ticks >= 1) stream.command(SLOT, "step", { ticks });
  };
  useKeys((key) => {
    if (key === "help") setHelp((shown) => !shown);
    else if (key === "live") stage.seek(null);
    else if (over || watching) return false;
    else if (key === "speed") speed.current?.focus();
    else if (why !== null || pending) return true;
    else if (key === "toggle") toggle();
    else if (paused) step();
    return true;
  });

  return (
    <div
      className={classes["bar"]}
      role="group"
      aria-label="Steering"
      title={over || watching ? undefined : (why ?? undefined)}
    >
      {!over && watching && (
        <>
          <span className={classes["watching"]}>
            {WATCHING}
            {session && ` Ask ${session.owner} for a link that lets you.`}
          </span>
          {run.helm.speed !== null && (
            <span className={classes["watching"]}>
              {run.helm.speed === "max" ? "Max speed" : `Speed ${speedText(run.helm.speed)}`}
            </span>
          )}
        </>
      )}
      {!over && !watching && (
        <>
          <Button
            size="xs"
            className={classes["toggle"]}
            variant={paused ? "filled" : "default"}
            disabled={why !== null || pending}
            leftSection={<Icon d={paused ? "M4 2.5v11l9-5.5z" : "M4 3h3v10H4z M9 3h3v10H9z"} />}
            onClick={toggle}
          >
            {paused ? "Resume" : "Pause"}
          </Button>
          <div className={classes["step"]}>
            <Button size="xs" variant="default" disabled={why !== null || pending || !paused} onClick={step}>
              Step
            </Button>
            <NumberInput
              size="xs"
              aria-label="Ticks a step"
              value={ticks}
              onChange={setTicks}
              min={1}
              max={MAX_STEP}
              allowDecimal={false}
              clampBehavior="strict"
              suffix={ticks === 1 ? " tick" : " ticks"}
              hideControls
              disabled={why !== null || !paused}
              w={92}
              onKeyDown={(event) => {
                if (event.key === "Enter" && !pending) step();
              }}
            />
          </div>
          <SpeedSelect stream={stream} ref={speed} disabled={why !== null} />
          <UntilButton stream={stream} disabled={why !== null} />
        </>
      )}
      {!over && (
        <>
          {run.behind_s !== null && !paused && (
            <span className={classes["behind"]} title="This machine cannot compute the run any faster.">
              {run.behind_s.toFixed(1)} s behind
            </span>
          )}
          {run.helm.until && <span className={classes["note"]}>until {untilText(run.helm.until)}</span>}
          <Outcome stream={stream} slot={SLOT} named />
          <WheelControl stream={stream} />
        </>
      )}
      <Group gap="xs" ml="auto">
        {!over && !watching && (
          <>
            <Button
              size="xs"
              id={ADJUST_BUTTON}
              variant={panelOpen ? "light" : "default"}
              aria-expanded={panelOpen}
              disabled={!run.history}
              onClick={onPanel}
            >
              Adjust
            </Button>
            <StopButton stream={stream} disabled={why !== null} />
          </>
        )}
        <ForkButton run={run} stage={stage} session={session} />
        <Help opened={help} onChange={setHelp} />
      </Group>
    </div>
  );
}

/** `g` and a letter go to another page (app/keys.ts): the letter is then not meant for this one. */
const LEADER_MS = 1_200;

/** `act` answers whether it took the key. */
function useKeys(act: (key: Shortcut) => boolean): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    let leaderMs = Number.NEGATIVE_INFINITY;
    const onKeyDown = (event: KeyboardEvent) => {
      const led = event.timeStamp - leaderMs < LEADER_MS;
      leaderMs = event.key === "g" ? event.timeStamp : Number.NEGATIVE_INFINITY;
      const key = led ? null : shortcutOf(event);
      // Space must not scroll the page, nor `s` choose an option of the select that it just focused.
      if (key !== null && latest.current(key)) event.preventDefault();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => {
      window.removeEventListener("keydown", onKeyDown);
    };
  }, []);
}

interface SpeedProps {
  readonly stream: SessionStream;
  readonly disabled: boolean;
  readonly ref: React.Ref<HTMLSelectElement>;
}

/** Shows the speed in force, not the one asked for. */
function SpeedSelect({ stream, disabled, ref }: SpeedProps) {
  const now = stream.run.helm.speed;
  const known = SPEEDS.some((x) => x === now);
  const options: (number | "max")[] = now === null || known ? [...SPEEDS] : [now, ...SPEEDS];
  return (
    <NativeSelect
      ref={ref}
      size="xs"
      aria-label="Speed"
      title="Simulated seconds a second"
      disabled={disabled}
      value={now === null ? "" : String(now)}
      onChange={(event) => {
        const { value } = event.currentTarget;
        if (value !== "") stream.command(SLOT, "speed", { x: value === "max" ? value : Number(value) });
      }}
      data={[
        ...(now === null ? [{ value: "", label: "speed" }] : []),
        ...options.map((x) => ({ value: String(x), label: x === "max" ? "max speed" : speedText(x) })),
      ]}
    />
  );
}

/** Tells assistive technology what became of the newest command: once each, and nothing of a run that was over before. */
function useTold({ run }: SessionStream): void {
  const { newest } = run.commands;
  useEffect(() => {
    if (newest && newest.fate.kind !== "sent") {
      announce(`${commandName(newest.command)}: ${fateText(newest, (tick) => run.history?.time(tick) ?? 0)}`);
    }
  }, [run, newest]);
}

function Icon({ d }: { readonly d: string }) {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path d={d} fill="currentColor" />
    </svg>
  );
}
