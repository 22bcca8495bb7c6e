import { Button, NumberInput } from "@mantine/core";
import { useState } from "react";

import type { NamedColumn } from "../stream/history";
import type { SessionStream } from "../stream/useSessionStream";
import { figure, Row } from "./Row";
import { TAP_STEP, tapStep } from "./steering";

interface Props {
  readonly stream: SessionStream;
  readonly taps: readonly NamedColumn[];
}

export function Taps({ stream, taps }: Props) {
  return taps.map(({ name, column }) => <Tap key={name} stream={stream} name={name} ratio={column.last()} />);
}

interface TapProps {
  readonly stream: SessionStream;
  readonly name: string;
  readonly ratio: number;
}

function Tap({ stream, name, ratio }: TapProps) {
  const [wanted, setWanted] = useState<number | string>("");
  const slot = `tap:${name}`;
  // The history holds 32 bits a value: 1.00625 comes back with noise in its eighth digit.
  const now = Math.round(ratio * 1e5) / 1e5;
  return (
    <Row
      stream={stream}
      slot={slot}
      label={name}
      now={figure(now, (value) => `${value} (${tapStep(value)})`)}
      onSubmit={() => {
        if (typeof wanted === "number") stream.command(slot, "set_taps", { regulators: { [name]: wanted } });
      }}
    >
      <NumberInput
        size="xs"
        aria-label={`Ratio of ${name}, in steps of ${TAP_STEP}`}
        placeholder="ratio"
        value={wanted}
        onChange={setWanted}
        min={0.9}
        max={1.1}
        step={TAP_STEP}
        decimalScale={5}
        startValue={Number.isNaN(now) ? 1 : now}
        rightSectionWidth={20}
      />
      <Button type="submit" size="xs" variant="default" disabled={typeof wanted !== "number"}>
        {typeof wanted === "number" ? `Set ${tapStep(wanted)}` : "Set"}
      </Button>
    </Row>
  );
}
