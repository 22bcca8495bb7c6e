import { useEffect, useState, useSyncExternalStore } from "react";

import { type ReadyState, readyState, ReturningSocket, type SocketState } from "./socket";
import { browser, socketAddress, type Surroundings } from "./surroundings";

export interface WebSocketOptions {
  /** Of the page's own server, such as `/api/ws/tasks/t1`; the same for the component's whole life. */
  readonly path: string;
  /** Asked at each connect, so that a socket that comes back can say `since` where it goes on. */
  readonly query?: () => string;
  readonly onMessage?: (data: unknown) => void;
  /** Connects in a row that may fail; without end where it is not given. */
  readonly attempts?: number;
  /** What is sent when nothing was heard for a while; null for a server that takes nothing in. */
  readonly ping?: object | null;
}

export interface WebSocketHandle {
  readonly readyState: ReadyState;
  /** The same with its reasons: when it comes back, and why it went. */
  readonly state: SocketState;
  /** The newest 100 messages, oldest first. Does not render again by itself. */
  readonly messages: () => readonly unknown[];
  /** False where there is no open connection: nothing is kept to be sent later. */
  readonly send: (message: object) => boolean;
  readonly connect: () => void;
  readonly disconnect: () => void;
}

/** The socket outside React, with the newest wishes of its component. */
function makeSocket(first: WebSocketOptions, around: Surroundings) {
  const { path, attempts, ping } = first;
  let newest = first;
  const watchers = new Set<() => void>();
  const socket = new ReturningSocket(
    {
      name: `gridcast ${path}`,
      url: () => socketAddress(path, newest.query?.() ?? ""),
      onMessage: (data) => newest.onMessage?.(data),
      onState: () => {
        for (const watcher of watchers) watcher();
      },
      ...(attempts === undefined ? {} : { attempts }),
      ...(ping === undefined ? {} : { ping }),
    },
    around,
  );
  return {
    renew: (options: WebSocketOptions) => {
      newest = options;
    },
    watch: (watcher: () => void) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    state: () => socket.state,
    leave: () => {
      socket.close("", true);
    },
    handle: {
      messages: () => socket.messages,
      send: (message: object) => socket.send(message),
      connect: () => {
        socket.connect();
      },
      disconnect: () => {
        socket.close();
      },
    },
  };
}

/** A WebSocket that is open while the component is mounted, and comes back by itself: see `ReturningSocket`. */
export function useWebSocket(options: WebSocketOptions, around: Surroundings = browser): WebSocketHandle {
  const [{ renew, watch, state: now, leave, handle }] = useState(() => makeSocket(options, around));
  useEffect(() => {
    renew(options);
  });
  useEffect(() => {
    handle.connect();
    return leave;
  }, [handle, leave]);
  const state = useSyncExternalStore(watch, now);
  return { ...handle, state, readyState: readyState(state) };
}
