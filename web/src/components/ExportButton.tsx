import { Button, Popover } from "@mantine/core";

import { FileLink } from "../account/FileLink";
import type { Session } from "../stream/frames";
import classes from "./ExportButton.module.css";

const FORMATS = [
  { format: "csv", name: "CSV", note: "one line a tick, units in the names" },
  { format: "parquet", name: "Parquet", note: "typed columns, for pandas or DuckDB" },
  { format: "jsonl", name: "JSON Lines", note: "one object a tick" },
] as const;

/** The whole run as a file. */
export function ExportButton({ session }: { readonly session: Session | null }) {
  if (!session) {
    return (
      <Button size="xs" variant="default" disabled>
        Export
      </Button>
    );
  }
  return (
    <Popover position="bottom-end" trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default">
          Export
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <ul className={classes["formats"]}>
          {FORMATS.map(({ format, name, note }) => (
            <li key={format}>
              <FileLink
                href={`/api/sessions/${encodeURIComponent(session.id)}/export?format=${format}`}
                download={`${session.scenario}-${session.id.slice(0, 8)}.${format}`}
                className={classes["format"]}
              >
                <strong>{name}</strong> <span>{note}</span>
              </FileLink>
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}
