import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";

import { turnWheel, type WheelTurn } from "../api/wheel";
import { announce } from "../app/announce";
import type { SessionStream } from "../stream/useSessionStream";
import classes from "./Transport.module.css";

/** Who alone steers, and what this page may do about it. Nothing where there are no accounts. */
export function WheelControl({ stream }: { readonly stream: SessionStream }) {
  const { run, socket } = stream;
  const sessionId = run.session?.id ?? "";
  const turn = useMutation({
    mutationFn: (wanted: WheelTurn) => turnWheel(sessionId, wanted),
    onSuccess: (wheel) => {
      run.turned(wheel);
      announce(wheel.holder === null ? "Nobody has the wheel." : `${wheel.holder} has the wheel.`);
    },
  });
  const wheel = run.viewers?.wheel ?? null;
  if (wheel === null || socket.state.phase !== "open") return null;
  const { me } = run;
  const mine = wheel.holder !== null && wheel.holder === me;
  const rules = run.role === "owner" || run.role === "admin";
  const wants = me !== null && wheel.asked.includes(me);

  const button = (label: string, wanted: WheelTurn) => (
    <Button
      key={label}
      size="compact-xs"
      variant="subtle"
      disabled={turn.isPending}
      onClick={() => {
        turn.mutate(wanted);
      }}
    >
      {label}
    </Button>
  );

  return (
    <span className={classes["wheel"]} role="group" aria-label="Wheel">
      {wheel.holder !== null && (
        <span className={classes["note"]}>
          {mine ? "You have the wheel" : `${wheel.holder} has the wheel`}
        </span>
      )}
      {run.role !== "viewer" && (
        <>
          {(wheel.holder === null || (rules && !mine)) && button("Take the wheel", { action: "take" })}
          {wheel.holder !== null && !mine && !rules && !wants && button("Ask for it", { action: "ask" })}
          {!mine && wants && button("Asked; never mind", { action: "refuse", name: me })}
          {mine && button("Let go", { action: "let-go" })}
        </>
      )}
      {(mine || rules) &&
        wheel.asked
          .filter((name) => name !== me)
          .map((name) => (
            <span key={name} className={classes["asks"]}>
              <span className={classes["note"]}>{name} asks for it</span>
              {button(`Give it to ${name}`, { action: "give", name })}
              {button(`Not to ${name}`, { action: "refuse", name })}
            </span>
          ))}
      {turn.error && (
        <span className={classes["refused"]} role="alert">
          {turn.error.message}
        </span>
      )}
    </span>
  );
}
