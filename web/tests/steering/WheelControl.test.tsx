import { createMemoryHistory } from "@tanstack/react-router";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { App } from "../../src/app/App";
import { makeRouter } from "../../src/app/router";
import { FakeSocket, hello, schema, SESSION, status, ticks } from "../samples";

// Drawing needs a canvas, which jsdom has not; what is drawn is tested in charts/.
vi.mock("../../src/pages/RunCharts", () => ({ RunCharts: () => <p>the charts</p> }));

const sockets: FakeSocket[] = [];
/** What was asked of the wheel, and what the server answers. */
const turns: string[] = [];
let answer: () => Response;

beforeEach(() => {
  sockets.length = turns.length = 0;
  vi.stubGlobal("fetch", (path: string, init?: RequestInit) => {
    if (!path.includes("/wheel/")) return Promise.resolve(Response.json(SESSION));
    turns.push(`${path.split("/wheel/")[1] ?? ""} ${typeof init?.body === "string" ? init.body : ""}`.trim());
    return Promise.resolve(answer());
  });
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

const wheel = (holder: string | null, ...asked: string[]) => ({
  holder,
  since: holder === null ? null : 5,
  asked: asked.map((name) => ({ name, ts: 7 })),
});

const watching = (told: object | null) => ({
  type: "viewers",
  count: 2,
  viewers: [
    { id: "me", name: "ann", color: "#1f6fb2", since: 1000, tick: null, you: true },
    { id: "b", name: "ben", color: "#b3541e", since: 1001, tick: null },
  ],
  ...(told === null ? {} : { wheel: told }),
});

/** A page of ann's that is told who has the wheel. */
async function open(role: string, told: object | null): Promise<FakeSocket> {
  const history = createMemoryHistory({ initialEntries: ["/sessions/k3v9"] });
  render(<App router={makeRouter(history)} />);
  await screen.findByTestId("badge");
  const socket = sockets.at(-1);
  if (!socket) throw new Error("the page opened no socket");
  act(() => socket.onopen?.());
  says(socket, { ...hello(), role }, status(1, "running"), schema(2));
  says(socket, ticks(3, 0, 5, { ts: Date.now() / 1000 }), watching(told));
  await screen.findByRole("button", { name: "Pause" });
  return socket;
}

const says = (socket: FakeSocket, ...frames: object[]) => {
  act(() => {
    socket.says(...frames);
  });
};

const pause = () => screen.getByRole("button", { name: "Pause" });

describe("the wheel", () => {
  test("is taken, which the page shows at once, and let go", async () => {
    await open("controller", wheel(null));
    expect(pause()).toBeEnabled();
    answer = () => Response.json(wheel("ann"));
    await userEvent.click(await screen.findByRole("button", { name: "Take the wheel" }));
    expect(await screen.findByText("You have the wheel")).toBeVisible();
    expect(pause()).toBeEnabled();
    answer = () => Response.json(wheel(null));
    await userEvent.click(screen.getByRole("button", { name: "Let go" }));
    expect(await screen.findByRole("button", { name: "Take the wheel" })).toBeVisible();
    expect(turns).toEqual(["take", "let-go"]);
  });

  test("that somebody else has disables what steers, says why, and can be asked for", async () => {
    const socket = await open("controller", wheel("ben"));
    expect(await screen.findByText("ben has the wheel")).toBeVisible();
    expect(pause()).toBeDisabled();
    expect(screen.getByRole("group", { name: "Steering" })).toHaveAttribute(
      "title",
      "ben has the wheel and alone steers this run.",
    );
    expect(screen.queryByRole("button", { name: "Take the wheel" })).toBeNull();
    answer = () => Response.json(wheel("ben", "ann"));
    await userEvent.click(screen.getByRole("button", { name: "Ask for it" }));
    expect(await screen.findByRole("button", { name: "Asked; never mind" })).toBeVisible();
    says(socket, watching(wheel("ann")));
    expect(await screen.findByText("You have the wheel")).toBeVisible();
    expect(pause()).toBeEnabled();
  });

  test("is given to who asks, or refused", async () => {
    const socket = await open("controller", wheel("ann", "ben"));
    expect(await screen.findByText("ben asks for it")).toBeVisible();
    answer = () => Response.json(wheel("ann"));
    await userEvent.click(screen.getByRole("button", { name: "Not to ben" }));
    await waitFor(() => {
      expect(screen.queryByText("ben asks for it")).toBeNull();
    });
    says(socket, watching(wheel("ann", "ben")));
    answer = () => Response.json(wheel("ben"));
    await userEvent.click(await screen.findByRole("button", { name: "Give it to ben" }));
    expect(await screen.findByText("ben has the wheel")).toBeVisible();
    expect(turns).toEqual(['refuse {"name":"ben"}', 'give {"name":"ben"}']);
  });

  test("can be taken back by the owner, who says so on purpose", async () => {
    await open("owner", wheel("ben"));
    expect(pause()).toBeDisabled();
    expect(await screen.findByRole("button", { name: "Take the wheel" })).toBeEnabled();
  });

  test("that was gone in the meantime is told in the server's words", async () => {
    await open("controller", wheel(null));
    answer = () =>
      Response.json(
        { type: "x", title: "t", status: 409, detail: "ben has the wheel; ask" },
        { status: 409 },
      );
    await userEvent.click(await screen.findByRole("button", { name: "Take the wheel" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("ben has the wheel; ask");
  });

  test("is only looked at by who may only watch, and is not there without accounts", async () => {
    const socket = await open("viewer", wheel("ben"));
    expect(await screen.findByText("ben has the wheel")).toBeVisible();
    expect(screen.getByRole("group", { name: "Wheel" }).querySelector("button")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "2 viewers" }));
    await waitFor(() => {
      expect(screen.getByText(/ben, at the wheel/)).toBeVisible();
    });
    says(socket, watching(null));
    await waitFor(() => {
      expect(screen.queryByRole("group", { name: "Wheel" })).toBeNull();
    });
  });
});
