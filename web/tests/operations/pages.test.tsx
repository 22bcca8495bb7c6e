import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { open, page, refusal, serveScenarios, Service } from "../pages/service";
import { SESSION } from "../samples";
import { cell, CHARACTERIZATION, entry, HEATMAP, hello, operation, POINTS, progress, SCAN } from "./samples";

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
let now: object;

beforeEach(() => {
  sockets = [];
  vi.stubGlobal("WebSocket", Socket);
  // Nothing is laid out here, and so nothing scrolls.
  Element.prototype.scrollIntoView = () => undefined;
  service = new Service();
  serveScenarios(service);
  now = operation("heatmap");
  service.on("GET /api/operations", () => page([now]));
  service.on("GET /api/operations/o1", () => now);
});

const complete = (offset: number, result: object) => ({
  offset,
  type: "complete",
  ts: 1200,
  operation_id: "o1",
  pct: 100,
  result,
  final: true,
});

describe("the list of analyses", () => {
  test("tells how far each is, one that was asked for elsewhere among them", async () => {
    service.on("GET /api/operations", () =>
      page([
        operation("heatmap", { progress: progress(3, 6) }),
        {
          ...operation("scan", { id: "o2", title: "Verify s1", status: "completed" }),
          op: "verify",
          config: { session_id: "s1" },
        },
      ]),
    );
    open("/analyses");
    const row = (await screen.findByRole("link", { name: "A heatmap" })).closest("tr");
    if (!row) throw new Error("no row");
    expect(within(row).getByText("Running")).toBeVisible();
    expect(within(row).getByText("3 / 6")).toBeVisible();
    expect(screen.getByRole("link", { name: "Verify s1" })).toBeVisible();
    expect(document.title).toBe("Analyses – Gridcast");
  });

  test("its filters stand in the address, and the service does the narrowing", async () => {
    const { history } = open("/analyses?op=heatmap");
    await screen.findByRole("link", { name: "A heatmap" });
    expect(service.got("GET /api/operations")[0]?.query.toString()).toBe("limit=50&op=heatmap");
    await userEvent.selectOptions(screen.getByLabelText("Status"), "running");
    await waitFor(() => {
      expect(history.location.href).toBe("/analyses?op=heatmap&status=running");
    });
  });

  test("offers all three where there is none", async () => {
    service.on("GET /api/operations", () => page([]));
    open("/analyses");
    expect(await screen.findByText("No analyses yet")).toBeVisible();
    expect(screen.getByRole("link", { name: "Heatmap" })).toHaveAttribute("href", "/analyses/new?op=heatmap");
  });
});

