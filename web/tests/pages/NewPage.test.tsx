import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { SESSION } from "../samples";
import { open, refusal, serveScenarios, Service } from "./service";

vi.mock("../../src/pages/SessionPage", () => ({
  SessionPage: ({ sessionId }: { sessionId: string }) => <p>page of {sessionId}</p>,
}));
vi.mock(import("../../src/stream/useSessionStream"), async (original) => ({
  ...(await original()),
  openEarly: (id) => {
    opened.push(id);
  },
}));

const opened: string[] = [];
let service: Service;

beforeEach(() => {
  opened.length = 0;
  service = new Service();
  serveScenarios(service);
  service.on("POST /api/sessions", () => Response.json({ ...SESSION, id: "new1" }, { status: 201 }));
});

const posted = () => service.got("POST /api/sessions");
const run = (name = "ieee13") => screen.findByRole("button", { name: `Run ${name}` });
const retype = async (field: HTMLElement, text: string) => {
  await userEvent.clear(field);
  await userEvent.type(field, text);
};
const fold = async (title: string) => {
  await userEvent.click(screen.getByText(title, { selector: "summary > :first-child" }));
};

describe("a new run", () => {
  test("starts with one click, goes to its page, and opens its stream before", async () => {
    open("/new");
    await userEvent.click(await run());
    expect(await screen.findByText("page of new1")).toBeVisible();
    expect(posted()).toHaveLength(1);
    expect(posted()[0]?.body).toEqual({
      scenario: "ieee13",
      seed: 0,
      speed: "max",
      on_idle: "continue",
      overrides: {},
    });
    expect(posted()[0]?.key).toMatch(/^[0-9a-f]{32}$/);
    expect(opened).toEqual(["new1"]);
  });

  test("is what was picked, typed and chosen; only what differs is sent", async () => {
    const { history } = open("/new");
    await userEvent.click(await screen.findByRole("radio", { name: "Title of ieee13-ofo" }));
    await run("ieee13-ofo");
    expect(history.location.href).toBe("/new?scenario=ieee13-ofo");
    await retype(screen.getByLabelText("Seed"), "7");
    await retype(screen.getByLabelText("Duration, s"), "600");
    await userEvent.type(screen.getByLabelText("Title"), "Mine");
    await userEvent.selectOptions(screen.getByLabelText("Speed"), "10×");
    await userEvent.selectOptions(screen.getByLabelText("If nobody watches"), "Pauses");
    await userEvent.click(await run("ieee13-ofo"));
    await screen.findByText("page of new1");
    expect(posted()[0]?.body).toEqual({
      scenario: "ieee13-ofo",
      seed: 7,
      speed: 10,
      on_idle: "pause",
      title: "Mine",
      overrides: { duration_s: 600 },
    });
  });

  test("has what was changed deep inside, by its dotted path", async () => {
    open("/new");
    await run();
    await retype(screen.getByLabelText("creg1a"), "1.0625");
    await fold("Datacenters");
    await fold("site, bus 671");
    await fold("Models");
    await fold("8B");
    await retype(screen.getByLabelText("Replicas"), "12");
    expect(screen.getByText(/Was 10/)).toBeVisible();
    await userEvent.click(await run());
    await screen.findByText("page of new1");
    expect(posted()[0]?.body).toMatchObject({
      overrides: { "initial_taps.creg1a": 1.0625, "datacenters.0.models.0.replicas": 12 },
    });
  });

  test("a change can be taken back", async () => {
    open("/new");
    await run();
    await userEvent.type(screen.getByLabelText("Lowest voltage"), "1");
    const changes = screen.getByRole("region", { name: "What differs from the scenario" });
    await userEvent.click(within(changes).getByRole("button", { name: "Take back v_min" }));
    expect(screen.getByLabelText("Lowest voltage")).toHaveValue("0.95");
    expect(changes).not.toBeInTheDocument();
  });

  test("items are added and removed", async () => {
    open("/new");
    await run();
    await fold("Controllers");
    await userEvent.selectOptions(screen.getByLabelText("Add to Controllers"), "ofo");
    await fold("ofo");
    await userEvent.type(screen.getByLabelText("Datacenter"), "site");
    await fold("Datacenters");
    await userEvent.click(screen.getByRole("button", { name: /^Add to Datacenters/ }));
    await userEvent.click(await run());
    await screen.findByText("page of new1");
    const site = { name: "site", bus: "671", dt_s: 0.1, models: [{ label: "8B", replicas: 10 }] };
    expect(posted()[0]?.body).toMatchObject({
      overrides: {
        controllers: [{ type: "ofo", dt_s: 1, datacenter: "site" }],
        datacenters: [site, site],
      },
    });
  });

  test("tells how many ticks it has, and the command that starts it from elsewhere", async () => {
    open("/new");
    await run();
    expect(screen.getByText("36,000 ticks")).toBeVisible();
    await userEvent.clear(screen.getByLabelText("Duration, s"));
    await userEvent.type(screen.getByLabelText("Duration, s"), "60");
    expect(screen.getByText("600 ticks")).toBeVisible();
    expect(screen.getByLabelText("Code")).toHaveTextContent("gridcast run ieee13 \\ --set duration_s=60");
    await userEvent.click(screen.getByText("Python"));
    expect(screen.getByLabelText("Code")).toHaveTextContent('"duration_s": 60,');
  });
});

describe("a refused run", () => {
  test("is told at its fields, also where they were folded away, and the first one has the focus", async () => {
    service.on("POST /api/sessions", () =>
      refusal(
        { loc: ["datacenters", 0, "models", 0, "replicas"], msg: "must be at least 1, got 0" },
        { loc: ["duration_s"], msg: "must be at least 1, got 0" },
      ),
    );
    open("/new");
    await userEvent.click(await run());
    const replicas = await screen.findByLabelText("Replicas");
    expect(replicas).toBeInvalid();
    expect(screen.getByLabelText("Duration, s")).toBeInvalid();
    expect(screen.getAllByText("must be at least 1, got 0")).toHaveLength(2);
    await waitFor(() => {
      expect(replicas).toHaveFocus();
    });
    expect(screen.getByRole("status")).toHaveTextContent("2 things are wrong");
    // It was another wish: the next one has a key of its own.
    await userEvent.click(await run());
    await waitFor(() => {
      expect(posted()).toHaveLength(2);
    });
    expect(posted()[0]?.key).not.toBe(posted()[1]?.key);
  });

  test("what has no field is told beside the button", async () => {
    service.on("POST /api/sessions", () => refusal({ loc: ["feeder"], msg: "has no such bus" }));
    open("/new");
    await userEvent.click(await run());
    expect(await screen.findByText("feeder: has no such bus")).toBeVisible();
  });
});

test("without a worker it says that a run would wait, and what to do", async () => {
  service.on("GET /api/workers", () => ({ queue_depth: 0, workers: [] }));
  open("/new");
  expect(await screen.findByText("No worker is alive")).toBeVisible();
  expect(screen.getByText("gridcast worker")).toBeVisible();
});
