import { queryOptions } from "@tanstack/react-query";

import type { Args } from "../stream/commands";
import { isEnded, type Session } from "../stream/frames";
import { parseSession } from "../stream/parse";
import { page, request } from "./http";

/** What a run does when nobody watches it any more. */
export type OnIdle = "continue" | "pause" | "stop";

export interface NewSession {
  readonly scenario: string;
  readonly seed: number;
  readonly speed: number | "max";
  readonly on_idle: OnIdle;
  /** Dotted path into the scenario's config -> value. */
  readonly overrides: Readonly<Record<string, number>>;
}

const RECENT = 20;

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) =>
    request(`/api/sessions?limit=${RECENT}`, (body) => page(body, parseSession), { signal }),
  // The list has no socket of its own: it looks again, often while something runs.
  refetchInterval: ({ state }) => (state.data?.some((session) => !isEnded(session.status)) ? 2_000 : 15_000),
});

/** What the socket does not tell: the place in the queue and the number of viewers. */
export const sessionQuery = (id: string, refetchInterval: number | false) =>
  queryOptions({
    queryKey: ["sessions", id],
    queryFn: ({ signal }) =>
      request(`/api/sessions/${encodeURIComponent(id)}`, (body) => parseSession(body), { signal }),
    refetchInterval,
  });

/** Random and unguessable. `crypto.randomUUID` is missing where the page is not served over TLS or from this machine. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `key` names the wish: the same key sent twice starts one session. */
export function startSession(wish: NewSession, key: string): Promise<Session> {
  return create("/api/sessions", wish, key);
}

export interface NewFork {
  /** Number of ticks that the fork shares. */
  readonly at_tick: number;
  /** What it does before that tick that its parent did not. */
  readonly commands: readonly { readonly command: string; readonly args: Args }[];
}

export function forkSession(id: string, wish: NewFork, key: string): Promise<Session> {
  return create(`/api/sessions/${encodeURIComponent(id)}/fork`, wish, key);
}

function create(path: string, wish: object, key: string): Promise<Session> {
  return request(path, (body) => parseSession(body), {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(wish),
  });
}
