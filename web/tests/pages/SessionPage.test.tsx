import { createMemoryHistory } from "@tanstack/react-router";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { App } from "../../src/app/App";
import { makeRouter } from "../../src/app/router";
import { answer, FakeSocket, hello, schema, SESSION, status, summary, ticks } from "../samples";

// Drawing needs a canvas, which jsdom has not; what is drawn is tested in charts/.
vi.mock("../../src/pages/RunCharts", () => ({ RunCharts: () => <p>the charts</p> }));

const sockets: FakeSocket[] = [];

beforeEach(() => {
  sockets.length = 0;
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ ...SESSION, viewers: 2 })));
  vi.stubGlobal(
    "WebSocket",
    class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    },
  );
});

async function open(path = "/sessions/k3v9"): Promise<FakeSocket> {
  render(<App router={makeRouter(createMemoryHistory({ initialEntries: [path] }))} />);
  await screen.findByTestId("badge");
  const socket = sockets.at(-1);
  if (!socket) throw new Error("the page opened no socket");
  act(() => socket.onopen?.());
  return socket;
}

const says = (socket: FakeSocket, ...frames: object[]) => {
  act(() => {
    socket.says(...frames);
  });
};

/** A button that can be pressed: before the run is known its room is kept by one that cannot. */
const button = (name: string) =>
  waitFor(() => {
    const found = screen.getByRole("button", { name });
    expect(found).toBeEnabled();
    return found;
  });

/** The commands that went out, without their ids. */
const commands = (socket: FakeSocket) =>
  (socket.sent as { type: string; command: string; args: object }[])
    .filter(({ type }) => type === "command")
    .map(({ command, args }) => `${command} ${JSON.stringify(args)}`);

/** Ticks written this very moment. */
const fresh = (offset: number, first: number, n: number) =>
  ticks(offset, first, n, { ts: Date.now() / 1000 });

