import { ActionIcon, Button, NativeSelect, NumberInput } from "@mantine/core";
import { useState } from "react";

import type { DatacenterInfo, ModelInfo } from "../stream/frames";
import type { History, ModelSeries } from "../stream/history";
import type { SessionStream } from "../stream/useSessionStream";
import classes from "./AdjustPanel.module.css";
import { figure, Row } from "./Row";

interface Props {
  readonly stream: SessionStream;
  readonly history: History;
  readonly datacenter: DatacenterInfo;
}

/** Batch size and replicas of each model of a datacenter. */
export function Models({ stream, history, datacenter }: Props) {
  return datacenter.models.map((model) => {
    const series = history.models.find(
      (one) => one.datacenter === datacenter.name && one.label === model.label,
    );
    const props = { stream, datacenter: datacenter.name, model, series };
    return (
      <div key={model.label} role="group" className={classes["model"]} aria-label={model.label}>
        <h4 className={classes["modelTitle"]}>{model.label}</h4>
        <BatchSize {...props} />
        <Replicas {...props} />
      </div>
    );
  });
}

interface ModelProps {
  readonly stream: SessionStream;
  readonly datacenter: string;
  readonly model: ModelInfo;
  readonly series: ModelSeries | undefined;
}

function BatchSize({ stream, datacenter, model, series }: ModelProps) {
  const [size, setSize] = useState("");
  const slot = `batch:${datacenter}:${model.label}`;
  return (
    <Row
      stream={stream}
      slot={slot}
      label="Batch size"
      now={figure(series?.batch.last() ?? NaN, String)}
      onSubmit={() => {
        if (size === "") return;
        const batch_size_by_model = { [model.label]: Number(size) };
        stream.command(slot, "set_batch_size", { datacenter, batch_size_by_model });
      }}
    >
      <NativeSelect
        size="xs"
        aria-label={`Batch size of ${model.label}`}
        value={size}
        onChange={(event) => {
          setSize(event.currentTarget.value);
        }}
        data={[{ value: "", label: "–" }, ...model.feasible_batch_sizes.map(String)]}
      />
      <Button type="submit" size="xs" variant="default" disabled={size === ""}>
        Set
      </Button>
    </Row>
  );
}

function Replicas({ stream, datacenter, model, series }: ModelProps) {
  const [by, setBy] = useState<number | string>(1);
  const slot = `replicas:${datacenter}:${model.label}`;
  const shift = (sign: number) => {
    if (typeof by !== "number") return;
    stream.command(slot, "shift_replicas", { datacenter, model: model.label, replica_delta: sign * by });
  };
  const valid = typeof by === "number" && by >= 1;
  return (
    <Row
      stream={stream}
      slot={slot}
      label="Replicas"
      now={figure(series?.replicas.last() ?? NaN, (n) => n.toLocaleString("en"))}
      // Enter alone does not say whether more or fewer.
      onSubmit={() => undefined}
    >
      <ActionIcon
        variant="default"
        size={30}
        aria-label={`Fewer replicas of ${model.label}`}
        disabled={!valid}
        onClick={() => {
          shift(-1);
        }}
      >
        −
      </ActionIcon>
      <NumberInput
        size="xs"
        aria-label={`By how many replicas of ${model.label}`}
        value={by}
        onChange={setBy}
        min={1}
        max={1_000_000}
        allowDecimal={false}
        hideControls
      />
      <ActionIcon
        variant="default"
        size={30}
        aria-label={`More replicas of ${model.label}`}
        disabled={!valid}
        onClick={() => {
          shift(1);
        }}
      >
        +
      </ActionIcon>
    </Row>
  );
}
