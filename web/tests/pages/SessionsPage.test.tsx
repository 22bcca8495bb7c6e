import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { SESSION, summary } from "../samples";
import { open, page, serveScenarios, Service } from "./service";

vi.mock("../../src/pages/SessionPage", () => ({
  SessionPage: ({ sessionId }: { sessionId: string }) => <p>page of {sessionId}</p>,
}));
vi.mock(import("../../src/stream/useSessionStream"), async (original) => ({
  ...(await original()),
  openEarly: () => undefined,
}));

let service: Service;
let sessions: object[] = [];

const done = {
  status: "completed",
  tick: 100,
  summary: {
    ...summary(1),
    metrics: { violation_time_s: 994.63, worst_vmin: 0.93468, worst_vmax: 1.04306 },
  },
};

beforeEach(() => {
  service = new Service();
  serveScenarios(service);
  sessions = [
    { ...SESSION, id: "r1", title: "First", status: "running", tick: 50, viewers: 3, owner: "ann" },
    { ...SESSION, id: "r2", title: "Second", ...done },
    { ...SESSION, id: "r3", title: "Third", status: "queued", queue_position: 2, scenario: "ieee34" },
  ];
  service.on("GET /api/sessions", () => page(sessions));
});

const rowOf = async (title: string) => {
  const row = (await screen.findByRole("link", { name: title })).closest("tr");
  if (!row) throw new Error(`no row of ${title}`);
  return within(row);
};

