import { type SyntheticEvent, useEffect, useId, useMemo, useRef, useState } from "react";

import { Problem } from "../api/http";
import type { ScenarioDetail } from "../api/scenarios";
import { announce } from "../app/announce";
import type { Json } from "../stream/frames";
import { isObject, overridesOf, setAt, takeBack } from "./config";
import { Field, isSmall } from "./Fields";
import { type FormValue, FormProvider } from "./FormContext";
import classes from "./NewRun.module.css";
import { placeOf } from "./place";
import { byPath, RUN_FIELDS } from "./problems";
import { FIRST_CHOICE, RunPanel, wishOf } from "./RunPanel";
import type { Shape } from "./shape";
import { useStart } from "./useStart";

/** Chosen by the scenario's card, or beside the button. */
const ELSEWHERE = ["feeder", "seed", "duration_s"];

interface Props {
  readonly detail: ScenarioDetail;
  readonly shape: Shape;
}

/** The form about one scenario; another scenario is another form. */
export function NewRunForm({ detail, shape }: Props) {
  const [config, setConfig] = useState(detail.config);
  const [choice, setChoice] = useState(FIRST_CHOICE);
  const start = useStart();
  const form = useRef<HTMLFormElement>(null);
  const busList = useId();

  const overrides = useMemo(() => overridesOf(detail.config, config), [detail.config, config]);
  const wish = wishOf(detail.name, choice, overrides);
  const { problems, homeless } = useMemo(
    () => sorted(start.error, shape, config),
    [start.error, shape, config],
  );
  const trouble =
    start.error === null || (problems.size > 0 && homeless.length === 0)
      ? null
      : homeless.length > 0
        ? homeless.join("; ")
        : start.error.message;

  // To the first field that was refused, once its fold is open.
  useEffect(() => {
    if (!start.error) return;
    const count = problems.size + homeless.length;
    announce(
      `The run was not started: ${count === 1 ? "one thing is" : `${Math.max(count, 1)} things are`} wrong.`,
    );
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-problem]')?.focus();
    // Only when an answer comes, not when a field is mended.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [start.error]);

  const value: FormValue = {
    original: detail.config,
    config,
    problems,
    regulators: regulatorsOf(detail.config),
    busList,
    set: (path, next) => {
      setConfig((before) => setAt(before, path, next));
    },
  };
  const fields = shape.kind === "group" ? shape.fields.filter(({ name }) => !ELSEWHERE.includes(name)) : [];

  return (
    <form
      ref={form}
      className={classes["form"]}
      aria-label="New run"
      noValidate
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        if (!start.isPending) start.mutate(wish);
      }}
    >
      <section className={classes["settings"]} aria-labelledby="settings-title">
        <h2 id="settings-title" className={classes["feeder"]}>
          Settings of {detail.name}
        </h2>
        <FormProvider value={value}>
          <datalist id={busList}>
            {detail.feeder_detail.three_phase_sites.map((bus) => (
              <option key={bus} value={bus} />
            ))}
          </datalist>
          <div className={classes["box"]}>
            <div className={classes["grid"]}>
              {fields.filter(isSmall).map((field) => (
                <Field key={field.name} field={field} path={[field.name]} />
              ))}
            </div>
            {fields
              .filter((field) => !isSmall(field))
              .map((field) => (
                <Field key={field.name} field={field} path={[field.name]} />
              ))}
          </div>
        </FormProvider>
      </section>
      <RunPanel
        detail={detail}
        config={config}
        choice={choice}
        wish={wish}
        problems={problems}
        trouble={trouble}
        pending={start.isPending}
        onChoice={setChoice}
        onDuration={(next) => {
          setConfig((before) => setAt(before, ["duration_s"], next));
        }}
        onTakeBack={(override) => {
          setConfig((before) => takeBack(detail.config, before, override));
        }}
      />
    </form>
  );
}

function regulatorsOf(config: Json): readonly string[] {
  const taps = isObject(config) ? config["initial_taps"] : undefined;
  return isObject(taps) ? Object.keys(taps) : [];
}

/** The service's words, each at the place that the form shows for it; `homeless`: those without any. */
function sorted(error: Error | null, shape: Shape, config: Json) {
  const problems = new Map<string, string>();
  const homeless: string[] = [];
  if (!(error instanceof Problem)) return { problems, homeless };
  for (const [path, msg] of byPath(error.errors)) {
    const beside = [...RUN_FIELDS, "duration_s"].find((field) => field === path && field !== "scenario");
    const place = beside ?? placeOf(shape, config, path, ELSEWHERE);
    if (place === "") homeless.push(path === "" ? msg : `${path}: ${msg}`);
    else {
      const told = place === path ? msg : `${path.slice(place.length + 1)}: ${msg}`;
      const before = problems.get(place);
      problems.set(place, before === undefined ? told : `${before}; ${told}`);
    }
  }
  return { problems, homeless };
}
