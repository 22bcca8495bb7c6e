import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { open, page, refusal, serveScenarios, Service } from "../pages/service";
import { SESSION } from "../samples";
import { event, experiment, EXPERIMENTS, hello, progress, task } from "./samples";

vi.mock("../../src/pages/SessionPage", () => ({
  SessionPage: ({ sessionId }: { sessionId: string }) => <p>page of {sessionId}</p>,
}));
vi.mock(import("../../src/stream/useSessionStream"), async (original) => ({
  ...(await original()),
  openEarly: () => undefined,
}));

/** Sockets of the page; their other end is the test. */
let sockets: Socket[] = [];

class Socket {
  readonly addEventListener = () => undefined;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;
  readonly url: string;

  constructor(url: string) {
    this.url = url;
    sockets.push(this);
  }

  send(): void {
    // Nobody listens.
  }

  close(): void {
    this.onclose?.({ code: 1000, reason: "" });
  }
}

const says = (...frames: object[]) => {
  act(() => {
    const socket = sockets.at(-1);
    socket?.onopen?.();
    for (const frame of frames) socket?.onmessage?.({ data: JSON.stringify(frame) });
  });
};

let service: Service;
let tasks: object[];
let now: object;
let experiments: object[];

beforeEach(() => {
  sockets = [];
  vi.stubGlobal("WebSocket", Socket);
  // Nothing is laid out here; the table draws what fits into its box.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(440);
  service = new Service();
  serveScenarios(service);
  tasks = [
    task(),
    task({ id: "t2", title: "Older", status: "completed", progress: progress(10, 3), ended: 1200 }),
  ];
  now = task();
  experiments = EXPERIMENTS;
  service.on("GET /api/tasks", () => page(tasks));
  service.on("GET /api/tasks/t1", () => now);
  service.on("GET /api/tasks/t1/experiments", () => page(experiments));
});

const rowOf = async (name: string) => {
  const row = (await screen.findByRole("button", { name })).closest("tr");
  if (!row) throw new Error(`no row of ${name}`);
  return row;
};

describe("the list of tasks", () => {
  test("tells how far each is, and follows those under way by their events", async () => {
    open("/tasks");
    const row = (await screen.findByRole("link", { name: "OFO step sizes" })).closest("tr");
    if (!row) throw new Error("no row");
    expect(within(row).getByText("Running")).toBeVisible();
    expect(within(row).getByText("2 / 10")).toBeVisible();
    expect(within(row).getByText("8.0000")).toBeVisible();
    expect(screen.getByText("Finished")).toBeVisible();
    expect(sockets.map(({ url }) => new URL(url).pathname)).toEqual(["/api/ws/tasks/t1"]);
    says(hello, event(1, "task_progress", null, progress(5, 6.5, "t1-4")));
    expect(await within(row).findByText("5 / 10")).toBeVisible();
    expect(within(row).getByText("6.5000")).toBeVisible();
  });

  test("its filters stand in the address, and the service does the narrowing", async () => {
    const { history } = open("/tasks?status=running");
    await screen.findByRole("link", { name: "OFO step sizes" });
    expect(service.got("GET /api/tasks")[0]?.query.toString()).toBe("limit=50&status=running");
    await userEvent.selectOptions(screen.getByLabelText("Scenario"), "ieee34");
    await waitFor(() => {
      expect(history.location.href).toBe("/tasks?status=running&scenario=ieee34");
    });
  });

  test("offers an example where there is none, one click away", async () => {
    tasks = [];
    service.on("POST /api/tasks", () => Response.json(now, { status: 201 }));
    const { history } = open("/tasks");
    await userEvent.click(await screen.findByRole("button", { name: "Tune OFO on IEEE 13" }));
    await waitFor(() => {
      expect(history.location.pathname).toBe("/tasks/t1");
    });
    const [asked] = service.got("POST /api/tasks");
    expect(asked?.body).toMatchObject({ scenario: "ieee13-ofo", sampler: "tpe", experiments: 40 });
    expect(asked?.key).not.toBeNull();
  });
});

