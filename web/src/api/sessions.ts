import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import type { Args } from "../stream/commands";
import { isEnded, type Json, type Session, type SessionStatus } from "../stream/frames";
import { parseSession } from "../stream/parse";
import { fields, figure, json, record } from "../stream/reader";
import { page, remove, request } from "./http";

/** What a run does when nobody watches it any more. */
export type OnIdle = "continue" | "pause" | "stop";

export interface NewSession {
  readonly scenario: string;
  readonly seed: number;
  readonly speed: number | "max";
  readonly on_idle: OnIdle;
  /** Dotted path into the scenario's config -> value. */
  readonly overrides: Readonly<Record<string, Json>>;
  readonly title?: string;
}

/** A session as lists tell it, with what only they show. */
export interface ListedSession extends Session {
  readonly overrides: Readonly<Record<string, Json>>;
  readonly started: number | null;
  readonly ended: number | null;
}

/** What a list of sessions is narrowed to; the service does the narrowing. */
export interface SessionFilter {
  readonly status?: SessionStatus | undefined;
  readonly scenario?: string | undefined;
  readonly owner?: string | undefined;
}

function parseListed(value: unknown, path = "session"): ListedSession {
  const from = fields(value, path);
  return {
    ...parseSession(value, path),
    overrides: record(from["overrides"], `${path}.overrides`, json),
    started: figure(from["started"], `${path}.started`),
    ended: figure(from["ended"], `${path}.ended`),
  };
}

const PAGE = 50;
/** A list has no socket of its own: it looks again now and then, besides after what this page does itself. */
const WHILE_RUNNING_MS = 30_000;
const IDLE_MS = 300_000;

export const SESSION_LISTS = ["sessions", "list"] as const;

/** Sessions, newest first, page by page. */
export const sessionsQuery = (filter: SessionFilter) =>
  infiniteQueryOptions({
    queryKey: [...SESSION_LISTS, filter] as const,
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams({ limit: String(PAGE) });
      for (const [name, value] of Object.entries(filter))
        if (typeof value === "string") query.set(name, value);
      if (pageParam !== null) query.set("cursor", pageParam);
      return request(`/api/sessions?${query}`, (body) => page(body, parseListed), { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ items }) => items.some((session) => !isEnded(session.status)))
        ? WHILE_RUNNING_MS
        : IDLE_MS,
  });

/** One session for who compares: with its overrides and, once it has ended, its summary. */
export const listedQuery = (id: string) =>
  queryOptions({
    queryKey: ["sessions", id, "listed"],
    queryFn: ({ signal }) => request(`/api/sessions/${encodeURIComponent(id)}`, parseListed, { signal }),
  });

/** Stops a session and deletes all that is known of it. */
export function deleteSession(id: string): Promise<void> {
  return remove(`/api/sessions/${encodeURIComponent(id)}`);
}

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
