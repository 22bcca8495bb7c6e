/** Who may see a session, a task or an operation beside its owner: share links, and whether everybody may. */

import { queryOptions } from "@tanstack/react-query";

import type { Visibility } from "../stream/frames";
import { fields, number, oneOf, optionalText, text } from "../stream/reader";
import { page, remove, request, send } from "./http";

export type Things = "sessions" | "tasks" | "operations";

export const SHARE_ROLES = ["viewer", "controller"] as const;
export type ShareRole = (typeof SHARE_ROLES)[number];

/** A share link, without its secret. Times in unix s. */
export interface Share {
  readonly id: string;
  readonly role: ShareRole;
  readonly expires: number;
  readonly by: string;
  readonly note: string | null;
}

export interface NewShare {
  readonly role: ShareRole;
  readonly expires_in_s: number;
  readonly note?: string;
}

function parseShare(value: unknown, path = "share"): Share {
  const from = fields(value, path);
  return {
    id: text(from["id"], `${path}.id`),
    role: oneOf(from["role"], SHARE_ROLES, `${path}.role`),
    expires: number(from["expires"], `${path}.expires`),
    by: text(from["by"], `${path}.by`),
    note: optionalText(from["note"], `${path}.note`),
  };
}

const pathOf = (things: Things, id: string) => `/api/${things}/${encodeURIComponent(id)}`;

const jsonOf = (method: string, body: object): RequestInit => ({
  method,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

/** The links that hold, newest first. */
export const sharesQuery = (things: Things, id: string) =>
  queryOptions({
    queryKey: ["shares", things, id] as const,
    queryFn: ({ signal }) =>
      request(`${pathOf(things, id)}/shares`, (body) => page(body, parseShare).items, { signal }),
    // Others may have made and withdrawn some.
    staleTime: 0,
  });

/** Answers the secret, which is told this once. */
export function makeShare(things: Things, id: string, wish: NewShare): Promise<string> {
  const secret = (body: unknown) => text(fields(body, "share")["share"], "share.share");
  return request(`${pathOf(things, id)}/shares`, secret, jsonOf("POST", wish));
}

/** Ends a link; whoever looks by it is sent away. */
export function withdrawShare(things: Things, id: string, shareId: string): Promise<void> {
  return remove(`${pathOf(things, id)}/shares/${encodeURIComponent(shareId)}`);
}

export async function showTo(things: Things, id: string, visibility: Visibility): Promise<void> {
  await send(`${pathOf(things, id)}/visibility`, jsonOf("PUT", { visibility }));
}
