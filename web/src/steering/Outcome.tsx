import type { SessionStream } from "../stream/useSessionStream";
import classes from "./Outcome.module.css";
import { commandName, fateText } from "./steering";

interface Props {
  readonly stream: SessionStream;
  readonly slot: string;
  /** Says which command it was: where one place serves several. */
  readonly named?: boolean;
}

/** What became of the last command of a control, beside it. Told aloud by `Announcer`. */
export function Outcome({ stream, slot, named = false }: Props) {
  const { run } = stream;
  const asked = run.commands.of(slot);
  if (!asked) return null;
  const text = fateText(asked, (tick) => run.history?.time(tick) ?? 0);
  return (
    <span className={classes["outcome"]} data-fate={asked.fate.kind} data-testid={`outcome:${slot}`}>
      {named ? `${commandName(asked.command)}: ${text}` : text}
    </span>
  );
}
