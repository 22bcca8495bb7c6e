import { Button, Text } from "@mantine/core";

import classes from "../sessions/Sessions.module.css";

interface Props {
  /** What a list is of, such as `run`. */
  readonly what: string;
  readonly onShowAll: () => void;
}

/** What stands where a list would be that its filters leave empty. */
export function NoneFits({ what, onShowAll }: Props) {
  return (
    <div className={classes["first"]}>
      <Text>No {what} fits these filters.</Text>
      <Button size="xs" variant="default" mt="sm" onClick={onShowAll}>
        Show all
      </Button>
    </div>
  );
}
