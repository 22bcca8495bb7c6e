import { Button, NumberInput } from "@mantine/core";
import { useState } from "react";

import type { StorageInfo } from "../stream/frames";
import type { History, StorageSeries } from "../stream/history";
import type { SessionStream } from "../stream/useSessionStream";
import { figure, Row } from "./Row";

interface Props {
  readonly stream: SessionStream;
  readonly history: History;
}

export function Storages({ stream, history }: Props) {
  return history.schema.storages.map((storage) => (
    <Storage
      key={storage.name}
      stream={stream}
      storage={storage}
      series={history.storages.find(({ name }) => name === storage.name)}
    />
  ));
}

interface StorageProps {
  readonly stream: SessionStream;
  readonly storage: StorageInfo;
  readonly series: StorageSeries | undefined;
}

function Storage({ stream, storage, series }: StorageProps) {
  const { name, rated_power_kw } = storage;
  const [kw, setKw] = useState<number | string>("");
  const [kvar, setKvar] = useState<number | string>("");
  const slot = `storage:${name}`;
  const whole = (value: number | undefined) => figure(value ?? NaN, (n) => String(Math.round(n)));
  return (
    <Row
      stream={stream}
      slot={slot}
      label={name}
      now={`${whole(series?.p_kw.last())} kW, ${whole(series?.q_kvar.last())} kvar`}
      onSubmit={() => {
        if (typeof kw !== "number") return;
        const reactive_power_kvar = typeof kvar === "number" ? kvar : 0;
        stream.command(slot, "set_storage_power", { storage: name, power_kw: kw, reactive_power_kvar });
      }}
    >
      <NumberInput
        size="xs"
        aria-label={`Power of ${name}, kW`}
        placeholder={`kW, ±${rated_power_kw}`}
        value={kw}
        onChange={setKw}
        min={-rated_power_kw}
        max={rated_power_kw}
        step={rated_power_kw / 10}
        hideControls
      />
      <NumberInput
        size="xs"
        aria-label={`Reactive power of ${name}, kvar`}
        placeholder="kvar, 0"
        value={kvar}
        onChange={setKvar}
        step={rated_power_kw / 10}
        hideControls
      />
      <Button type="submit" size="xs" variant="default" disabled={typeof kw !== "number"}>
        Set
      </Button>
    </Row>
  );
}
