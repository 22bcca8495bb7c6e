import { Button, Group, NativeSelect, NumberInput, Popover, SegmentedControl, Stack } from "@mantine/core";
import { type SyntheticEvent, useState } from "react";

import { clock } from "../app/format";
import type { Args } from "../stream/commands";
import type { Schema } from "../stream/frames";
import type { SessionStream } from "../stream/useSessionStream";
import { Outcome } from "./Outcome";

const SLOT = "until";

/** Go on, and pause at a time or when a voltage leaves a bound. */
export function UntilButton({
  stream,
  disabled,
}: {
  readonly stream: SessionStream;
  readonly disabled: boolean;
}) {
  const [opened, setOpened] = useState(false);
  /** The last command when this was opened: one that came later and was applied closes it. */
  const [before, setBefore] = useState<string | null>(null);
  const { history } = stream.run;
  const asked = stream.run.commands.of(SLOT);
  const shown = opened && !(asked?.fate.kind === "applied" && asked.id !== before);
  return (
    <Popover opened={shown} onChange={setOpened} position="bottom-start" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          disabled={disabled || !history}
          onClick={() => {
            setBefore(asked?.id ?? null);
            setOpened(!shown);
          }}
        >
          Run until…
        </Button>
      </Popover.Target>
      <Popover.Dropdown w="min(330px, 92vw)">
        {history && (
          <UntilForm stream={stream} schema={history.schema} now_s={history.now_s} disabled={disabled} />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

interface FormProps {
  readonly stream: SessionStream;
  readonly schema: Schema;
  readonly now_s: number;
  readonly disabled: boolean;
}

function UntilForm({ stream, schema, now_s, disabled }: FormProps) {
  const end_s = schema.n_ticks * schema.tick_s;
  const buses = [...new Set(schema.bus_phases.map(([bus]) => bus))];
  const [kind, setKind] = useState("time");
  const [t_s, setTime] = useState<number | string>(() => Math.min(end_s, Math.ceil(now_s / 60 + 1) * 60));
  const [bus, setBus] = useState(buses[0] ?? "");
  const [phase, setPhase] = useState("any");
  const [side, setSide] = useState<"below" | "above">("below");
  const [bound, setBound] = useState<number | string>(schema.v_min);
  const phases = schema.bus_phases.filter((pair) => pair[0] === bus).map((pair) => pair[1]);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const args: Args | null =
      kind === "time"
        ? typeof t_s === "number"
          ? { t_s }
          : null
        : typeof bound === "number"
          ? { bus, ...(phase === "any" ? {} : { phase }), [side]: bound }
          : null;
    if (args && !disabled) stream.command(SLOT, "run_until", args);
  };

  return (
    <form onSubmit={submit} aria-label="Run until">
      <Stack gap="xs">
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label="Run until"
          value={kind}
          onChange={setKind}
          data={[
            { value: "time", label: "a time" },
            { value: "voltage", label: "a voltage" },
          ]}
        />
        {kind === "time" ? (
          <NumberInput
            size="xs"
            label="Simulated time, s"
            description={`Now ${clock(now_s)}; the run ends at ${clock(end_s)}, ${end_s} s`}
            value={t_s}
            onChange={setTime}
            min={0}
            max={end_s}
            step={60}
          />
        ) : (
          <>
            <Group gap="xs" grow>
              <NativeSelect
                size="xs"
                label="Bus"
                data={buses}
                value={bus}
                onChange={(event) => {
                  setBus(event.currentTarget.value);
                  setPhase("any");
                }}
              />
              <NativeSelect
                size="xs"
                label="Phase"
                data={["any", ...phases]}
                value={phase}
                onChange={(event) => {
                  setPhase(event.currentTarget.value);
                }}
              />
            </Group>
            <Group gap="xs" grow>
              <NativeSelect
                size="xs"
                label="Is"
                data={["below", "above"]}
                value={side}
                onChange={(event) => {
                  const next = event.currentTarget.value === "above" ? "above" : "below";
                  setSide(next);
                  setBound(next === "above" ? schema.v_max : schema.v_min);
                }}
              />
              <NumberInput
                size="xs"
                label="Voltage, pu"
                value={bound}
                onChange={setBound}
                min={0.5}
                max={1.5}
                step={0.005}
                decimalScale={5}
              />
            </Group>
          </>
        )}
        <Group gap="xs" justify="space-between" wrap="nowrap">
          <Outcome stream={stream} slot={SLOT} />
          <Button type="submit" size="xs" disabled={disabled} ml="auto" style={{ flexShrink: 0 }}>
            Go on
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
