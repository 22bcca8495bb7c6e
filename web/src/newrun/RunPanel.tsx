import { Button, NativeSelect, NumberInput, TextInput } from "@mantine/core";

import type { ScenarioDetail } from "../api/scenarios";
import type { NewSession, OnIdle } from "../api/sessions";
import { clock } from "../app/format";
import { Trouble } from "../components/Trouble";
import type { Json } from "../stream/frames";
import { isObject, type Overrides } from "./config";
import { Estimate } from "./Estimate";
import { FeederPicture, MarkLegend } from "./FeederPicture";
import { shown } from "./Fields";
import classes from "./NewRun.module.css";
import { Snippets } from "./Snippets";

const SPEEDS = [
  { value: "max", label: "As fast as possible" },
  { value: "1", label: "1× real time" },
  { value: "10", label: "10×" },
  { value: "60", label: "60×" },
  { value: "300", label: "300×" },
];

const ON_IDLE: readonly { readonly value: OnIdle; readonly label: string }[] = [
  { value: "continue", label: "Goes on" },
  { value: "pause", label: "Pauses" },
  { value: "stop", label: "Stops" },
];

/** What is asked for beside the scenario's configuration; as typed, so that the service can judge it. */
export interface RunChoice {
  readonly title: string;
  readonly seed: string | number;
  readonly speed: string;
  readonly onIdle: OnIdle;
}

export const FIRST_CHOICE: RunChoice = { title: "", seed: 0, speed: "max", onIdle: "continue" };

export function wishOf(scenario: string, choice: RunChoice, overrides: Overrides): NewSession {
  return {
    scenario,
    seed: choice.seed === "" ? 0 : Number(choice.seed),
    speed: choice.speed === "max" ? "max" : Number(choice.speed),
    on_idle: choice.onIdle,
    overrides,
    ...(choice.title.trim() === "" ? {} : { title: choice.title.trim() }),
  };
}

interface Props {
  readonly detail: ScenarioDetail;
  readonly config: Json;
  readonly choice: RunChoice;
  readonly wish: NewSession;
  readonly problems: ReadonlyMap<string, string>;
  /** What went wrong and has no field; null where all is well. */
  readonly trouble: string | null;
  readonly pending: boolean;
  readonly onChoice: (choice: RunChoice) => void;
  readonly onDuration: (duration_s: Json | undefined) => void;
  readonly onTakeBack: (override: string) => void;
}

/** The picked scenario, how it shall run, and the button. */
export function RunPanel(props: Props) {
  const { detail, config, choice, wish, problems, trouble, pending, onChoice, onDuration, onTakeBack } =
    props;
  const duration = isObject(config) ? config["duration_s"] : undefined;
  const change = (part: Partial<RunChoice>) => {
    onChoice({ ...choice, ...part });
  };
  return (
    <div className={classes["panel"]}>
      <div className={classes["chosen"]}>
        <FeederPicture feeder={detail.feeder_detail} config={config} width={344} height={190} />
        <MarkLegend config={config} />
        <h2 className={classes["chosenTitle"]}>{detail.title}</h2>
        <p className={classes["help"]}>{detail.description}</p>
      </div>
      <div className={classes["choices"]}>
        <TextInput
          size="xs"
          label="Title"
          className={classes["wide"] ?? ""}
          placeholder={detail.title}
          value={choice.title}
          error={problems.get("title")}
          autoComplete="off"
          onChange={(event) => {
            change({ title: event.currentTarget.value });
          }}
        />
        <NumberInput
          size="xs"
          label="Duration, s"
          placeholder={`${detail.duration_s} (${clock(detail.duration_s)})`}
          value={typeof duration === "number" || typeof duration === "string" ? duration : ""}
          onChange={(next) => {
            onDuration(next === "" ? undefined : next);
          }}
          clampBehavior="none"
          allowDecimal={false}
          error={problems.get("duration_s")}
        />
        <NumberInput
          size="xs"
          label="Seed"
          value={choice.seed}
          onChange={(seed) => {
            change({ seed });
          }}
          clampBehavior="none"
          allowDecimal={false}
          error={problems.get("seed")}
        />
        <NativeSelect
          size="xs"
          label="Speed"
          data={SPEEDS}
          value={choice.speed}
          error={problems.get("speed")}
          onChange={(event) => {
            change({ speed: event.currentTarget.value });
          }}
        />
        <NativeSelect
          size="xs"
          label="If nobody watches"
          data={[...ON_IDLE]}
          value={choice.onIdle}
          error={problems.get("on_idle")}
          onChange={(event) => {
            const { value } = event.currentTarget;
            change({ onIdle: ON_IDLE.find((option) => option.value === value)?.value ?? "continue" });
          }}
        />
      </div>
      <Changes overrides={wish.overrides} onTakeBack={onTakeBack} />
      <Estimate scenario={detail.name} feeder={detail.feeder} config={config} speed={wish.speed} />
      {trouble !== null && <Trouble title="The run was not started" message={trouble} />}
      <div className={classes["go"]}>
        <Button type="submit" fullWidth loading={pending}>
          Run {detail.name}
        </Button>
      </div>
      <Snippets wish={wish} />
    </div>
  );
}

interface ChangesProps {
  readonly overrides: Overrides;
  readonly onTakeBack: (override: string) => void;
}

/** What differs from the scenario, each with a way back. */
function Changes({ overrides, onTakeBack }: ChangesProps) {
  const entries = Object.entries(overrides);
  if (entries.length === 0) return null;
  return (
    <section aria-label="What differs from the scenario">
      <ul className={classes["overrides"]}>
        {entries.map(([path, value]) => (
          <li key={path}>
            <span title={`${path} = ${shown(value)}`}>
              <b>{path}</b> {shown(value)}
            </span>
            <button
              type="button"
              aria-label={`Take back ${path}`}
              title="Take back"
              onClick={() => {
                onTakeBack(path);
              }}
            >
              ↩
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
