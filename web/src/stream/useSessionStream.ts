/**
 * What pages and charts take from `stream/`:
 *
 * - `useSessionStream(id)`: follows a session while mounted. Gives `run` (state outside React; `useRunVersion(run, everyMs)` renders
 *   again), `socket` (`state`, `connect()`), `command(slot, name, args)`, and `playhead(tick | null)`, which tells the others where this
 *   page's playhead is (null: at the live edge; call it as often as you like).
 * - `run.viewers`: `{count, present: [{id, name, since, tick, you}]}`, who watches and where; the first 50.
 * - `run.via`: `"socket"`, or `"events"` / `"polling"` where a proxy strips WebSockets; `badge().detail` says so.
 * - `run.history`: the series. `column.at(tick)`, `column.extremes(from, to, into)` work for the whole run in bounded memory: exact for the
 *   newest ticks and for stretches that were fetched, else down-sampled. Whoever asks for more than is there makes the page fetch it;
 *   `history.revision` counts such arrivals: it belongs into the key of whatever caches a picture.
 *   `history.atTime(t_s)` -> `{tick, t_s, exact}` of the nearest row: read all columns with `.at(row.tick)`.
 * - `openEarly(id)`: opens the stream of a session whose page is about to be shown, so that it talks while the page is drawn.
 * - `refreshEvery(stream)`: for `refetchInterval` of the session's query: slow while a socket is open, off where nothing can change.
 * - `useTaskWebSocket(taskId)`, `useWebSocket(options)`: a task's events; any socket that comes back.
 */

import { useCallback, useEffect, useState, useSyncExternalStore } from "react";

import { newId } from "../api/sessions";
import { badge, type Badge } from "./badge";
import type { Args } from "./commands";
import type { Session } from "./frames";
import { show } from "./inspect";
import { Line } from "./line";
import { Run } from "./run";
import { browser, type Surroundings } from "./surroundings";

export interface SessionStream {
  readonly run: Run;
  readonly socket: Line;
  /**
   * Sends a command, each with an id of its own; `slot` is the control it came from. Does nothing without an open connection:
   * nothing is kept to be sent later.
   */
  readonly command: (slot: string, command: string, args?: Args) => void;
  /** Tells the others at which tick this page looks; null at the live edge. */
  readonly playhead: (tick: number | null) => void;
  /** Connects, until the answer is called; what came is let go of a moment later. */
  readonly follow: () => () => void;
}

function openStream(sessionId: string, around: Surroundings): SessionStream {
  const run = new Run();
  const socket = new Line(sessionId, run, around);
  let keep: () => void = () => undefined;
  return {
    run,
    socket,
    command: (slot, command, args = {}) => {
      const id = newId();
      if (!socket.command(id, command, args)) return;
      run.commands.sent(slot, id, command, args);
      run.changed();
    },
    playhead: (tick) => {
      socket.playhead(tick);
    },
    follow: () => {
      keep();
      socket.connect();
      const hide = show(sessionId, run);
      return () => {
        hide();
        socket.close();
        // React keeps a page that was left for a while, and may come back to it at once.
        keep = around.after(0, () => {
          run.forget();
        });
      };
    },
  };
}

/** How long a stream that was opened early waits for its page. */
const EARLY_MS = 10_000;
const early = new Map<string, SessionStream>();

/** Opens a session's stream before its page is there: `useSessionStream` takes it over. One that no page takes is closed again. */
export function openEarly(sessionId: string, around: Surroundings = browser): void {
  const stream = openStream(sessionId, around);
  early.set(sessionId, stream);
  stream.socket.connect();
  around.after(EARLY_MS, () => {
    if (early.get(sessionId) !== stream) return;
    early.delete(sessionId);
    stream.socket.close();
  });
}

/**
 * Follows a session while the component is mounted. The stream's state lives outside React: read it from `run` and call
 * `useRunVersion` to render again when it changes. Use one component instance per session (`key={sessionId}`).
 */
export function useSessionStream(sessionId: string, around: Surroundings = browser): SessionStream {
  const [stream] = useState(() => early.get(sessionId) ?? openStream(sessionId, around));
  useEffect(() => {
    early.delete(sessionId);
    const leave = stream.follow();
    const comeBack = () => {
      if (stream.socket.state.phase === "waiting") stream.socket.connect();
    };
    window.addEventListener("online", comeBack);
    return () => {
      window.removeEventListener("online", comeBack);
      leave();
    };
  }, [stream, sessionId]);
  return stream;
}

/** Renders the caller at once, and then at most every `everyMs`, however often the run changes. */
export function useRunVersion(run: Run, everyMs: number): number {
  const subscribe = useCallback(
    (notify: () => void) => {
      let timer: ReturnType<typeof setTimeout> | null = null;
      let renderedMs = Number.NEGATIVE_INFINITY;
      const unwatch = run.watch(() => {
        timer ??= setTimeout(
          () => {
            timer = null;
            renderedMs = performance.now();
            notify();
          },
          Math.max(0, renderedMs + everyMs - performance.now()),
        );
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

/** `session`: as lately told over HTTP, which alone knows what a run waits for. */
export function streamBadge(stream: SessionStream, session: Session | null, nowMs: number): Badge {
  const { run, socket } = stream;
  const speed = run.helm.speed ?? "max";
  return badge({
    socket: socket.state,
    status: run.status,
    reason: run.status === "queued" ? (session?.reason ?? null) : run.reason,
    attempt: run.attempt,
    pausedBy: run.helm.pausedBy,
    queuePosition: session?.queue_position ?? null,
    catchingUp: run.catchingUp,
    conflated: run.conflated,
    fault: run.fault,
    via: run.via,
    ended: run.ended && !run.catchingUp,
    begun: run.tick > 0,
    tickEvery_s: speed === "max" || !run.history ? 0 : run.history.schema.tick_s / speed,
    age_s: run.age_s(nowMs),
    nowMs,
  });
}

/** With a live socket nothing is polled but a slow look for what the socket does not tell. */
const SAFETY_RUNNING_MS = 30_000;
const SAFETY_IDLE_MS = 300_000;

/** How often the session's own document is asked for again. */
export function refreshEvery({ run, socket }: SessionStream): number | false {
  if (run.ended || socket.state.phase !== "open") return false;
  return run.status === "running" ? SAFETY_RUNNING_MS : SAFETY_IDLE_MS;
}
