import { Button, NativeSelect, NumberInput, Radio, Skeleton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type SyntheticEvent, useState } from "react";

import { Problem } from "../api/http";
import type { Scenario } from "../api/scenarios";
import {
  newId,
  type NewSession,
  type OnIdle,
  sessionQuery,
  sessionsQuery,
  startSession,
} from "../api/sessions";
import { clock } from "../app/format";
import { Trouble } from "../components/Trouble";
import classes from "./NewRun.module.css";

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

/** Where the server's words about a field belong in this form. */
const FIELD_OF: Readonly<Record<string, "seed" | "speed" | "duration">> = {
  seed: "seed",
  speed: "speed",
  duration_s: "duration",
};

function fieldOf(loc: string): "seed" | "speed" | "duration" | undefined {
  return FIELD_OF[loc.split(".").at(-1) ?? ""];
}

/** The feeders in the catalogue's order, each with its scenarios. */
function byFeeder(scenarios: readonly Scenario[]): [string, Scenario[]][] {
  const groups = new Map<string, Scenario[]>();
  for (const scenario of scenarios) {
    const group = groups.get(scenario.feeder);
    if (group) group.push(scenario);
    else groups.set(scenario.feeder, [scenario]);
  }
  return [...groups];
}

function feederName(feeder: string): string {
  return feeder.replace(/^ieee(\d+)$/, "IEEE $1-bus feeder");
}

export function NewRun({ scenarios }: { readonly scenarios: readonly Scenario[] | undefined }) {
  const [picked, setPicked] = useState<string | null>(null);
  const [seed, setSeed] = useState<string | number>(0);
  const [duration, setDuration] = useState<string | number>("");
  const [speed, setSpeed] = useState("max");
  const [onIdle, setOnIdle] = useState<OnIdle>("continue");
  // One key for one wish: a second click, or a retry after a lost answer, does not start a second run.
  const [key, setKey] = useState(newId);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: (wish: NewSession) => startSession(wish, key),
    onSuccess: async (session) => {
      queries.setQueryData(sessionQuery(session.id, false).queryKey, session);
      void queries.invalidateQueries({ queryKey: sessionsQuery.queryKey, exact: true });
      await navigate({ to: "/sessions/$sessionId", params: { sessionId: session.id } });
    },
    onError: () => {
      setKey(newId());
    },
  });

  const scenario = scenarios?.find(({ name }) => name === picked) ?? scenarios?.[0];
  const onSubmit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!scenario || start.isPending) return;
    start.mutate({
      scenario: scenario.name,
      seed: typeof seed === "number" ? seed : 0,
      speed: speed === "max" ? "max" : Number(speed),
      on_idle: onIdle,
      overrides: typeof duration === "number" ? { duration_s: duration } : {},
    });
  };

  const problems = start.error instanceof Problem ? start.error.errors : [];
  const at = (field: string) => problems.find(({ loc }) => fieldOf(loc) === field)?.msg;
  const others = problems.filter(({ loc }) => fieldOf(loc) === undefined);

  return (
    <form onSubmit={onSubmit} className={classes["form"]} aria-label="New run">
      {scenarios ? (
        <Radio.Group
          value={scenario?.name ?? null}
          onChange={setPicked}
          aria-label="Scenario"
          className={classes["feeders"]}
        >
          {byFeeder(scenarios).map(([feeder, members]) => (
            <section key={feeder} aria-labelledby={`feeder-${feeder}`}>
              <h2 id={`feeder-${feeder}`} className={classes["feeder"]}>
                {feederName(feeder)}
              </h2>
              <div className={classes["cards"]}>
                {members.map(({ name, title, description }) => (
                  <Radio.Card
                    key={name}
                    value={name}
                    className={classes["card"]}
                    aria-label={title}
                    title={description}
                  >
                    <Radio.Indicator className={classes["dot"]} />
                    <span>
                      <span className={classes["title"]}>{title}</span>{" "}
                      <span className={classes["name"]}>{name}</span>
                      <span className={classes["description"]}>{description}</span>
                    </span>
                  </Radio.Card>
                ))}
              </div>
            </section>
          ))}
        </Radio.Group>
      ) : (
        <div className={classes["feeders"]} aria-busy="true">
          {[0, 1, 2].map((i) => (
            <Skeleton key={i} height={320} />
          ))}
        </div>
      )}
      {start.error && !problems.some(({ loc }) => fieldOf(loc) !== undefined) && (
        <Trouble
          title="The run was not started"
          message={
            others.length > 0
              ? others.map(({ loc, msg }) => (loc ? `${loc}: ${msg}` : msg)).join("; ")
              : start.error.message
          }
        />
      )}
      <div className={classes["bar"]}>
        <NumberInput
          label="Seed"
          value={seed}
          onChange={setSeed}
          min={0}
          max={2 ** 31 - 1}
          allowDecimal={false}
          error={at("seed")}
          maw={130}
        />
        <NumberInput
          label="Duration, s"
          placeholder={scenario ? `${scenario.duration_s} (${clock(scenario.duration_s)})` : ""}
          value={duration}
          onChange={setDuration}
          min={1}
          allowDecimal={false}
          error={at("duration")}
          maw={170}
        />
        <NativeSelect
          label="Speed"
          data={SPEEDS}
          value={speed}
          onChange={(event) => {
            setSpeed(event.currentTarget.value);
          }}
          error={at("speed")}
          maw={200}
        />
        <NativeSelect
          label="If nobody watches"
          data={[...ON_IDLE]}
          value={onIdle}
          onChange={(event) => {
            const { value } = event.currentTarget;
            setOnIdle(ON_IDLE.find((option) => option.value === value)?.value ?? "continue");
          }}
          maw={160}
        />
        <Button type="submit" loading={start.isPending} disabled={!scenario} className={classes["run"]}>
          Run{scenario ? ` ${scenario.name}` : ""}
        </Button>
      </div>
    </form>
  );
}
