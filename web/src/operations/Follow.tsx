import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { OPERATION_LISTS, operationQuery } from "../api/operations";
import { useChannel } from "../stream/useChannel";
import type { Hearing } from "../tasks/standing";
import { useHearing } from "../tasks/useHearing";
import type { LiveOperation } from "./live";

interface Props {
  readonly operationId: string;
  readonly live: LiveOperation;
  /** Nothing more is to come: a closed line is no loss. */
  readonly over: boolean;
  readonly onHearing: (hearing: Hearing) => void;
  /** What whoever looks is at it. */
  readonly onRole?: (role: string | null) => void;
}

/** Follows an operation's entries into `live`. An element of its own, so that an entry does not draw the whole page anew. */
export function Follow({ operationId, live, over, onHearing, onRole }: Props) {
  const queries = useQueryClient();
  const path = encodeURIComponent(operationId);
  const ask = () => {
    void queries.invalidateQueries({ queryKey: operationQuery(operationId).queryKey });
  };
  const { readyState, fault, role } = useChannel({
    socket: `/api/ws/operations/${path}`,
    events: `/api/operations/${path}/events`,
    onEntry: (entry) => {
      if (!live.take(entry)) return;
      ask();
      if (live.ending) void queries.invalidateQueries({ queryKey: OPERATION_LISTS });
    },
    onReset: (another) => {
      if (another) live.forget();
      ask();
    },
  });
  useEffect(() => {
    onRole?.(role);
  }, [role, onRole]);
  useHearing(readyState === "OPEN" && fault === null, over, onHearing);
  return null;
}
