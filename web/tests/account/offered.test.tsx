/** What the pages of tasks, analyses and lists offer to whom, where accounts are on. All of it is ann's. */

import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { credentials } from "../../src/account/credentials";
import { hello as operationHello, operation } from "../operations/samples";
import { open as openPage, page, serveScenarios, Service } from "../pages/service";
import { FakeSocket, SESSION } from "../samples";
import { EXPERIMENTS, hello as taskHello, task } from "../tasks/samples";

const sockets: FakeSocket[] = [];
let service: Service;

beforeEach(() => {
  sockets.length = 0;
  vi.stubGlobal(
    "WebSocket",
    class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    },
  );
  service = new Service();
  serveScenarios(service);
  service.on("POST /api/tickets", () => Response.json({ ticket: "once" }, { status: 201 }));
  service.on("GET /api/tasks/t1", () => task());
  service.on("GET /api/tasks/t1/experiments", () => page(EXPERIMENTS));
  service.on("GET /api/operations/o1", () => operation("heatmap"));
  service.on("GET /api/sessions", () =>
    page([
      { ...SESSION, id: "r1", title: "First", owner: "ann" },
      { ...SESSION, id: "r2", title: "Second", owner: "ben", visibility: "public" },
    ]),
  );
});

afterEach(() => {
  credentials.signOut();
  credentials.dismiss();
  credentials.learn(false, null);
});

function open(path: string, me: string | null): void {
  service.on("GET /api/me", () => ({ name: me, admin: me === "root", auth: "on" }));
  if (me !== null) credentials.signIn("to.ken", me, me === "root");
  openPage(path);
}

/** The socket of the page tells what whoever looks is there. */
async function says(hello: object, role: string): Promise<void> {
  await waitFor(() => {
    expect(sockets).not.toHaveLength(0);
  });
  const socket = sockets.at(-1);
  act(() => {
    socket?.onopen?.();
    socket?.says({ ...hello, role });
  });
}

const PAGES = [
  ["task", "/tasks/t1", taskHello, "/api/tasks/t1/shares", "You may watch this task, not cancel it."],
  [
    "analysis",
    "/analyses/o1",
    operationHello,
    "/api/operations/o1/shares",
    "You may watch this analysis, not cancel it.",
  ],
] as const;

describe.each(PAGES)("the page of a %s", (noun, path, hello, shares, words) => {
  test("lets its owner cancel it and make links to it", async () => {
    service.on(`GET ${shares}`, () => page([]));
    service.on(`POST ${shares}`, () => Response.json({ share: "se.cret" }, { status: 201 }));
    open(path, "ann");
    await says(hello, "owner");
    expect(await screen.findByRole("button", { name: "Cancel…" })).toBeEnabled();
    await userEvent.click(screen.getByRole("button", { name: "Share…" }));
    expect(await screen.findByText(`Who may watch this ${noun}`)).toBeInTheDocument();
    await userEvent.click(await screen.findByRole("button", { name: "Make link" }));
    expect(await screen.findByLabelText("Share link")).toHaveValue(
      new URL("?share=se.cret", location.href).href,
    );
    expect(service.got(`POST ${shares}`)[0]?.body).toEqual({ role: "viewer", expires_in_s: 7 * 86_400 });
  });

  test.each(["ben", null])("tells %s, who may only watch, that they may not cancel it", async (me) => {
    open(path, me);
    await says(hello, "viewer");
    expect(await screen.findByText(words)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Cancel…" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Share…" })).toBeNull();
  });

  test("lets a guest cancel it whose link allows that", async () => {
    open(path, null);
    await says(hello, "controller");
    expect(await screen.findByRole("button", { name: "Cancel…" })).toBeEnabled();
    expect(screen.queryByRole("button", { name: "Share…" })).toBeNull();
  });
});

test("who is not signed in is told to before an experiment becomes a session of theirs", async () => {
  open("/tasks/t1", null);
  await says(taskHello, "viewer");
  await userEvent.click(await screen.findByRole("button", { name: "Open best as a session…" }));
  expect(
    await screen.findByText("The session belongs to whoever opens it: sign in first."),
  ).toBeInTheDocument();
});

describe("the list of sessions", () => {
  test("offers to delete what is one's own, and says what is not", async () => {
    open("/", "ann");
    expect(await screen.findByRole("button", { name: /^Delete First/ })).toBeEnabled();
    await waitFor(() => {
      expect(screen.queryByRole("button", { name: /^Delete Second/ })).toBeNull();
    });
    await userEvent.click(screen.getByRole("checkbox", { name: /^Choose First/ }));
    const chosen = within(screen.getByRole("group", { name: "Chosen runs" }));
    expect(chosen.getByRole("button", { name: "Delete…" })).toBeEnabled();
    await userEvent.click(screen.getByRole("checkbox", { name: /^Choose Second/ }));
    expect(chosen.queryByRole("button", { name: "Delete…" })).toBeNull();
    expect(chosen.getByText(/1 of them not yours to delete/)).toBeVisible();
    expect(chosen.getByRole("link", { name: "Compare 2" })).toBeVisible();
  });

  test("lets an admin delete all of it", async () => {
    open("/", "root");
    expect(await screen.findByRole("button", { name: /^Delete First/ })).toBeEnabled();
    expect(screen.getByRole("button", { name: /^Delete Second/ })).toBeEnabled();
  });
});
