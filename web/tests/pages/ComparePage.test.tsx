import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test } from "vitest";

import { SESSION, summary } from "../samples";
import { open, page, Service } from "./service";

const run = (id: string, title: string, outside_s: number) => ({
  ...SESSION,
  id,
  title,
  status: "completed",
  summary: { ...summary(1), metrics: { violation_time_s: outside_s } },
});
const RUNS = [run("a", "Plain", 994.6), run("b", "Controlled", 59.1), run("c", "Third", 1)];

let service: Service;
let gone: Record<string, [number, number][]> = {};

beforeEach(() => {
  gone = {};
  service = new Service();
  service.on("GET /api/sessions", () => page(RUNS));
  for (const each of RUNS) service.on(`GET /api/sessions/${each.id}`, () => each);
  service.on("GET /api/compare", ({ query }) => {
    const ids = query.get("ids")?.split(",") ?? [];
    const series = ids.map((id, i) => [
      id,
      { v_min: [0.95 + i / 100, 0.94], v_max: [1.02, null], p_kw_total: [4000, 4100] },
    ]);
    return {
      series: { t_s: [0, 60], ...(Object.fromEntries(series) as object) },
      missing: gone,
      parameters: [{ path: "seed", values: Object.fromEntries(ids.map((id, i) => [id, i])) as object }],
    };
  });
});

describe("a comparison", () => {
  test("shows summaries with differences to the first, and the parameters that differ", async () => {
    open("/compare?ids=a,b");
    const outside = within((await screen.findByText("Time outside the limits")).closest("tr") as HTMLElement);
    expect(outside.getByText("994.6")).toBeVisible();
    expect(outside.getByText("−935.5")).toBeVisible();
    const seed = within((await screen.findByText("seed")).closest("tr") as HTMLElement);
    expect(seed.getAllByRole("cell").map(({ textContent }) => textContent)).toEqual(["0", "1"]);
  });

  test("has each chart as a table too, of values and of differences", async () => {
    open("/compare?ids=a,b");
    const chart = within(await screen.findByRole("region", { name: /^Lowest voltage/ }));
    expect(
      chart.getByRole("img", { name: /Plain: 0.9400 to 0.9500\. Controlled: 0.9400 to 0.9600/ }),
    ).toBeVisible();
    await userEvent.click(chart.getByRole("button", { name: "As a table" }));
    const rows = () => chart.getAllByRole("row").map(({ textContent }) => textContent);
    expect(rows()).toEqual(["Simulated timePlainControlled", "00:00.00.95000.9600", "01:00.00.94000.9400"]);
    await userEvent.click(screen.getByText("Difference to the first"));
    await waitFor(() => {
      expect(rows()).toEqual(["Simulated timeControlled", "00:00.00.0100", "01:00.00.0000"]);
    });
  });

  test("says which run has holes, and how large they are", async () => {
    gone = {
      a: [],
      b: [
        [0, 999],
        [2000, 2000],
      ],
    };
    open("/compare?ids=a,b");
    expect(
      await screen.findByText("1,001 ticks of Controlled are gone; its lines have holes there."),
    ).toBeVisible();
    expect(screen.queryByText(/of Plain are gone/)).toBeNull();
  });

  test("its runs are added, left out and put first, in the address too", async () => {
    const { history } = open("/compare?ids=a");
    expect(await screen.findByText(/One run more/)).toBeVisible();
    await userEvent.selectOptions(
      await screen.findByLabelText("Add a run"),
      await screen.findByRole("option", { name: /^Controlled/ }),
    );
    await screen.findByText("Time outside the limits");
    await userEvent.click(screen.getByRole("button", { name: "Make it the first: Controlled, b" }));
    expect(await screen.findByText("+935.5")).toBeVisible();
    expect(history.location.href).toBe("/compare?ids=b%2Ca");
    await userEvent.click(screen.getByRole("button", { name: "Leave out Controlled, b" }));
    await waitFor(() => {
      expect(history.location.href).toBe("/compare?ids=a");
    });
  });

  test("a run that is gone is named, and can be left out", async () => {
    open("/compare?ids=a,gone,b");
    expect(await screen.findByText("Run gone cannot be compared")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Leave it out" }));
    expect(await screen.findByText("Time outside the limits")).toBeVisible();
  });
});
