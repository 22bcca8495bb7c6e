import { ActionIcon, Popover } from "@mantine/core";

import { SHORTCUTS } from "./shortcuts";
import classes from "./Transport.module.css";

interface Props {
  readonly opened: boolean;
  readonly onChange: (opened: boolean) => void;
}

export function Help({ opened, onChange }: Props) {
  return (
    <Popover opened={opened} onChange={onChange} position="bottom-end">
      <Popover.Target>
        <ActionIcon
          variant="default"
          size={30}
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick={() => {
            onChange(!opened);
          }}
        >
          ?
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown maw="min(400px, 92vw)">
        <dl className={classes["keys"]}>
          {SHORTCUTS.map(([keys, what]) => (
            <div key={what} style={{ display: "contents" }}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </Popover.Dropdown>
    </Popover>
  );
}
