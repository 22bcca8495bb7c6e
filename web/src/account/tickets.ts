/**
 * WebSockets and event streams of somebody who is signed in. Browsers open them without headers, so each one first asks for a ticket, which
 * opens its path once. To who uses them they look like any other. Without a token and a share they are opened at once, without a ticket.
 */

import { fields, text } from "../stream/reader";
import type { RawEvents, RawSocket } from "../stream/surroundings";
import { credentials } from "./credentials";
import { signedFetch } from "./signed";

const NOT_SIGNED_IN = 4401;
/** Close codes of sockets that were refused, by the HTTP status that says the same. */
const CLOSE_CODES: Readonly<Record<number, number>> = { 401: NOT_SIGNED_IN, 403: 4403, 429: 4429 };
/** As browsers call a connection that failed. */
const LOST = 1006;

const pathOf = (url: string) => new URL(url, location.href).pathname;
const knownAt = (path: string) => credentials.token !== null || credentials.shareFor(path) !== null;

class NoTicket extends Error {
  readonly code: number;

  constructor(code: number) {
    super("no ticket");
    this.code = code;
  }
}

/** The address with a ticket. Throws `NoTicket`. */
async function admitted(url: string): Promise<string> {
  const path = pathOf(url);
  let response: Response;
  let ticket: string;
  try {
    const body = JSON.stringify({ path });
    const headers = { "Content-Type": "application/json" };
    response = await signedFetch("/api/tickets", { method: "POST", headers, body }, path);
    if (!response.ok) throw new NoTicket(CLOSE_CODES[response.status] ?? LOST);
    ticket = text(fields(await response.json(), "ticket")["ticket"], "ticket");
  } catch (error) {
    throw error instanceof NoTicket ? error : new NoTicket(LOST);
  }
  return `${url}${url.includes("?") ? "&" : "?"}ticket=${encodeURIComponent(ticket)}`;
}

class TicketedSocket implements RawSocket {
  onopen: RawSocket["onopen"] = null;
  onmessage: RawSocket["onmessage"] = null;
  onclose: RawSocket["onclose"] = null;
  private raw: WebSocket | null = null;
  private closed = false;

  constructor(url: string) {
    void this.begin(url);
  }

  send(data: string): void {
    this.raw?.send(data);
  }

  close(code?: number, reason?: string): void {
    this.closed = true;
    if (this.raw) this.raw.close(code, reason);
    else this.onclose?.({ code: code ?? 1000, reason: reason ?? "" });
  }

  private async begin(url: string): Promise<void> {
    const { token } = credentials;
    try {
      const address = await admitted(url);
      if (this.closed) return;
      this.raw = watched(new WebSocket(address), url, token);
      this.raw.onopen = () => this.onopen?.();
      this.raw.onmessage = (event: MessageEvent<unknown>) => this.onmessage?.(event);
      this.raw.onclose = (event) => this.onclose?.(event);
    } catch (error) {
      if (!(error instanceof NoTicket)) throw error;
      if (!this.closed) this.onclose?.({ code: error.code, reason: "" });
    }
  }
}

/** Tells of a socket that was closed because nobody, or nobody any more, is signed in. */
function watched(socket: WebSocket, url: string, token: string | null): WebSocket {
  socket.addEventListener("close", ({ code, reason }) => {
    if (code !== NOT_SIGNED_IN) return;
    credentials.refused(token, token === null ? null : reason, pathOf(url), location.pathname);
  });
  return socket;
}

export function openSocket(url: string): RawSocket {
  return knownAt(pathOf(url))
    ? new TicketedSocket(url)
    : (watched(new WebSocket(url), url, null) as RawSocket);
}

class TicketedEvents implements RawEvents {
  onmessage: RawEvents["onmessage"] = null;
  onerror: RawEvents["onerror"] = null;
  private raw: EventSource | null = null;
  private closed = false;
  private readonly listeners: [string, (event: { data: unknown }) => void][] = [];

  constructor(url: string) {
    void this.begin(url);
  }

  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    this.listeners.push([type, listener]);
    this.raw?.addEventListener(type, listener);
  }

  close(): void {
    this.closed = true;
    this.raw?.close();
  }

  private async begin(url: string): Promise<void> {
    try {
      const address = await admitted(url);
      if (this.closed) return;
      const raw = new EventSource(address);
      this.raw = raw;
      raw.onmessage = (event: MessageEvent<unknown>) => this.onmessage?.(event);
      raw.onerror = () => {
        // By itself it would come back with a ticket that was used.
        raw.close();
        this.onerror?.();
      };
      for (const [type, listener] of this.listeners) raw.addEventListener(type, listener);
    } catch (error) {
      if (!(error instanceof NoTicket)) throw error;
      if (!this.closed) this.onerror?.();
    }
  }
}

export function openEvents(url: string): RawEvents {
  return knownAt(pathOf(url)) ? new TicketedEvents(url) : (new EventSource(url) as RawEvents);
}
