import { Button, Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";

import { type Share, sharesQuery, withdrawShare } from "../api/shares";
import { announce } from "../app/announce";
import { useNow } from "../stream/useSessionStream";
import classes from "./Share.module.css";
import type { Shared } from "./SharePanel";
import { left, roleText } from "./words";

/** The links that hold, each with a way to end it. */
export function Links({ shared }: { readonly shared: Shared }) {
  const { things, id } = shared;
  const links = useQuery(sharesQuery(things, id));
  const list = useRef<HTMLUListElement>(null);
  const nowMs = useNow(10_000);
  if (links.isPending) return <Skeleton height={20} animate={false} />;
  if (!links.data) {
    return (
      <p className={classes["refused"]} role="alert">
        The links cannot be shown: {links.error.message}{" "}
        <Button size="compact-xs" variant="subtle" onClick={() => void links.refetch()}>
          Try again
        </Button>
      </p>
    );
  }
  // One that ends while it is shown is none any more.
  const held = links.data.filter(({ expires }) => expires * 1000 > nowMs);
  return (
    <ul ref={list} tabIndex={-1} className={classes["links"]} aria-label="Share links">
      {held.map((share) => (
        <Row
          key={share.id}
          share={share}
          shared={shared}
          nowMs={nowMs}
          onGone={() => {
            // The button that had the focus is gone.
            list.current?.focus();
          }}
        />
      ))}
      {held.length === 0 && <li className={classes["note"]}>There are none.</li>}
    </ul>
  );
}

interface RowProps {
  readonly share: Share;
  readonly shared: Shared;
  readonly nowMs: number;
  readonly onGone: () => void;
}

function Row({ share, shared, nowMs, onGone }: RowProps) {
  const { things, id } = shared;
  const queries = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () => withdrawShare(things, id, share.id),
    onSuccess: async () => {
      announce("Link withdrawn.");
      await queries.invalidateQueries({ queryKey: sharesQuery(things, id).queryKey });
      onGone();
    },
  });
  const name = share.note ?? `Link of ${share.by}`;
  return (
    <li className={classes["link"]}>
      <span className={classes["name"]} title={name}>
        {name}
      </span>
      <span className={classes["fact"]}>
        {roleText(share.role, shared.act)} · {left(share.expires, nowMs)}
        {share.note !== null && ` · by ${share.by}`}
      </span>
      <Button
        size="compact-xs"
        variant="default"
        className={classes["end"] ?? ""}
        aria-label={`Withdraw ${name}`}
        loading={withdraw.isPending}
        onClick={() => {
          withdraw.mutate();
        }}
      >
        Withdraw
      </Button>
      {withdraw.error && (
        <span className={classes["refused"]} role="alert">
          {withdraw.error.message}
        </span>
      )}
    </li>
  );
}