describe("the page of a task", () => {
  test("shows how it stands: figures, states in words, the best and the baseline marked", async () => {
    open("/tasks/t1");
    expect(await screen.findByRole("heading", { name: "OFO step sizes" })).toBeVisible();
    expect(screen.getByText("best is 20.0 % better")).toBeVisible();
    expect(screen.getByText("2 of 10")).toBeVisible();
    const best = await rowOf("#1");
    expect(within(best).getByText("Done")).toBeVisible();
    expect(within(best).getByText("best")).toBeVisible();
    expect(within(await rowOf("Baseline")).getByText("baseline")).toBeVisible();
    expect(within(await rowOf("#2")).getByText("Running")).toBeVisible();
    expect(screen.getByRole("progressbar", { name: "#2, simulations" })).toHaveAttribute(
      "aria-valuenow",
      "0",
    );
    expect(document.title).toBe("OFO step sizes – Gridcast");
  });

  test("is live by its events: phases, scores and the best come without asking", async () => {
    open("/tasks/t1");
    await rowOf("#2");
    says(hello, event(1, "benchmark_progress", "t1-2", { phase: 1, phases: 1, pct: 40 }));
    expect(await screen.findByText("Live")).toBeVisible();
    await waitFor(() => {
      expect(screen.getByRole("progressbar", { name: "#2, simulations" })).toHaveAttribute(
        "aria-valuenow",
        "40",
      );
    });
    says(
      event(2, "experiment_completed", "t1-2", {
        params: {},
        metrics: {},
        objective_score: 4.25,
        elapsed_time: 3,
      }),
      event(3, "task_progress", null, progress(3, 4.25, "t1-2")),
    );
    await waitFor(async () => {
      expect(within(await rowOf("#2")).getByText("best")).toBeVisible();
    });
    expect(screen.getByText("3 of 10")).toBeVisible();
    expect(await screen.findByText("Nothing yet: it waits for a worker.")).toBeVisible();
    expect(screen.getByText("New best: 4.2500, experiment #2.")).toBeInTheDocument();
  });

  test("asks every 3 s where no events come, and says so", async () => {
    open("/tasks/t1");
    expect(await screen.findByText("Every 3 s", {}, { timeout: 6000 })).toBeVisible();
    expect(screen.getByText(/Live events do not get through; this page asks every 3 s./)).toBeVisible();
    const before = service.got("GET /api/tasks/t1").length;
    now = task({ progress: progress(7, 8, "t1-1") });
    expect(await screen.findByText("7 of 10", {}, { timeout: 6000 })).toBeVisible();
    expect(service.got("GET /api/tasks/t1").length).toBeGreaterThan(before);
  });

  test("where no events come, its end is shown with the last experiment", async () => {
    // Both are asked at once; the list was answered a moment before the end.
    const over = task({ status: "completed", progress: progress(10, 2, "t1-9"), ended: 1100 });
    service.on("GET /api/tasks/t1/experiments", () => {
      const answer = page(experiments);
      if (now === over) experiments = [...EXPERIMENTS, experiment(9, 4, 2)];
      return answer;
    });
    open("/tasks/t1");
    await screen.findByText("Every 3 s", {}, { timeout: 6000 });
    now = over;
    expect(await screen.findByText("Finished", {}, { timeout: 6000 })).toBeVisible();
    expect(await screen.findByRole("button", { name: "#9" }, { timeout: 6000 })).toBeVisible();
  });

  test("marks what no other beats in all objectives at once", async () => {
    now = task({ status: "completed", ended: 1100, front: ["t1-0"] });
    open("/tasks/t1");
    expect(within(await rowOf("#0")).getByText("on the front")).toBeVisible();
    expect(within(await rowOf("#1")).queryByText("on the front")).not.toBeInTheDocument();
  });

  test("the table is ordered by its heads and narrowed to a state", async () => {
    open("/tasks/t1");
    await rowOf("#2");
    const names = () =>
      within(screen.getByRole("group", { name: "Experiments, table" }))
        .getAllByRole("rowheader")
        .map(({ textContent }) => textContent);
    expect(names()).toEqual(["Baseline", "#0", "#1", "#2"]);
    await userEvent.click(screen.getByRole("button", { name: "Score" }));
    expect(names()).toEqual(["#1", "Baseline", "#0", "#2"]);
    expect(screen.getByRole("columnheader", { name: "Score" })).toHaveAttribute("aria-sort", "ascending");
    await userEvent.click(screen.getByRole("button", { name: "Score" }));
    expect(names()).toEqual(["#0", "Baseline", "#1", "#2"]);
    await userEvent.selectOptions(screen.getByLabelText("Experiments shown"), "Running");
    expect(names()).toEqual(["#2"]);
  });

  test("is cancelled after one has been asked, and goes on when resumed", async () => {
    service.on("POST /api/tasks/t1/cancel", () => {
      now = task({ status: "cancelled", reason: "cancelled by a person", ended: 1100 });
      return Response.json(now, { status: 202 });
    });
    service.on("POST /api/tasks/t1/resume", () => {
      now = task({ status: "queued", attempt: 2 });
      return Response.json(now, { status: 202 });
    });
    open("/tasks/t1");
    await userEvent.click(await screen.findByRole("button", { name: "Cancel…" }));
    expect(service.got("POST /api/tasks/t1/cancel")).toHaveLength(0);
    await userEvent.click(await screen.findByRole("button", { name: "Cancel the task" }));
    expect(await screen.findByText("Cancelled")).toBeVisible();
    expect(screen.getByText("The task is over: cancelled by a person.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Resume" }));
    expect(await screen.findByText("Queued")).toBeVisible();
  });

  test("opens the best as a session: the service's own configuration and seed", async () => {
    const wish = {
      scenario: "ieee13-ofo",
      overrides: { "controllers.0.primal_step_size": 0.1 },
      seed: 3,
      title: "T",
    };
    service.on("GET /api/tasks/t1/experiments/t1-1", () => ({ ...experiment(1, 3, 8), sessions: [wish] }));
    service.on("POST /api/sessions", () => Response.json({ ...SESSION, id: "s1" }, { status: 201 }));
    open("/tasks/t1");
    await userEvent.click(await screen.findByRole("button", { name: "Open best as a session" }));
    expect(await screen.findByText("page of s1")).toBeVisible();
    expect(service.got("POST /api/sessions")[0]?.body).toEqual({
      ...wish,
      speed: "max",
      on_idle: "continue",
    });
  });

  test("an experiment is shown beside it, at an address of its own", async () => {
    const { history } = open("/tasks/t1");
    await userEvent.click(await screen.findByRole("button", { name: "#1" }));
    const drawer = await screen.findByRole("dialog", { name: "Experiment 1" });
    expect(history.location.href).toBe("/tasks/t1?experiment=t1-1");
    expect(within(drawer).getByText("controllers.0.voltage_dual_step_size")).toBeVisible();
    expect(within(drawer).getByText("0.9512")).toBeVisible();
    expect(sockets.at(-1)?.url).toContain("/api/ws/experiments/t1-1");
    says(hello, event(1, "experiment_started", "t1-1", { params: {} }));
    expect(await within(drawer).findByText(/experiment started: experiment_started happened/)).toBeVisible();
    await userEvent.click(within(drawer).getByRole("button", { name: "Close" }));
    await waitFor(() => {
      expect(history.location.href).toBe("/tasks/t1");
    });
  });

  test("a chart is a table too", async () => {
    open("/tasks/t1");
    await rowOf("#2");
    const chart = screen.getByRole("region", { name: /Best so far/ });
    await userEvent.click(within(chart).getByRole("button", { name: "Table" }));
    const cells = within(chart)
      .getAllByRole("row")
      .map(({ textContent }) => textContent);
    expect(cells).toEqual(["OrderExperimentScoreBest so far", "1#012.00012.000", "2#18.00008.0000"]);
  });

  test("says what is wrong where there is no such task", async () => {
    service.on("GET /api/tasks/t1", () => Response.json({ detail: "There is no task t1." }, { status: 404 }));
    open("/tasks/t1");
    expect(await screen.findByText("There is no task t1.")).toBeVisible();
  });
});

