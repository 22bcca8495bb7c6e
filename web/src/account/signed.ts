/** Requests that say who asks. The token and the shares stand in headers, never in an address: addresses are logged. */

import { credentials } from "./credentials";

const AUTHORIZATION = "Authorization";
const SHARE = "Gridcast-Share";

/**
 * Like `fetch`, with the token of who is signed in and the share of the link to what it is about. A 401 makes the page ask for a token.
 * `about`: the path that decides which share is shown, where it is not `path` itself. A request that has an `Authorization` of its own goes
 * out as it is.
 */
export async function signedFetch(path: string, init?: RequestInit, about = path): Promise<Response> {
  if (new Headers(init?.headers).has(AUTHORIZATION)) return fetch(path, init);
  const { token } = credentials;
  const share = credentials.shareFor(about);
  let response = await fetch(path, signed(init, token, share));
  if (response.status !== 401) return response;
  let refusal = token === null && share === null ? null : await detail(response);
  if (share !== null) {
    // Either may be what is wrong. Nothing was done yet: who asks is judged first.
    const without = await fetch(path, signed(init, token, null));
    if (without.status !== 401 || token === null) credentials.dropShare(about);
    else refusal = await detail(without);
    response = without;
  }
  if (response.status === 401) credentials.refused(token, refusal, about, location.pathname);
  return response;
}

function signed(
  init: RequestInit | undefined,
  token: string | null,
  share: string | null,
): RequestInit | undefined {
  if (token === null && share === null) return init;
  const headers = new Headers(init?.headers);
  if (token !== null) headers.set(AUTHORIZATION, `Bearer ${token}`);
  if (share !== null) headers.set(SHARE, share);
  return { ...init, headers };
}

async function detail(response: Response): Promise<string | null> {
  try {
    const document: unknown = await response.clone().json();
    const found = (document as { readonly detail?: unknown } | null)?.detail;
    return typeof found === "string" ? found : null;
  } catch {
    return null;
  }
}