describe("the list of sessions", () => {
  test("tells of each run what is known, and leaves the rest empty", async () => {
    open("/");
    const first = await rowOf("First");
    expect(first.getByText("Running")).toBeVisible();
    expect(first.getByText("50 %")).toBeVisible();
    expect(first.getByText("ann")).toBeVisible();
    expect(first.getByRole("cell", { name: "3" })).toBeVisible();
    expect(first.getAllByLabelText("Known at the end of the run")).toHaveLength(2);
    const second = await rowOf("Second");
    expect(second.getByText("0.9347 – 1.0431")).toBeVisible();
    expect(second.getByText("994.6 s")).toBeVisible();
    const third = await rowOf("Third");
    expect(third.getByText("Queued, #2")).toBeVisible();
    expect(await third.findByText("IEEE 34")).toBeVisible();
    expect(document.title).toBe("Sessions – Gridcast");
  });

  test("its filters stand in the address, and the service does the narrowing", async () => {
    const { history } = open("/?status=running&owner=ann");
    await screen.findByRole("link", { name: "First" });
    expect(service.got("GET /api/sessions")[0]?.query.toString()).toBe("limit=50&status=running&owner=ann");
    await userEvent.selectOptions(screen.getByLabelText("Scenario"), "ieee34");
    await waitFor(() => {
      expect(history.location.href).toBe("/?status=running&scenario=ieee34&owner=ann");
    });
    await userEvent.click(screen.getByRole("button", { name: "Show all" }));
    await waitFor(() => {
      expect(history.location.href).toBe("/");
    });
    expect(screen.getByLabelText("Owner")).toHaveValue("");
  });

  test("goes on where a page ends", async () => {
    service.on("GET /api/sessions", ({ query }) =>
      query.get("cursor") === "next"
        ? page([{ ...SESSION, id: "old", title: "Oldest" }])
        : page(sessions, "next"),
    );
    open("/");
    await userEvent.click(await screen.findByRole("button", { name: "Older runs" }));
    expect(await screen.findByRole("link", { name: "Oldest" })).toBeVisible();
    expect(screen.getByRole("link", { name: "First" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Older runs" })).not.toBeInTheDocument();
  });

  test("chosen runs are compared, oldest first", async () => {
    const { history } = open("/");
    await userEvent.click(await screen.findByLabelText("Choose First, r1"));
    expect(screen.queryByRole("link", { name: /^Compare \d/ })).not.toBeInTheDocument();
    await userEvent.click(screen.getByLabelText("Choose Third, r3"));
    await userEvent.click(screen.getByRole("link", { name: "Compare 2" }));
    await waitFor(() => {
      expect(history.location.href).toBe("/compare?ids=r3%2Cr1");
    });
  });

  test("a run is deleted after one has been asked, and leaves the list", async () => {
    service.on("DELETE /api/sessions/r1", () => {
      sessions = sessions.slice(1);
      return new Response(null, { status: 204 });
    });
    open("/");
    await userEvent.click(await screen.findByRole("button", { name: "Delete First, r1" }));
    const dialog = await screen.findByRole("dialog", { name: "Delete “First”?" });
    expect(dialog).toHaveTextContent("It still runs, and is stopped.");
    expect(service.got("DELETE /api/sessions/r1")).toHaveLength(0);
    await userEvent.click(within(dialog).getByRole("button", { name: "Delete" }));
    await waitFor(() => {
      expect(screen.queryByRole("link", { name: "First" })).not.toBeInTheDocument();
    });
    expect(screen.getByText("Deleted “First”.")).toBeInTheDocument();
  });

  test("a run that was deleted elsewhere meanwhile is deleted too", async () => {
    open("/");
    await userEvent.click(await screen.findByRole("button", { name: "Delete Second, r2" }));
    await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Delete" }));
    await waitFor(() => {
      expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
    });
  });
});

describe("an empty list", () => {
  test("offers the IEEE 13 run, one click away", async () => {
    sessions = [];
    service.on("POST /api/sessions", () => Response.json({ ...SESSION, id: "new1" }, { status: 201 }));
    open("/");
    await userEvent.click(await screen.findByRole("button", { name: "Run IEEE 13" }));
    expect(await screen.findByText("page of new1")).toBeVisible();
    expect(service.got("POST /api/sessions")[0]?.body).toMatchObject({ scenario: "ieee13" });
  });

  test("of filters says so instead", async () => {
    sessions = [];
    open("/?status=failed");
    expect(await screen.findByText("No run fits these filters.")).toBeVisible();
  });
});

describe("a service that is away", () => {
  test("is told above every page, until it answers", async () => {
    let away = true;
    const answers = globalThis.fetch;
    vi.stubGlobal("fetch", (path: string, init?: RequestInit) =>
      away ? Promise.reject(new TypeError("no")) : answers(path, init),
    );
    service.on("GET /healthz", () => ({ status: "ok" }));
    open("/workers");
    expect(await screen.findByText("The service does not answer", {}, { timeout: 5000 })).toBeVisible();
    away = false;
    await userEvent.click(screen.getByRole("button", { name: "Ask now" }));
    await waitFor(() => {
      expect(screen.queryByText("The service does not answer")).not.toBeInTheDocument();
    });
    expect(await screen.findByText("1", { selector: "dd" })).toBeVisible();
  });

  test("a refusal is no absence, and can be tried again", async () => {
    service.on("GET /api/sessions", () => Response.json({ detail: "No broker." }, { status: 400 }));
    open("/");
    expect(await screen.findByText("The runs cannot be loaded")).toBeVisible();
    expect(screen.getByText("No broker.")).toBeVisible();
    expect(screen.queryByText("The service does not answer")).not.toBeInTheDocument();
    service.on("GET /api/sessions", () => page(sessions));
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("link", { name: "First" })).toBeVisible();
  });
});

describe("the shell", () => {
  test("goes to pages by keys, and puts the focus there", async () => {
    const { history } = open("/");
    await screen.findByRole("link", { name: "First" });
    await userEvent.keyboard("gw");
    expect(await screen.findByRole("heading", { name: "Workers" })).toBeVisible();
    expect(history.location.pathname).toBe("/workers");
    expect(screen.getByRole("main")).toHaveFocus();
    expect(screen.getByRole("link", { name: "Workers" })).toHaveAttribute("aria-current", "page");
  });

  test("says which pages there are where there is none", async () => {
    open("/nowhere");
    expect(await screen.findByRole("heading", { name: "There is no such page" })).toBeVisible();
    expect(document.title).toBe("No such page – Gridcast");
  });
});
