import { Radio, Skeleton } from "@mantine/core";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useRef } from "react";

import type { Feeder } from "../api/feeder";
import { type Scenario, scenarioQuery } from "../api/scenarios";
import { feederName } from "../sessions/facts";
import { FeederPicture } from "./FeederPicture";
import classes from "./NewRun.module.css";

const WIDTH_PX = 84;
const HEIGHT_PX = 54;
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

interface Props {
  readonly scenarios: readonly Scenario[] | undefined;
  readonly picked: string | undefined;
  readonly onPick: (name: string) => void;
}

/** The feeders in the catalogue's order, each with its scenarios. */
function byFeeder(scenarios: readonly Scenario[]): readonly (readonly [string, readonly Scenario[]])[] {
  const feeders = [...new Set(scenarios.map(({ feeder }) => feeder))];
  return feeders.map((feeder) => [feeder, scenarios.filter((scenario) => scenario.feeder === feeder)]);
}

/** One configuration for each feeder is enough to draw it on all of its cards. */
function useFeeders(scenarios: readonly Scenario[]): ReadonlyMap<string, Feeder> {
  const answers = useQueries({
    queries: byFeeder(scenarios).flatMap(([, [first]]) => (first ? [scenarioQuery(first.name)] : [])),
  });
  return new Map(answers.flatMap(({ data }) => (data ? [[data.feeder, data.feeder_detail]] : [])));
}

export function ScenarioCards({ scenarios, picked, onPick }: Props) {
  const feeders = useFeeders(scenarios ?? []);
  const cards = useRef<HTMLDivElement>(null);
  const queries = useQueryClient();
  if (!scenarios) {
    return (
      <div aria-busy="true">
        {[0, 1, 2].map((i) => (
          <Skeleton key={i} height={210} mb={16} animate={false} />
        ))}
      </div>
    );
  }
  // As radios do: one stop for Tab, and arrows from one to the next.
  const stop = picked ?? scenarios[0]?.name;
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    const at = scenarios.findIndex(({ name }) => name === stop);
    const next = scenarios[(at + (step ?? 0) + scenarios.length) % scenarios.length];
    if (step === undefined || !next) return;
    event.preventDefault();
    onPick(next.name);
    cards.current?.querySelector<HTMLElement>(`[role="radio"][value="${CSS.escape(next.name)}"]`)?.focus();
  };
  return (
    <Radio.Group
      ref={cards}
      onKeyDown={onKeyDown}
      value={picked ?? null}
      onChange={onPick}
      aria-label="Scenario"
      className={classes["feeders"]}
    >
      {byFeeder(scenarios).map(([feeder, members]) => (
        <section key={feeder} aria-labelledby={`feeder-${feeder}`}>
          <h2 id={`feeder-${feeder}`} className={classes["feeder"]}>
            {feederName(feeder)}-bus feeder
          </h2>
          <div className={classes["cards"]}>
            {members.map(({ name, title, description }) => (
              <Radio.Card
                key={name}
                value={name}
                tabIndex={name === stop ? 0 : -1}
                className={classes["card"]}
                aria-label={title}
                title={description}
                onMouseEnter={() => {
                  // Only so that it is here when it is picked.
                  queries.query(scenarioQuery(name)).catch(() => undefined);
                }}
              >
                <Sketch feeder={feeders.get(feeder)} />
                <span className={classes["words"]}>
                  <span className={classes["title"]}>{tail(title)}</span>
                  <span className={classes["name"]}>{name}</span>
                </span>
                <Radio.Indicator className={classes["dot"]} size="xs" />
              </Radio.Card>
            ))}
          </div>
        </section>
      ))}
    </Radio.Group>
  );
}

function Sketch({ feeder }: { readonly feeder: Feeder | undefined }) {
  return (
    <span className={classes["sketch"]} style={{ width: WIDTH_PX, height: HEIGHT_PX }}>
      {feeder && <FeederPicture feeder={feeder} config={null} width={WIDTH_PX} height={HEIGHT_PX} />}
    </span>
  );
}

/** `no control` for `IEEE 13, no control`: the feeder stands above. */
function tail(title: string): string {
  const words = title.replace(/^IEEE \d+,\s*/, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
