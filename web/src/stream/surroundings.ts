/** What the streams need of a browser, passed in so that tests have socket, server, clock and chance in their hands. */

import { signedFetch } from "../account/signed";
import { openEvents, openSocket } from "../account/tickets";

/** The part of a browser's WebSocket that is used. */
export interface RawSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** The part of a browser's EventSource that is used. */
export interface RawEvents {
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: (() => void) | null;
  addEventListener(type: string, listener: (event: { data: unknown }) => void): void;
  close(): void;
}

export interface Surroundings {
  readonly open: (url: string) => RawSocket;
  readonly events: (url: string) => RawEvents;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  readonly random: () => number;
  readonly nowMs: () => number;
  /** Runs `action` once after `ms`; the answer cancels it. */
  readonly after: (ms: number, action: () => void) => () => void;
}

export const browser: Surroundings = {
  open: openSocket,
  events: openEvents,
  fetch: (path, init) => signedFetch(path, init),
  random: () => Math.random(),
  nowMs: () => Date.now(),
  after: (ms, action) => {
    const id = setTimeout(action, ms);
    return () => {
      clearTimeout(id);
    };
  },
};

/** The address of a WebSocket of this page's own server. */
export function socketAddress(path: string, query = ""): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${path}${query === "" ? "" : `?${query}`}`;
}
