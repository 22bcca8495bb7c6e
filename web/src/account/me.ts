/** Who the service says that one is. */

import { request } from "../api/http";
import { fields, flag, oneOf, optionalText } from "../stream/reader";
import { credentials } from "./credentials";

interface Me {
  readonly name: string | null;
  readonly accounts: boolean;
  readonly admin: boolean;
}

function parseMe(body: unknown): Me {
  const from = fields(body, "me");
  return {
    name: optionalText(from["name"], "name"),
    accounts: oneOf(from["auth"], ["off", "on"] as const, "auth") === "on",
    admin: flag(from["admin"], "admin"),
  };
}

/** Asks once, when the page is opened. A service that does not answer says so to all other requests too. */
export async function learnWhoIAm(): Promise<void> {
  try {
    const { accounts, name, admin } = await request("/api/me", parseMe);
    if (accounts) credentials.learn(accounts, name, admin);
  } catch {
    // A 401 asks for a token by itself.
  }
}

interface Recognised {
  readonly token: string;
  readonly name: string;
  readonly admin: boolean;
}

/** Whom a token names, as it was pasted. Throws `Problem`, or an `Error` for what cannot be one; both in words for people. */
export async function recognise(pasted: string): Promise<Recognised> {
  const token = pasted.trim().replace(/^Bearer\s+/i, "");
  if (!/^[\w.~+/=-]+$/.test(token)) {
    throw new Error("That is no token: one is a single word of letters, digits, dots, - and _.");
  }
  const { name, admin } = await request("/api/me", parseMe, {
    headers: { Authorization: `Bearer ${token}` },
  });
  if (name === null) throw new Error("The service does not say whom this token names.");
  return { token, name, admin };
}
