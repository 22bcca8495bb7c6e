/** Writes the event log of a run: what happened, in words, with who did it and when. */

import type { CommandFrame, Control, Past, SimEvent, StatusFrame } from "./frames";
import { describe, EventLog, type LogLine } from "./log";
import type { Run } from "./run";

/** `ann` for `user:ann`. */
function nameOf(by: string): string {
  return by.replace(/^(user|controller):/, "");
}

export class Chronicle {
  log = new EventLog();
  /** Ids of the commands whose answer was in the log. */
  private readonly answered = new Set<string>();
  private readonly run: Pick<Run, "history" | "commands">;

  constructor(run: Pick<Run, "history" | "commands">) {
    this.run = run;
  }

  /** Begins anew with the log; what is known of answers stays. */
  clear(): void {
    this.log = new EventLog();
  }

  forget(): void {
    this.clear();
    this.answered.clear();
  }

  event({ t_s, source, topic, data }: SimEvent): void {
    const text = [topic, describe(data)].filter(Boolean).join(": ");
    this.log.add({ kind: "event", t_s, by: source, text, bad: false });
  }

  /** What took effect; nothing where the answer to the command has told it already. */
  control({ command_id, command, args, by, tick }: Control): void {
    if (command_id !== null && this.answered.has(command_id)) return;
    this.log.add({
      kind: by.startsWith("controller:") ? "control" : "command",
      t_s: this.run.history?.time(tick) ?? null,
      by: this.author(by, command_id),
      text: [command, describe(args)].filter(Boolean).join(": "),
      bad: false,
    });
  }

  answer(frame: CommandFrame): void {
    const refused = frame.status === "rejected";
    this.answered.add(frame.command_id);
    this.log.add({
      ...this.at(frame.tick, "command"),
      by: this.author(frame.by, frame.command_id),
      text: [frame.command, describe(frame.args), refused ? `refused: ${frame.error ?? ""}` : "applied"]
        .filter(Boolean)
        .join(" · "),
      bad: refused,
    });
  }

  status(frame: StatusFrame): void {
    this.log.add({
      ...this.at(frame.tick, "status"),
      by: "run",
      text: frame.reason === null ? frame.status : `${frame.status}: ${frame.reason}`,
      bad: frame.status === "failed",
    });
  }

  /** Something that people should know of this page or its connection. */
  note(text: string, bad = true): void {
    this.log.add({ kind: "notice", t_s: null, by: "page", text, bad });
  }

  cameLate(t_s: number): void {
    this.log.add({
      kind: "notice",
      t_s,
      by: "page",
      text: "this page came late: of the time before, what changed the run is shown, and its events",
      bad: false,
    });
  }

  /** Tells a stretch whose log was not read, in the order of its ticks; of its events and controls those that are `wanted`. */
  recall(
    { events, controls }: Pick<Past, "events" | "controls">,
    applied: readonly Control[],
    wanted: (what: { readonly tick: number }) => boolean,
  ): void {
    const told = new Set(applied.map(({ command_id }) => command_id));
    const lines: { readonly tick: number; readonly tell: () => void }[] = events
      .filter(wanted)
      .map((event) => ({
        tick: event.tick,
        tell: () => {
          this.event(event);
        },
      }));
    for (const control of [...controls.filter(({ command_id }) => !told.has(command_id)), ...applied]) {
      if (!wanted(control) || (control.command_id !== null && this.answered.has(control.command_id)))
        continue;
      lines.push({
        tick: control.tick,
        tell: () => {
          this.control(control);
        },
      });
    }
    for (const { tell } of lines.sort((one, other) => one.tick - other.tick)) tell();
    for (const { command_id, tick } of applied) {
      if (command_id === null) continue;
      this.answered.add(command_id);
      this.run.commands.applied(command_id, tick);
    }
  }

  /** Says so where the command came from this page. */
  private author(by: string, commandId: string | null): string {
    return commandId !== null && this.run.commands.isOwn(commandId) ? `${nameOf(by)} (you)` : nameOf(by);
  }

  private at(tick: number, kind: LogLine["kind"]): Pick<LogLine, "kind" | "t_s"> {
    return { kind, t_s: this.run.history?.time(tick) ?? null };
  }
}
