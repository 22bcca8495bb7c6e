import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

import { type ChannelListener, ChannelReader } from "./channel";
import { EventLine } from "./eventLine";
import { FAILURES } from "./patience";
import { type ReadyState, readyState, type SocketState } from "./socket";
import { browser, type Surroundings } from "./surroundings";
import { useWebSocket } from "./useWebSocket";

export interface ChannelOptions extends ChannelListener {
  /** Of the page's own server, such as `/api/ws/tasks/t1`. */
  readonly socket: string;
  /** The same as an event stream; null for a channel that has none. */
  readonly events: string | null;
}

export interface ChannelHandle {
  /** Of the line, whichever way it goes. */
  readonly readyState: ReadyState;
  /** The same with its reasons: when it comes back, and why it went. */
  readonly state: SocketState;
  /** What came that cannot be: then nothing more is taken in. */
  readonly fault: string | null;
  /** What whoever looks is at it (`viewer`, `controller`, ...); null until the server has said so. */
  readonly role: string | null;
  readonly connect: () => void;
  readonly disconnect: () => void;
}

interface Wishes {
  readonly onMessage: (data: unknown) => void;
  readonly onAgain: () => void;
}

/** The event stream outside React, with the newest wishes of its component. */
function makeEvents(path: string, reader: ChannelReader, around: Surroundings) {
  let newest: Wishes = { onMessage: () => undefined, onAgain: () => undefined };
  const watchers = new Set<() => void>();
  const line = new EventLine(
    {
      path: () => `${path}?${reader.query()}`,
      onMessage: (data) => {
        newest.onMessage(data);
      },
      isOver: () => reader.final,
      onAgain: () => {
        newest.onAgain();
      },
      onState: () => {
        for (const watcher of watchers) watcher();
      },
    },
    around,
  );
  return {
    line,
    renew: (wishes: Wishes) => {
      newest = wishes;
    },
    watch: (watcher: () => void) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    now: () => line.state,
  };
}

/**
 * Follows a channel's log while the component is mounted, from its first entry on: by WebSocket; where those are stripped on the way, by
 * event stream. It goes on where it was, for ever, until the channel has ended. Both paths are the same for the component's whole life: use
 * one instance per channel (`key={id}`).
 */
export function useChannel(options: ChannelOptions, around: Surroundings = browser): ChannelHandle {
  const [reader] = useState(() => new ChannelReader());
  const [events] = useState(() => makeEvents(options.events ?? "", reader, around));
  const [fault, setFault] = useState<string | null>(null);
  const [role, setRole] = useState<string | null>(null);
  // Known to be of no use: one more failure is enough.
  const stripped = useRef(false);
  const wellOnce = useRef(false);

  const onMessage = (data: unknown) => {
    const problem = reader.take(data, options);
    setRole(reader.role);
    if (problem === null) return;
    setFault(problem);
    disconnect();
  };
  const socket = useWebSocket({ path: options.socket, query: () => reader.query(), onMessage }, around);
  const disconnect = () => {
    events.line.close();
    socket.disconnect();
  };
  useEffect(() => {
    events.renew({ onMessage, onAgain: socket.connect });
  });

  const bySocket = socket.state;
  const hasEvents = options.events !== null;
  useEffect(() => {
    if (bySocket.phase === "open") {
      wellOnce.current = true;
      stripped.current = false;
      events.line.close();
    }
    if (bySocket.phase !== "waiting" || !hasEvents) return;
    const most = stripped.current ? FAILURES.stripped : wellOnce.current ? FAILURES.wellOnce : FAILURES.usual;
    if (bySocket.attempt < most) return;
    stripped.current = true;
    events.line.open();
  }, [bySocket, hasEvents, events]);
  // Once it is in use the socket rests, until the stream is lost.
  const byEvents = useSyncExternalStore(events.watch, events.now);
  const rests = byEvents !== null;
  const { disconnect: rest } = socket;
  useEffect(() => {
    if (rests) rest();
  }, [rests, rest]);
  useEffect(
    () => () => {
      events.line.close();
    },
    [events],
  );

  const { connect: connectSocket } = socket;
  const connect = useCallback(() => {
    setFault(null);
    if (events.line.state === null || events.line.state.phase === "closed") {
      events.line.close();
      connectSocket();
    }
  }, [events, connectSocket]);
  const state = byEvents ?? bySocket;
  return { readyState: readyState(state), state, fault, role, connect, disconnect };
}
