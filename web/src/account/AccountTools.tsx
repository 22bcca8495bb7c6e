import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";

import { announce } from "../app/announce";
import classes from "./Account.module.css";
import { credentials } from "./credentials";
import { useStanding } from "./useStanding";

/** Who one is, and the way out. Nothing where there are no accounts. */
export function AccountTools() {
  const { accounts, name, asking } = useStanding();
  const queries = useQueryClient();
  if (!accounts) return null;
  if (name === null) {
    return asking ? null : (
      <Button
        size="compact-xs"
        variant="subtle"
        onClick={() => {
          credentials.ask();
        }}
      >
        Sign in
      </Button>
    );
  }
  return (
    <span className={classes["who"]} role="group" aria-label="Account">
      <span className={classes["name"]} title={`Signed in as ${name}`}>
        {name}
      </span>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        onClick={() => {
          credentials.signOut();
          queries.clear();
          announce("Signed out.");
        }}
      >
        Sign out
      </Button>
    </span>
  );
}
