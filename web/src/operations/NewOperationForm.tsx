import { Button } from "@mantine/core";
import { type SyntheticEvent, useEffect, useMemo, useRef, useState } from "react";

import { Problem } from "../api/http";
import type { ScenarioDetail } from "../api/scenarios";
import { announce } from "../app/announce";
import { clock } from "../app/format";
import { CodeBox } from "../components/CodeBox";
import { Trouble } from "../components/Trouble";
import { FeederPicture, MarkLegend } from "../newrun/FeederPicture";
import type { Shape } from "../newrun/shape";
import { candidates } from "../tasks/draft";
import classes from "../tasks/NewTask.module.css";
import { Figure } from "../tasks/SpaceEditor";
import { ChangesEditor } from "./ChangesEditor";
import { type Draft, firstDraft, PRESETS, simulationsOf, wishOf } from "./draft";
import { OpFields } from "./OpFields";
import { refusals } from "./refusals";
import { asCli, asCurl, asPython } from "./snippets";
import type { Op } from "./status";
import { useCreate } from "./useCreate";
import { OP_WORDS } from "./words";

interface Props {
  readonly op: Op;
  /** For a scan: a scenario of which its changes are fields. */
  readonly detail: ScenarioDetail;
  readonly shape: Shape;
}

/** The form of one operation about one scenario; another one is another form. */
export function NewOperationForm({ op, detail, shape }: Props) {
  const known = useMemo(
    () => candidates(shape, detail.config, detail.feeder_detail.three_phase_sites),
    [shape, detail],
  );
  const [draft, setDraft] = useState(() => firstDraft(known));
  // What was sent: its refusals are about that, whatever was changed since.
  const [sent, setSent] = useState(draft);
  const create = useCreate();
  const form = useRef<HTMLFormElement>(null);
  const wish = useMemo(() => wishOf(op, detail.name, draft, known), [op, detail.name, draft, known]);
  const { at, homeless } = useMemo(
    () => refusals(create.error instanceof Problem ? create.error.errors : [], op, sent),
    [create.error, op, sent],
  );
  const homelessText = [...homeless, ...(at.has("name") ? [at.get("name")] : [])].join("; ");
  const trouble =
    create.error === null || (at.size > 0 && homelessText === "")
      ? null
      : homelessText === ""
        ? create.error.message
        : homelessText;
  // To the first field that was refused.
  useEffect(() => {
    if (!create.error) return;
    announce(`The analysis was not started: ${create.error.message}`);
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-problem]')?.focus();
  }, [create.error]);
  const change = (part: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...part }));
  };
  const simulations = simulationsOf(wish);
  const duration_s = typeof draft.duration_s === "number" ? draft.duration_s : PRESETS.duration_s[op];
  return (
    <form
      ref={form}
      className={classes["page"]}
      aria-label="New analysis"
      noValidate
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        if (create.isPending) return;
        setSent(draft);
        create.mutate(wish);
      }}
    >
      <div className={classes["parts"]}>
        <OpFields op={op} draft={draft} known={known} problems={at} onChange={change} />
        <ChangesEditor
          candidates={known}
          changes={draft.changes}
          problems={at}
          onChange={(changes) => {
            change({ changes });
          }}
        />
      </div>
      <div className={classes["panel"]}>
        {op !== "scan" && (
          <>
            <FeederPicture feeder={detail.feeder_detail} config={detail.config} width={344} height={150} />
            <MarkLegend config={detail.config} />
          </>
        )}
        <div className={classes["choices"]}>
          <Figure
            label="Each point, s"
            of="Duration"
            value={draft.duration_s}
            placeholder={`${PRESETS.duration_s[op]} (${clock(PRESETS.duration_s[op])})`}
            error={at.get("duration_s")}
            onChange={(next) => {
              change({ duration_s: next });
            }}
          />
          {op !== "scan" && (
            <Figure
              label="Seed"
              value={draft.seed}
              placeholder="0"
              error={at.get("seed")}
              onChange={(seed) => {
                change({ seed });
              }}
            />
          )}
        </div>
        <p className={classes["estimate"]}>
          {simulations === null ? (
            op === "scan" ? (
              <>Every site and scenario is one simulation of {clock(duration_s)}.</>
            ) : (
              "How much it takes is known once the numbers of steps are numbers."
            )
          ) : (
            <>
              At most <strong>{simulations.toLocaleString("en")} simulations</strong> of {clock(duration_s)}{" "}
              each; what was computed before is not computed again.
            </>
          )}
        </p>
        {trouble !== null && <Trouble title="The analysis was not started" message={trouble} />}
        <Button type="submit" fullWidth loading={create.isPending}>
          {op === "scan" ? "Scan" : `${OP_WORDS[op].label} ${detail.name}`}
        </Button>
        <CodeBox
          label="The same analysis from a script"
          ways={[
            { name: "CLI", text: asCli(wish) },
            {
              name: "curl",
              text: asCurl(wish, location.origin),
              note: "It answers when the analysis is over; ?wait=false answers at once.",
            },
            { name: "Python", text: asPython(wish, location.origin) },
          ]}
        />
      </div>
    </form>
  );
}