describe("the page of a run", () => {
  test("asks for everything from the first entry", async () => {
    const socket = await open();
    expect(new URL(socket.url).pathname).toBe("/api/ws/sessions/k3v9");
    expect(new URL(socket.url).searchParams.get("since")).toBe("0");
  });

  test("goes from queued to live to finished, with its summary", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "queued"));
    expect(await screen.findByText("Queued")).toBeVisible();
    says(socket, status(2, "running"), schema(3), fresh(4, 0, 50));
    expect(await screen.findByText("Live")).toBeVisible();
    expect(screen.getByText("the charts")).toBeVisible();
    expect(screen.getByText(/00:25 \/ 00:50 · 50 %/)).toBeVisible();
    expect(screen.getByText(/measured figures/)).toHaveTextContent("seed 0");
    expect(screen.getByText(/2 viewers/)).toBeVisible();
    says(socket, fresh(5, 50, 50), summary(6), status(7, "completed", { tick: 100 }));
    act(() => {
      socket.drops(1000);
    });
    expect(await screen.findByText("Finished")).toBeVisible();
    expect(screen.getByText("994.6 s")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Stop" })).toBeNull();
    expect(sockets.at(-1)).toBe(socket);
  });

  test("a change of state is told politely to assistive technology", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "failed", { reason: "Power flow did not converge at tick 3." }));
    expect(await screen.findByRole("status")).toHaveTextContent(
      "Failed. Power flow did not converge at tick 3.",
    );
    expect(screen.getByRole("alert")).toHaveTextContent("The run failed");
  });

  test("stops the run for everybody after asking, and shows nothing as done before the server says so", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 5));
    await userEvent.click(await button("Stop"));
    await userEvent.click(await screen.findByRole("button", { name: "Stop the run" }));
    expect(socket.sent).toContainEqual(
      expect.objectContaining({ type: "command", command: "stop", args: {} }),
    );
    expect(screen.getByRole("button", { name: "Stopping…" })).toBeDisabled();
  });

  test("Space pauses and resumes, and a run that is paused can be stepped", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 5));
    await button("Pause");
    expect(screen.getByRole("button", { name: "Step" })).toBeDisabled();
    await userEvent.keyboard(".");
    expect(commands(socket)).toEqual([]);
    await userEvent.keyboard(" ");
    expect(commands(socket)).toEqual(["pause {}"]);
    await waitFor(() => {
      expect(screen.getByRole("button", { name: "Pause" })).toBeDisabled();
    });
    const id = socket.sent.find((frame) => "id" in (frame as object)) as { id: string };
    says(socket, answer(4, id.id, "pause", { tick: 5 }), status(5, "paused", { tick: 5 }));
    expect(await screen.findByText(/By ann\./)).toBeVisible();
    expect(screen.getByText("Pause: applied at 00:02.5", { selector: "[data-fate]" })).toBeVisible();
    expect(screen.getByRole("status")).toHaveTextContent("Pause: applied at 00:02.5");
    await userEvent.clear(screen.getByLabelText("Ticks a step"));
    await userEvent.type(screen.getByLabelText("Ticks a step"), "20");
    await userEvent.click(screen.getByRole("button", { name: "Step" }));
    expect(commands(socket)).toEqual(["pause {}", 'step {"ticks":20}']);
  });

  test("changes the speed, and shows the one in force", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 5));
    await userEvent.selectOptions(await screen.findByLabelText("Speed"), "10×");
    expect(commands(socket)).toEqual(['speed {"x":10}']);
    expect(screen.getByLabelText("Speed")).toHaveValue("max");
    says(socket, answer(4, "theirs", "speed", { args: { x: 7 } }));
    expect(await screen.findByRole("option", { name: "7×" })).toBeInTheDocument();
    expect(screen.getByLabelText("Speed")).toHaveValue("7");
  });

  test("runs until a voltage leaves a bound", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "paused"), schema(2), fresh(3, 0, 5));
    await userEvent.click(await button("Run until…"));
    await userEvent.click(await screen.findByRole("radio", { name: "a voltage" }));
    await userEvent.selectOptions(screen.getByLabelText("Bus"), "684");
    await userEvent.click(screen.getByRole("button", { name: "Go on" }));
    expect(commands(socket)).toEqual(['run_until {"bus":"684","below":0.95}']);
    says(socket, answer(4, "x", "run_until", { args: { bus: "684", below: 0.95 } }));
    expect(await screen.findByText("until 684 below 0.95")).toBeVisible();
  });

  test("forks at the newest tick, paused there, and goes to the fork, which knows its parent", async () => {
    const posted: unknown[] = [];
    vi.stubGlobal("fetch", (path: string, init?: RequestInit) => {
      if (init?.method === "POST") posted.push([path, JSON.parse(init.body as string)]);
      const parent = { id: "k3v9", tick: 5 };
      const fork = path.includes("fork") || path.includes("f0rk");
      return Promise.resolve(Response.json(fork ? { ...SESSION, id: "f0rk", parent } : SESSION));
    });
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 5));
    await userEvent.click(await button("Fork…"));
    await userEvent.click(await screen.findByRole("button", { name: "Fork and pause there" }));
    expect(posted).toEqual([
      ["/api/sessions/k3v9/fork", { at_tick: 5, commands: [{ command: "pause", args: {} }] }],
    ]);
    expect(await screen.findByText(/forked from/)).toHaveTextContent("forked from k3v9 at tick 5");
    expect(screen.getByRole("link", { name: "k3v9" })).toHaveAttribute("href", "/sessions/k3v9");
    // Its own, and its parent's, whose lines are drawn behind it.
    const last = sockets.slice(-2).map(({ url }) => new URL(url).pathname);
    expect(new Set(last)).toEqual(new Set(["/api/ws/sessions/f0rk", "/api/ws/sessions/k3v9"]));
  });

  test("going back on the timeline stops the view, not the run, and says how far behind it is", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 50));
    const slider = await screen.findByRole("slider", { name: "Moment shown" });
    slider.focus();
    await userEvent.keyboard("{Home}{ArrowRight}");
    expect(await screen.findByTestId("moment")).toHaveTextContent("1 s, 23 s behind live");
    expect(screen.getByRole("button", { name: /^Fork at 00:01.0/ })).toBeVisible();
    expect(commands(socket)).toEqual([]);
    says(socket, fresh(4, 50, 10));
    await waitFor(() => {
      expect(screen.getByTestId("moment")).toHaveTextContent("1 s, 28 s behind live");
    });
    await userEvent.click(screen.getByRole("button", { name: "Back to live" }));
    expect(screen.queryByTestId("moment")).toBeNull();
  });

  test("a click on an event shows the run as of then", async () => {
    // Rows are made for what is in sight; without a layout nothing is.
    vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(400);
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 50));
    says(socket, answer(4, "theirs", "set_taps", { tick: 20, args: { regulators: { reg1: 1.05 } } }));
    const time = await screen.findByRole("button", { name: "00:10.0", hidden: true });
    await userEvent.click(time);
    expect(await screen.findByTestId("moment")).toHaveTextContent("10 s, 14 s behind live");
  });

  test("a link with a moment goes there as soon as the run has come that far", async () => {
    const socket = await open("/sessions/k3v9?t=20");
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 30));
    expect(await screen.findByText("Following the run")).toBeVisible();
    says(socket, fresh(4, 30, 30));
    expect(await screen.findByTestId("moment")).toHaveTextContent("20 s, 9.5 s behind live");
  });

  test("the whole run can be had as a file", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 5));
    await userEvent.click(await button("Export"));
    const links = await screen.findAllByRole("link", { name: /CSV|Parquet|JSON Lines/ });
    expect(links.map((link) => link.getAttribute("href"))).toEqual(
      ["csv", "parquet", "jsonl"].map((format) => `/api/sessions/k3v9/export?format=${format}`),
    );
  });

  test("shows who watches and where, and goes where one of them goes until it goes elsewhere itself", async () => {
    const socket = await open();
    const watching = (tick: number | null) => ({
      type: "viewers",
      count: 2,
      viewers: [
        { id: "me", name: "local", color: "#1f6fb2", since: 1000, tick: null, you: true },
        { id: "a", name: "ann", color: "#b3541e", since: 1001, tick, you: false },
      ],
    });
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 50), watching(8));
    await userEvent.click(await screen.findByRole("button", { name: "2 viewers" }));
    await userEvent.click(await screen.findByRole("button", { name: "Follow ann" }));
    expect(screen.getByText("at 00:04.0")).toBeVisible();
    expect(await screen.findByTestId("moment")).toHaveTextContent(/^4 s, /);
    says(socket, watching(20));
    await waitFor(() => {
      expect(screen.getByTestId("moment")).toHaveTextContent(/^10 s, /);
    });
    expect(screen.getByRole("button", { name: "2 viewers, following ann" })).toBeVisible();
    screen.getByRole("slider", { name: "Moment shown" }).focus();
    await userEvent.keyboard("{Home}");
    expect(await screen.findByRole("button", { name: "2 viewers" })).toBeVisible();
    says(socket, watching(30));
    expect(screen.getByTestId("moment")).toHaveTextContent(/^0 s, /);
  });

  test("out of touch it says so, and offers no command", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(3, 0, 5));
    act(() => {
      socket.drops(1012);
    });
    expect(await screen.findByText(/^Reconnecting$/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Stop" })).toBeDisabled();
  });

  test("a hole in the stream is shown as an error, and connecting again resumes before it", async () => {
    const socket = await open();
    says(socket, hello(), status(1, "running"), schema(2), fresh(4, 0, 5));
    expect(await screen.findByRole("alert")).toHaveTextContent(
      "skipped entries: entry 3 was due, entry 4 came",
    );
    expect(socket.closed).toBe(true);
    await userEvent.click(screen.getByRole("button", { name: "Connect again" }));
    expect(sockets.at(-1)).not.toBe(socket);
    expect(new URL(sockets.at(-1)?.url ?? "").searchParams.get("since")).toBe("2");
  });

  test("a run that does not exist is told", async () => {
    const socket = await open();
    act(() => {
      socket.drops(4404);
    });
    expect(await screen.findByRole("alert")).toHaveTextContent("There is no such run.");
  });
});
