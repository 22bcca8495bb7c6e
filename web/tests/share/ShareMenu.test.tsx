import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { credentials } from "../../src/account/credentials";
import { open as openPage, page, type Service as Lab, Service } from "../pages/service";
import { FakeSocket, hello, schema, SESSION, status, ticks } from "../samples";

// Drawing needs a canvas, which jsdom has not; what is drawn is tested in charts/.
vi.mock("../../src/pages/RunCharts", () => ({ RunCharts: () => <p>the charts</p> }));

const DAY_S = 86_400;
const SHARES = "/api/sessions/k3v9/shares";
const SECRET = "session.k3v9.abcdefghij.0123456789abcdefghij-_";

interface Held {
  readonly id: string;
  readonly role: string;
  readonly expires: number;
  readonly created: number;
  readonly by: string;
  readonly note: string | null;
}

let service: Lab;
let held: Held[];
let session: typeof SESSION;
const sockets: FakeSocket[] = [];
const now_s = () => Date.now() / 1000;

/** A service with accounts that has one run of ada's, with a link to it. */
beforeEach(() => {
  sockets.length = 0;
  held = [
    {
      id: "s1",
      role: "viewer",
      expires: now_s() + 3 * DAY_S,
      created: now_s(),
      by: "ada",
      note: "for the lab",
    },
  ];
  session = { ...SESSION, owner: "ada" };
  service = new Service();
  service.on("GET /api/sessions/k3v9", () => session);
  service.on(`GET ${SHARES}`, () => page(held));
  service.on(`POST ${SHARES}`, ({ body }) => {
    const { role, expires_in_s, note } = body as { role: string; expires_in_s: number; note?: string };
    const made = { id: "s2", role, expires: now_s() + expires_in_s, created: now_s(), by: "ada" };
    held = [{ ...made, note: note ?? null }, ...held];
    return Response.json({ ...held[0], share: SECRET, url: "http://elsewhere/" }, { status: 201 });
  });
  service.on(`DELETE ${SHARES}/s1`, () => {
    held = held.filter(({ id }) => id !== "s1");
    return new Response(null, { status: 204 });
  });
  service.on("PUT /api/sessions/k3v9/visibility", ({ body }) => {
    session = { ...session, ...(body as object) };
    return body as object;
  });
  service.on("POST /api/tickets", () => Response.json({ ticket: "once" }, { status: 201 }));
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

afterEach(() => {
  credentials.signOut();
  credentials.dismiss();
  credentials.learn(false, null);
});

/** The page of ada's run as somebody sees it; `me` is null where nobody is signed in. */
async function open(me: string | null, role: string, { admin = false, auth = "on" } = {}): Promise<void> {
  service.on("GET /api/me", () => ({ name: me, admin, auth }));
  if (me !== null && auth === "on") credentials.signIn("to.ken", me, admin);
  openPage("/sessions/k3v9");
  const socket = await waitFor(() => {
    const found = sockets.at(-1);
    if (!found) throw new Error("the page opened no socket");
    return found;
  });
  const running = [status(1, "running"), schema(2), ticks(3, 0, 5, { ts: now_s() })];
  act(() => {
    socket.onopen?.();
    socket.says({ ...hello(0, session), role }, ...running);
  });
  await screen.findByText("Live");
}

const openMenu = async () => {
  await userEvent.click(await screen.findByRole("button", { name: "Share…" }));
  await screen.findByText("for the lab");
};
const links = () => within(screen.getByRole("list", { name: "Share links" }));

describe("who owns a run", () => {
  test("sees its share links: for whom, what they open, until when, and by whom", async () => {
    await open("ada", "owner");
    await openMenu();
    expect(links().getAllByRole("listitem")).toHaveLength(1);
    expect(links().getByText("for the lab")).toBeVisible();
    expect(links().getByText("may watch · ends in 3 d · by ada")).toBeVisible();
  });

  test("makes a link that lets others steer for a day, and gets it shown this once", async () => {
    // With a clipboard.
    userEvent.setup();
    await open("ada", "owner");
    await openMenu();
    await userEvent.selectOptions(screen.getByLabelText("Whoever has it"), "may watch and steer");
    await userEvent.selectOptions(screen.getByLabelText("For"), "1 day");
    await userEvent.type(screen.getByLabelText("Note"), "  ben {Enter}");
    const field = await screen.findByLabelText("Share link");
    expect(service.got(`POST ${SHARES}`)[0]?.body).toEqual({
      role: "controller",
      expires_in_s: DAY_S,
      note: "ben",
    });
    // The page of the test stands at another address than its routes.
    expect(field).toHaveValue(new URL(`?share=${SECRET}`, location.href).href);
    expect(field).toHaveAccessibleDescription(/this once/);
    expect(await links().findByText("may watch and steer · ends in 24 h · by ada")).toBeVisible();
    expect(screen.getByLabelText("Note")).toHaveValue("");

    await userEvent.click(screen.getByRole("button", { name: "Copy" }));
    expect(await screen.findByRole("button", { name: "Copied" })).toBeVisible();
    expect(await navigator.clipboard.readText()).toBe((field as HTMLInputElement).value);
  });

  test("withdraws one, and the keyboard stays in the list", async () => {
    await open("ada", "owner");
    await openMenu();
    await userEvent.click(screen.getByRole("button", { name: "Withdraw for the lab" }));
    expect(await screen.findByText("There are none.")).toBeVisible();
    expect(service.got(`DELETE ${SHARES}/s1`)).toHaveLength(1);
    expect(screen.getByRole("list", { name: "Share links" })).toHaveFocus();
  });

  test("makes it public and private again", async () => {
    await open("ada", "owner");
    await openMenu();
    const everybody = screen.getByRole("radio", { name: "Everybody who reaches this service" });
    expect(screen.getByRole("radio", { name: "You, and who has a share link" })).toBeChecked();
    await userEvent.click(everybody);
    await waitFor(() => {
      expect(session.visibility).toBe("public");
    });
    await waitFor(() => {
      expect(everybody).toBeChecked();
      expect(everybody).toBeEnabled();
    });
    await userEvent.click(screen.getByRole("radio", { name: "You, and who has a share link" }));
    await waitFor(() => {
      expect(session.visibility).toBe("private");
    });
  });

  test("reads what was refused where it was asked for", async () => {
    const refused = (detail: string) => Response.json({ title: "No", detail }, { status: 409 });
    service.on(`POST ${SHARES}`, () => refused("there are 100 share links; withdraw some"));
    service.on(`DELETE ${SHARES}/s1`, () => refused("the broker is away"));
    service.on("PUT /api/sessions/k3v9/visibility", () => refused("not now"));
    await open("ada", "owner");
    await openMenu();
    await userEvent.click(screen.getByRole("button", { name: "Make link" }));
    const form = within(screen.getByRole("form", { name: "New share link" }));
    expect(await form.findByRole("alert")).toHaveTextContent("there are 100 share links; withdraw some");
    await userEvent.click(screen.getByRole("button", { name: "Withdraw for the lab" }));
    expect(await links().findByRole("alert")).toHaveTextContent("the broker is away");
    await userEvent.click(screen.getByRole("radio", { name: "Everybody who reaches this service" }));
    expect(await screen.findByText("not now")).toBeVisible();
    expect(screen.getByRole("radio", { name: "You, and who has a share link" })).toBeChecked();
  });

  test("is told that the list cannot be had, and asks again", async () => {
    service.on(`GET ${SHARES}`, () => Response.json({ detail: "the broker is away" }, { status: 404 }));
    await open("ada", "owner");
    await userEvent.click(await screen.findByRole("button", { name: "Share…" }));
    expect(await screen.findByText(/The links cannot be shown: the broker is away/)).toBeVisible();
    service.on(`GET ${SHARES}`, () => page(held));
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("for the lab")).toBeVisible();
  });
});

test("an admin may share what is another's", async () => {
  await open("root", "admin", { admin: true });
  await openMenu();
});

test("Escape leads the keyboard back to where it came from", async () => {
  await open("ada", "owner");
  await openMenu();
  await waitFor(() => {
    expect(screen.getByRole("dialog")).toContainElement(document.activeElement as HTMLElement);
  });
  await userEvent.keyboard("{Escape}");
  await waitFor(() => {
    expect(screen.queryByText("for the lab")).toBeNull();
    expect(screen.getByRole("button", { name: "Share…" })).toHaveFocus();
  });
});

describe("who does not own it", () => {
  test.each([
    ["ben", "viewer"],
    ["ben", "controller"],
    [null, "viewer"],
  ])("%s, a %s, copies the plain link and is offered no more", async (me, role) => {
    await open(me, role);
    expect(await screen.findByRole("button", { name: "Copy link" })).toBeEnabled();
    expect(screen.queryByRole("button", { name: "Share…" })).toBeNull();
    expect(service.got(`GET ${SHARES}`)).toHaveLength(0);
  });
});

test("where there are no accounts there is nothing to share but the plain link", async () => {
  await open("local", "owner", { auth: "off" });
  expect(await screen.findByRole("button", { name: "Copy link" })).toBeEnabled();
  expect(screen.queryByRole("button", { name: "Share…" })).toBeNull();
});

const STEERING = ["Pause", "Step", "Run until…", "Adjust", "Stop"];

describe("what somebody may not do", () => {
  test("is not offered to who may only watch; how to come to it is", async () => {
    await open("ben", "viewer");
    const bar = within(screen.getByRole("group", { name: "Steering" }));
    expect(
      bar.getByText(/You may watch this run, not steer it\. Ask ada for a link that lets you\./),
    ).toBeVisible();
    for (const name of STEERING) expect(bar.queryByRole("button", { name })).toBeNull();
    expect(bar.queryByLabelText("Speed")).toBeNull();
    // A fork is their own.
    expect(bar.getByRole("button", { name: "Fork…" })).toBeEnabled();
    await userEvent.keyboard(" ");
    expect(sockets.at(-1)?.sent.filter((frame) => (frame as { type: string }).type === "command")).toEqual(
      [],
    );
  });

  test.each([
    ["ben", "controller"],
    ["ada", "owner"],
  ])("is everything for %s, a %s", async (me, role) => {
    await open(me, role);
    const bar = within(screen.getByRole("group", { name: "Steering" }));
    expect(bar.queryByText(/You may watch this run/)).toBeNull();
    for (const name of STEERING) expect(bar.getByRole("button", { name })).toBeVisible();
  });

  test("a guest of a link is told to sign in before a fork, and can", async () => {
    await open(null, "controller");
    await waitFor(() => {
      expect(credentials.standing.accounts).toBe(true);
    });
    await userEvent.click(screen.getByRole("button", { name: "Fork…" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText("A fork belongs to whoever makes it: sign in first.")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Fork and run on" })).toBeNull();
    await userEvent.click(dialog.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByRole("form", { name: "Sign in" })).toBeVisible();
  });
});
