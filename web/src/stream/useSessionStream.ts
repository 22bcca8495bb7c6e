import { useCallback, useEffect, useState, useSyncExternalStore } from "react";

import { newId } from "../api/sessions";
import { badge, type Badge } from "./badge";
import type { Args } from "./commands";
import { parseText } from "./parse";
import { Run } from "./run";
import { browser, ReturningSocket, type Surroundings } from "./socket";

function address(sessionId: string, query: string): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}/api/ws/sessions/${encodeURIComponent(sessionId)}?${query}`;
}

export interface SessionStream {
  readonly run: Run;
  readonly socket: ReturningSocket;
  /**
   * Sends a command over the session's socket, each with an id of its own; `slot` is the control it came from. Does nothing
   * without an open connection: nothing is kept to be sent later.
   */
  readonly command: (slot: string, command: string, args?: Args) => void;
}

function openStream(sessionId: string, around: Surroundings): SessionStream {
  const run = new Run();
  const socket = new ReturningSocket(
    {
      url: () => address(sessionId, run.cursor.query()),
      onMessage: (data) => {
        run.receive(() => parseText(data), around.nowMs());
        if (run.fault !== null) socket.close(run.fault);
      },
      onState: (state) => {
        console.debug("gridcast stream", sessionId, state);
        // Asks for the server's clock at once: the age of the newest tick is told by it.
        if (state.phase === "open") socket.send({ type: "ping" });
        else run.commands.disconnected();
        run.changed();
      },
    },
    around,
  );
  const command = (slot: string, command: string, args: Args = {}) => {
    const id = newId();
    if (!socket.send({ type: "command", id, command, args })) return;
    run.commands.sent(slot, id, command, args);
    run.changed();
  };
  return { run, socket, command };
}

/**
 * Follows a session from its first entry while the component is mounted. The stream's state lives outside React: read it from
 * `run` and call `useRunVersion` to render again when it changes. Use one component instance per session (`key={sessionId}`).
 */
export function useSessionStream(sessionId: string, around: Surroundings = browser): SessionStream {
  const [stream] = useState(() => openStream(sessionId, around));
  useEffect(() => {
    stream.socket.connect();
    const comeBack = () => {
      if (stream.socket.state.phase === "waiting") stream.socket.connect();
    };
    window.addEventListener("online", comeBack);
    return () => {
      window.removeEventListener("online", comeBack);
      stream.socket.close();
    };
  }, [stream]);
  return stream;
}

/** Renders the caller at most every `everyMs`, however often the run changes. */
export function useRunVersion(run: Run, everyMs: number): number {
  const subscribe = useCallback(
    (notify: () => void) => {
      let timer: ReturnType<typeof setTimeout> | null = null;
      const unwatch = run.watch(() => {
        timer ??= setTimeout(() => {
          timer = null;
          notify();
        }, everyMs);
      });
      return () => {
        unwatch();
        if (timer !== null) clearTimeout(timer);
      };
    },
    [run, everyMs],
  );
  return useSyncExternalStore(subscribe, () => run.version);
}

/** The time, renewed every `everyMs`. */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const id = setInterval(() => {
      setNowMs(Date.now());
    }, everyMs);
    return () => {
      clearInterval(id);
    };
  }, [everyMs]);
  return nowMs;
}

export function streamBadge(stream: SessionStream, queuePosition: number | null, nowMs: number): Badge {
  const { run, socket } = stream;
  const speed = run.helm.speed ?? "max";
  return badge({
    socket: socket.state,
    status: run.status,
    reason: run.reason,
    attempt: run.attempt,
    pausedBy: run.helm.pausedBy,
    queuePosition,
    catchingUp: run.catchingUp,
    fault: run.fault,
    tickEvery_s: speed === "max" || !run.history ? 0 : run.history.schema.tick_s / speed,
    age_s:
      run.newestTickTs === null
        ? null
        : nowMs / 1000 + run.clockSkew_s - Math.max(run.newestTickTs, run.runningSinceTs),
    nowMs,
  });
}