describe("a heatmap's page", () => {
  const grid = () => screen.findByRole("grid", { name: /integral over .* and replicas/ });

  test("fills in as its cells come, and marks the best and what failed", async () => {
    open("/analyses/o1");
    const cells = within(await grid());
    expect(cells.getAllByRole("gridcell")).toHaveLength(6);
    expect(cells.getAllByRole("gridcell", { name: /not computed yet/ })).toHaveLength(6);
    says(
      hello,
      entry(1, 6, "queued"),
      entry(2, 6, "cell 1/6", cell(0, 0, 4)),
      entry(3, 6, "cell 2/6", cell(1, 1, null, "no solution at tick 4")),
    );
    expect(await screen.findByText("Live")).toBeVisible();
    expect(
      await cells.findByRole("gridcell", { name: /dt_s 0.1, replicas 5, 4.000 pu·s, the best/ }),
    ).toBeVisible();
    const failed = cells.getByRole("gridcell", { name: /replicas 10, failed: no solution at tick 4/ });
    expect(failed).toHaveAttribute("data-state", "failed");
    expect(screen.getByText("2 of 6 · 33 %")).toBeVisible();
    expect(screen.getByText("cell 2/6")).toBeVisible();
    expect(screen.getByText("about 12 s left")).toBeVisible();
    expect(screen.getByRole("progressbar", { name: "Points done" })).toHaveAttribute("aria-valuenow", "33");
  });

  test("the keyboard walks over its cells, and says where it is", async () => {
    now = operation("heatmap", {
      status: "completed",
      ended: 1005,
      result: HEATMAP,
      progress: progress(6, 6),
    });
    open("/analyses/o1");
    const box = await grid();
    act(() => {
      box.focus();
    });
    const here = () => document.getElementById(box.getAttribute("aria-activedescendant") ?? "");
    // It begins at the best.
    expect(here()).toHaveAccessibleName("grid_dt_s 0.3, replicas 10, 1.000 pu·s, the best");
    await userEvent.keyboard("{ArrowLeft}");
    expect(here()).toHaveAccessibleName("grid_dt_s 0.2, replicas 10, failed: no solution at tick 4");
    await userEvent.keyboard("{ArrowDown}{Home}");
    expect(here()).toHaveAccessibleName("grid_dt_s 0.1, replicas 5, 4.000 pu·s");
    expect(screen.getByText("grid_dt_s 0.1, replicas 5, 4.000 pu·s")).toBeVisible();
  });

  test("Enter opens a cell as a session, once one was asked", async () => {
    now = operation("heatmap", {
      status: "completed",
      ended: 1005,
      result: HEATMAP,
      progress: progress(6, 6),
    });
    service.on("POST /api/sessions", () => Response.json({ ...SESSION, id: "s1" }, { status: 201 }));
    open("/analyses/o1");
    const box = await grid();
    act(() => {
      box.focus();
    });
    await userEvent.keyboard("{Enter}");
    const dialog = await screen.findByRole("dialog");
    expect(service.got("POST /api/sessions")).toHaveLength(0);
    await userEvent.click(within(dialog).getByRole("button", { name: "Open as a session" }));
    expect(await screen.findByText("page of s1")).toBeVisible();
    expect(service.got("POST /api/sessions")[0]?.body).toEqual({
      scenario: "ieee13",
      overrides: { v_min: 0.94, duration_s: 300, grid_dt_s: 0.3, "datacenters.0.models.0.replicas": 10 },
      seed: 7,
      speed: "max",
      on_idle: "continue",
    });
  });

  test("is cancelled after one has been asked; what had come stays", async () => {
    service.on("POST /api/operations/o1/cancel", () => {
      now = operation("heatmap", { status: "cancelled", reason: "cancelled by a person", ended: 1100 });
      return Response.json(now, { status: 202 });
    });
    open("/analyses/o1");
    const cells = within(await grid());
    says(hello, entry(1, 6, "queued"), entry(2, 6, "cell 1/6", cell(0, 0, 4)));
    await userEvent.click(screen.getByRole("button", { name: "Cancel…" }));
    expect(service.got("POST /api/operations/o1/cancel")).toHaveLength(0);
    await userEvent.click(await screen.findByRole("button", { name: "Cancel the analysis" }));
    expect(await screen.findByText("Cancelled")).toBeVisible();
    expect(screen.getByText("cancelled by a person")).toBeVisible();
    expect(cells.getByRole("gridcell", { name: /4.000 pu·s/ })).toBeVisible();
  });

  test("asks every 3 s where no entries come, and says so", async () => {
    open("/analyses/o1");
    expect(await screen.findByText("Every 3 s", {}, { timeout: 6000 })).toBeVisible();
    expect(screen.getByText(/The points are shown when all of them are there/)).toBeVisible();
    now = operation("heatmap", {
      status: "completed",
      ended: 1005,
      result: HEATMAP,
      progress: progress(6, 6),
    });
    expect(await screen.findByText("Finished", {}, { timeout: 6000 })).toBeVisible();
    expect(screen.getByRole("gridcell", { name: /1.000 pu·s, the best/ })).toBeVisible();
  });

  test("is over by its last entry, and who comes late sees all of it", async () => {
    open("/analyses/o1");
    await grid();
    says(hello, entry(1, 6, "queued"), complete(2, HEATMAP));
    expect(await screen.findByText("Finished")).toBeVisible();
    expect(screen.getByRole("gridcell", { name: /1.000 pu·s, the best/ })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Cancel…" })).not.toBeInTheDocument();
  });

  test("says that it is recovering, and why it failed", async () => {
    now = operation("heatmap", { status: "recovering", attempt: 2 });
    const { unmount } = open("/analyses/o1");
    expect(await screen.findByText("Recovering")).toBeVisible();
    expect(screen.getByText(/attempt 2/)).toBeVisible();
    unmount();
    now = operation("heatmap", { status: "failed", reason: "three workers died", ended: 1100 });
    open("/analyses/o1");
    expect(await screen.findByText("The analysis failed")).toBeVisible();
    expect(screen.getAllByText("three workers died")).not.toHaveLength(0);
  });

  test("says what is wrong where there is no such analysis", async () => {
    service.on("GET /api/operations/o1", () =>
      Response.json({ detail: "There is no operation o1." }, { status: 404 }),
    );
    open("/analyses/o1");
    expect(await screen.findByText("There is no operation o1.")).toBeVisible();
  });
});

describe("a characterization's page", () => {
  test("has the figures and the bars as they come, and the hosting limit at the end", async () => {
    now = operation("characterize");
    open("/analyses/o1");
    await screen.findByText("A characterize");
    says(
      hello,
      entry(1, 8, "queued"),
      ...POINTS.map((point, i) => entry(i + 2, 8, "sensitivity 1/15", point)),
    );
    expect(await screen.findByText("900 kW")).toBeVisible();
    expect(screen.getByText("told at the end")).toBeVisible();
    const bars = await screen.findByRole("img", { name: /^source_pu: lower 30.000; higher 4.000/ });
    expect(bars).toBeVisible();
    expect(screen.getByRole("img", { name: /base_kw_per_phase: lower 9.000; higher failed/ })).toBeVisible();
    says(complete(20, CHARACTERIZATION));
    // Entries are counted: what was skipped is a fault, and the service is asked instead.
    now = operation("characterize", { status: "completed", result: CHARACTERIZATION, ended: 1100 });
    expect(await screen.findByText("720 kW", {}, { timeout: 8000 })).toBeVisible();
    expect(screen.getByText("0.80 × the datacenters; then undervoltage")).toBeVisible();
    const chart = screen.getByRole("region", { name: /P-V curve/ });
    await userEvent.click(within(chart).getByRole("button", { name: "Table" }));
    expect(within(chart).getByRole("row", { name: /2.00 ×.*diverged: no solution/ })).toBeVisible();
  });

  test("its bars are of the metric that one chooses", async () => {
    now = operation("characterize", { status: "completed", result: CHARACTERIZATION, ended: 1100 });
    open("/analyses/o1");
    await screen.findByRole("img", { name: /^source_pu: lower 30.000/ });
    await userEvent.selectOptions(screen.getByLabelText("Metric of the sensitivity"), "Lowest voltage");
    expect(screen.getByRole("img", { name: /^source_pu: lower 0.9600; higher 0.9600/ })).toBeVisible();
  });
});

describe("a scan's page", () => {
  beforeEach(() => {
    now = operation("scan", { status: "completed", result: SCAN, ended: 1100 });
  });

  test("tells every class with its count and its rule", async () => {
    open("/analyses/o1");
    const legend = await screen.findByRole("region", { name: "Classes" });
    expect(within(legend).getByText("Some voltage was below.")).toBeVisible();
    const table = screen.getByRole("group", { name: "Sites and scenarios, table" });
    expect(
      within(table)
        .getAllByRole("rowheader")
        .map(({ textContent }) => textContent),
    ).toEqual(["bus 671", "bus 800", "ieee13-ofo"]);
    await userEvent.selectOptions(screen.getByLabelText("Class"), "Undervoltage");
    expect(within(table).getAllByRole("rowheader")).toHaveLength(1);
    await userEvent.selectOptions(screen.getByLabelText("Feeder"), "IEEE 34");
    expect(within(table).getByText("None fits.")).toBeVisible();
  });

  test("a row opens its site as a session, the service's own", async () => {
    service.on("POST /api/sessions", () => Response.json({ ...SESSION, id: "s1" }, { status: 201 }));
    open("/analyses/o1");
    await userEvent.click(await screen.findByRole("button", { name: "bus 671" }));
    await userEvent.click(await screen.findByRole("button", { name: "Open as a session" }));
    expect(await screen.findByText("page of s1")).toBeVisible();
    expect(service.got("POST /api/sessions")[0]?.body).toMatchObject(SCAN.sites[0]?.session ?? {});
  });
});

describe("the page of a new analysis", () => {
  test("asks for what the form has, without waiting for its end, and goes to its page", async () => {
    service.on("POST /api/operations/heatmap", () => Response.json(now, { status: 202 }));
    const { history } = open("/analyses/new?op=heatmap&scenario=ieee13");
    await userEvent.clear(await screen.findByLabelText("Across, steps"));
    await userEvent.type(screen.getByLabelText("Across, steps"), "3");
    expect(screen.getByText("30 simulations")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Heatmap ieee13" }));
    await waitFor(() => {
      expect(history.location.pathname).toBe("/analyses/o1");
    });
    const [asked] = service.got("POST /api/operations/heatmap");
    expect(asked?.query.get("wait")).toBe("false");
    expect(asked?.key).not.toBeNull();
    expect(asked?.body).toMatchObject({ name: "ieee13", x_steps: 3, y_steps: 10 });
  });

  test("refusals stand at their fields, and the first of them has the focus", async () => {
    service.on("POST /api/operations/heatmap", () =>
      refusal(
        { loc: ["x_min"], msg: "must be less than x_max" },
        { loc: ["params", "other"], msg: "is unknown" },
      ),
    );
    open("/analyses/new?op=heatmap&scenario=ieee13");
    await userEvent.click(await screen.findByRole("button", { name: "Heatmap ieee13" }));
    expect(await screen.findByText("must be less than x_max")).toBeVisible();
    await waitFor(() => {
      expect(screen.getByLabelText("Across, from")).toHaveFocus();
    });
    expect(screen.getByText("params.other: is unknown")).toBeVisible();
  });

  test("each kind has its own form, at an address of its own", async () => {
    const { history } = open("/analyses/new");
    expect(await screen.findByLabelText("Largest size, times")).toBeVisible();
    await userEvent.click(screen.getByRole("radio", { name: "Scan" }));
    expect(await screen.findByLabelText("IEEE 34")).toBeVisible();
    expect(history.location.search).toContain("op=scan");
    expect(screen.getByLabelText("Code")).toHaveTextContent("gridcast scan");
  });

  test("changes of the scenario hold for all points", async () => {
    service.on("POST /api/operations/characterize", () => Response.json(now, { status: 202 }));
    open("/analyses/new?op=characterize&scenario=ieee13");
    await userEvent.click(await screen.findByPlaceholderText(/^Change a field/));
    await userEvent.click(await screen.findByText(/Lowest voltage · 0.95 · v_min/));
    await userEvent.clear(screen.getByLabelText("Lowest voltage, value"));
    await userEvent.type(screen.getByLabelText("Lowest voltage, value"), "0.9");
    await userEvent.click(screen.getByRole("button", { name: "Characterize ieee13" }));
    await waitFor(() => {
      expect(service.got("POST /api/operations/characterize")[0]?.body).toEqual({
        name: "ieee13",
        params: { v_min: 0.9 },
      });
    });
  });
});
