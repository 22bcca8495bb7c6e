/** What a close code means for a viewer, and whether to come back (docs/protocol.md, "Close codes"). */

export interface CloseVerdict {
  readonly reconnect: boolean;
  /** For people; empty where the state of the session says it all. */
  readonly message: string;
}

const TABLE: Readonly<Record<number, CloseVerdict>> = {
  1000: { reconnect: false, message: "" },
  1001: { reconnect: true, message: "The server went away." },
  1006: { reconnect: true, message: "The connection was lost." },
  1008: { reconnect: false, message: "The server refused what this page sent. Reload the page." },
  1009: { reconnect: false, message: "This page sent a message that was too large. Reload the page." },
  1011: { reconnect: true, message: "The server failed while it served this page." },
  1012: { reconnect: true, message: "The server is restarting." },
  1013: { reconnect: true, message: "This page was too slow to take in the run; it goes on where it was." },
  4401: { reconnect: false, message: "You are not signed in." },
  4403: {
    reconnect: false,
    message: "You may not watch this run. Where a link led here, it has ended: ask for a new one.",
  },
  4404: { reconnect: false, message: "There is no such run. It may have been deleted." },
  4429: { reconnect: true, message: "You have too many connections or requests at the moment." },
};

/** Codes not in the table are taken for a fault on the way: come back. */
export function verdict(code: number): CloseVerdict {
  return TABLE[code] ?? { reconnect: true, message: `The connection closed (code ${code}).` };
}