describe("the page of a new task", () => {
  test("adds a parameter of the scenario, and asks for what was typed", async () => {
    service.on("POST /api/tasks", () => Response.json(now, { status: 201 }));
    const { history } = open("/tasks/new?scenario=ieee13");
    await userEvent.click(await screen.findByPlaceholderText(/^Add a parameter/));
    await userEvent.click(await screen.findByText(/Lowest voltage · 0.95 · v_min/));
    await userEvent.clear(screen.getByLabelText("Lowest voltage, highest"));
    await userEvent.type(screen.getByLabelText("Lowest voltage, highest"), "0.97");
    await userEvent.click(screen.getByRole("button", { name: "Start the search" }));
    await waitFor(() => {
      expect(history.location.pathname).toBe("/tasks/t1");
    });
    expect(service.got("POST /api/tasks")[0]?.body).toMatchObject({
      scenario: "ieee13",
      space: { v_min: { type: "float", low: 0.19, high: 0.97, log: true } },
    });
  });

  test("refusals stand at their fields, and the first of them has the focus", async () => {
    service.on("POST /api/tasks", () =>
      refusal(
        { loc: ["space", "controllers.0.primal_step_size", "low"], msg: "must be at most high" },
        { loc: ["experiments"], msg: "must be at most 5000" },
      ),
    );
    open("/tasks/new?scenario=ieee13-ofo");
    await userEvent.click(await screen.findByRole("button", { name: "Start the search" }));
    expect(await screen.findByText("must be at most high")).toBeVisible();
    expect(screen.getByText("must be at most 5000")).toBeVisible();
    await waitFor(() => {
      expect(screen.getByLabelText(/primal_step_size, lowest/)).toHaveFocus();
    });
    expect(screen.queryByText("The task was not started")).not.toBeInTheDocument();
  });

  test("tells the same task as a file for the command line", async () => {
    open("/tasks/new?scenario=ieee13-ofo");
    const code = await screen.findByLabelText("Code");
    expect(code).toHaveTextContent('[space."controllers.0.voltage_dual_step_size"]');
    await userEvent.clear(screen.getByLabelText("Experiments"));
    await userEvent.type(screen.getByLabelText("Experiments"), "12");
    expect(code).toHaveTextContent("experiments = 12");
    expect(screen.getByText("13 simulations")).toBeVisible();
  });
});
