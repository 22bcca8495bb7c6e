import { ActionIcon, Popover } from "@mantine/core";

import { PLACES } from "./keys";
import classes from "./Shell.module.css";

interface Props {
  readonly opened: boolean;
  readonly onChange: (opened: boolean) => void;
}

export function KeyHelp({ opened, onChange }: Props) {
  return (
    <Popover opened={opened} onChange={onChange} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Keys of every page"
          title="Keys of every page (?)"
          onClick={() => {
            onChange(!opened);
          }}
        >
          <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
            <path
              d="M3 7h18v10H3z M6.5 10h.01 M10 10h.01 M14 10h.01 M17.5 10h.01 M8 14h8"
              fill="none"
              stroke="currentColor"
              strokeWidth="1.8"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown maw="min(360px, 92vw)" tabIndex={-1}>
        <dl className={classes["keys"]}>
          {PLACES.map(({ key, label }) => (
            <div key={key}>
              <dt>
                <kbd>g</kbd> <kbd>{key}</kbd>
              </dt>
              <dd>{label}</dd>
            </div>
          ))}
          <div>
            <dt>
              <kbd>?</kbd>
            </dt>
            <dd>Show these keys; on a run's page, that page's own</dd>
          </div>
          <div>
            <dt>
              <kbd>Tab</kbd> <kbd>Enter</kbd>
            </dt>
            <dd>Walk over links and fields, and press them</dd>
          </div>
        </dl>
      </Popover.Dropdown>
    </Popover>
  );
}
