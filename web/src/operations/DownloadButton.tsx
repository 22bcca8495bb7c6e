import { Button, Popover } from "@mantine/core";

import { FileLink } from "../account/FileLink";
import { save } from "../account/save";
import { type Operation, operationPath } from "../api/operations";
import type { Finding } from "../api/results";
import classes from "../components/ExportButton.module.css";
import { csvOf } from "./csv";

interface Props {
  readonly operation: Operation;
  readonly found: Finding;
}

/** What an operation found, as a file. */
export function DownloadButton({ operation, found }: Props) {
  const name = `${operation.op}-${operation.id.slice(0, 8)}`;
  const saveCsv = () => {
    save(new Blob([csvOf(found)], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
  };
  return (
    <Popover position="bottom-end" trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default">
          Download
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <ul className={classes["formats"]}>
          <li>
            <FileLink
              href={operationPath(operation.id)}
              download={`${name}.json`}
              className={classes["format"]}
            >
              <strong>JSON</strong> <span>all that is known of it</span>
            </FileLink>
          </li>
          <li>
            <button type="button" className={classes["format"]} onClick={saveCsv}>
              <strong>CSV</strong> <span>one line a point</span>
            </button>
          </li>
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}
