import { SegmentedControl } from "@mantine/core";

import type { ControllerInfo } from "../stream/frames";
import type { SessionStream } from "../stream/useSessionStream";
import { Row } from "./Row";

interface Props {
  readonly stream: SessionStream;
  readonly controllers: readonly ControllerInfo[];
}

export function Controllers({ stream, controllers }: Props) {
  return controllers.map(({ name }) => {
    const enabled = stream.run.helm.enabled(name);
    const slot = `controller:${name}`;
    return (
      <Row
        key={name}
        stream={stream}
        slot={slot}
        label={name}
        now={enabled === null ? "not known" : ""}
        onSubmit={() => undefined}
      >
        <SegmentedControl
          size="xs"
          aria-label={`Controller ${name}`}
          // What holds, not what was asked for: it turns when the run says so.
          value={enabled === null ? "" : enabled ? "on" : "off"}
          onChange={(next) => {
            stream.command(slot, "set_controller", { name, enabled: next === "on" });
          }}
          data={["on", "off"]}
        />
      </Row>
    );
  });
}
