import { createMemoryHistory } from "@tanstack/react-router";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { App } from "../../src/app/App";
import { makeRouter } from "../../src/app/router";
import { SESSION } from "../samples";

vi.mock("../../src/pages/SessionPage", () => ({
  SessionPage: ({ sessionId }: { sessionId: string }) => <p>page of {sessionId}</p>,
}));

const scenario = (name: string, feeder: string) => ({
  name,
  title: `Title of ${name}`,
  description: "What it is.",
  feeder,
  duration_s: 3600,
  n_ticks: 36_000,
});
const SCENARIOS = [
  scenario("ieee13", "ieee13"),
  scenario("ieee13-ofo", "ieee13"),
  scenario("ieee34", "ieee34"),
];

const posted: { body: unknown; key: string | null }[] = [];
let sessions: object[] = [];
let answerToPost: () => Response;

beforeEach(() => {
  posted.length = 0;
  sessions = [];
  answerToPost = () => Response.json({ ...SESSION, id: "new1" }, { status: 201 });
  vi.stubGlobal("fetch", (path: string, init?: RequestInit) => {
    if (path === "/api/scenarios")
      return Promise.resolve(Response.json({ items: SCENARIOS, next_cursor: null }));
    if (init?.method === "POST") {
      posted.push({
        body: JSON.parse(init.body as string),
        key: new Headers(init.headers).get("Idempotency-Key"),
      });
      return Promise.resolve(answerToPost());
    }
    return Promise.resolve(Response.json({ items: sessions, next_cursor: null }));
  });
});

const open = () => render(<App router={makeRouter(createMemoryHistory({ initialEntries: ["/"] }))} />);

describe("the home page", () => {
  test("with no runs it offers the IEEE 13 run, which is one click away", async () => {
    open();
    expect(await screen.findByText(/No runs yet/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Run ieee13" }));
    expect(await screen.findByText("page of new1")).toBeVisible();
    expect(posted).toMatchObject([{ body: { scenario: "ieee13", seed: 0, speed: "max", overrides: {} } }]);
    expect(posted[0]?.key).toMatch(/^[0-9a-f]{32}$/);
  });

  test("runs what was picked, with seed, simulated time and speed", async () => {
    open();
    await userEvent.click(await screen.findByRole("radio", { name: "Title of ieee34" }));
    const seed = screen.getByLabelText("Seed");
    await userEvent.clear(seed);
    await userEvent.type(seed, "7");
    await userEvent.type(screen.getByLabelText("Duration, s"), "600");
    await userEvent.selectOptions(screen.getByLabelText("Speed"), "10×");
    await userEvent.selectOptions(screen.getByLabelText("If nobody watches"), "Pauses");
    await userEvent.click(screen.getByRole("button", { name: "Run ieee34" }));
    await screen.findByText("page of new1");
    expect(posted[0]?.body).toEqual({
      scenario: "ieee34",
      seed: 7,
      speed: 10,
      on_idle: "pause",
      overrides: { duration_s: 600 },
    });
  });

  test("a refused value is told at its field", async () => {
    answerToPost = () =>
      Response.json(
        {
          title: "Invalid",
          status: 422,
          errors: [{ loc: ["overrides", "duration_s"], msg: "at least 60 s" }],
        },
        { status: 422 },
      );
    open();
    await userEvent.type(await screen.findByLabelText("Duration, s"), "7");
    await userEvent.click(screen.getByRole("button", { name: "Run ieee13" }));
    expect(await screen.findByText("at least 60 s")).toBeVisible();
    expect(screen.getByLabelText("Duration, s")).toBeInvalid();
  });

  test("lists recent runs with their state", async () => {
    sessions = [
      { ...SESSION, id: "r1", title: "First", status: "running", tick: 50 },
      { ...SESSION, id: "r2", title: "Second", status: "queued", queue_position: 2 },
    ];
    open();
    const row = (await screen.findByRole("link", { name: "First" })).closest("tr");
    expect(within(row as HTMLElement).getByText("Running")).toBeVisible();
    expect(within(row as HTMLElement).getByText("50 %")).toBeVisible();
    expect(screen.getByText("Queued, #2")).toBeVisible();
  });

  test("a server that is away is told, with a way to try again", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ detail: "No broker." }, { status: 404 })));
    open();
    expect(await screen.findByText("The scenarios cannot be loaded")).toBeVisible();
    expect(screen.getAllByText("No broker.").length).toBeGreaterThan(0);
    expect(screen.getAllByRole("button", { name: "Try again" }).length).toBeGreaterThan(0);
  });
});
