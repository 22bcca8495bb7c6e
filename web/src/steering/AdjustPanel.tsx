import { CloseButton } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";

import { useRunVersion, type SessionStream } from "../stream/useSessionStream";
import classes from "./AdjustPanel.module.css";
import { Controllers } from "./Controllers";
import { Models } from "./Models";
import { whyNot } from "./steering";
import { Storages } from "./Storages";
import { Taps } from "./Taps";

interface Props {
  readonly stream: SessionStream;
  readonly onClose: () => void;
}

/** What people can change in the simulation while it runs, made from the run's schema. */
export default function AdjustPanel({ stream, onClose }: Props) {
  const { run } = stream;
  useRunVersion(run, 150);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // For the keyboard: the fields come next, not after all charts.
    panel.current?.focus({ preventScroll: true });
  }, []);
  const { history } = run;
  if (!history) return null;
  const { schema } = history;
  const why = whyNot(stream);
  const automatic = schema.controllers.some(({ name }) => run.helm.enabled(name) !== false);
  return (
    <section
      ref={panel}
      tabIndex={-1}
      id="adjust-panel"
      className={classes["panel"]}
      aria-labelledby="adjust-title"
    >
      <header className={classes["head"]}>
        <h2 id="adjust-title" className={classes["title"]}>
          Adjust
        </h2>
        <CloseButton size="sm" aria-label="Close" onClick={onClose} />
      </header>
      <p className={classes["note"]}>
        {why ?? "Takes effect from the next tick on, for everybody who watches."}
      </p>
      <fieldset className={classes["all"]} disabled={why !== null}>
        {schema.controllers.length > 0 && (
          <Part title="Controllers" note={automatic ? "One that is on may undo what is set by hand." : null}>
            <Controllers stream={stream} controllers={schema.controllers} />
          </Part>
        )}
        {schema.datacenters.map((datacenter) => (
          <Part key={datacenter.name} title={`Datacenter ${datacenter.name}`} note={null}>
            <Models stream={stream} history={history} datacenter={datacenter} />
          </Part>
        ))}
        {schema.regulators.length > 0 && (
          <Part title="Regulator taps" note={null}>
            <Taps stream={stream} taps={history.taps} />
          </Part>
        )}
        {schema.storages.length > 0 && (
          <Part title="Storage" note="Above zero it discharges, or injects reactive power.">
            <Storages stream={stream} history={history} />
          </Part>
        )}
      </fieldset>
    </section>
  );
}

interface PartProps {
  readonly title: string;
  readonly note: string | null;
  readonly children: ReactNode;
}

function Part({ title, note, children }: PartProps) {
  return (
    <section className={classes["part"]} aria-label={title}>
      <h3 className={classes["partTitle"]}>{title}</h3>
      {note !== null && <p className={classes["note"]}>{note}</p>}
      {children}
    </section>
  );
}
