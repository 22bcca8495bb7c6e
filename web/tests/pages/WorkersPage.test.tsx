import { screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, test } from "vitest";

import { lagText, totals } from "../../src/workers/facts";
import { SESSION } from "../samples";
import { open, page, Service } from "./service";

const job = (id: string, more: object = {}) => ({ id, pid: 20, attempt: 1, tick: 1234, lag_s: 0, ...more });

let service: Service;
beforeEach(() => {
  service = new Service();
  service.on("GET /api/sessions", () => page([{ ...SESSION, id: "r1", title: "First" }]));
});

describe("the workers", () => {
  test("are told with what they run, and how late it is", async () => {
    service.on("GET /api/workers", () => ({
      queue_depth: 5,
      workers: [
        {
          id: "w1",
          host: "lab",
          pid: 7,
          slots: 2,
          sessions: [job("r1", { attempt: 3, lag_s: 2.34 }), job("unlisted")],
        },
        { id: "w2", host: "den", pid: 8, slots: 4, sessions: [] },
      ],
    }));
    open("/workers");
    const lab = within(await screen.findByRole("region", { name: /^lab/ }));
    expect(lab.getByText("2 of 2 slots used")).toBeVisible();
    const row = within((await lab.findByRole("link", { name: "First" })).closest("tr") as HTMLElement);
    expect(row.getByText("1,234")).toBeVisible();
    expect(row.getByText("2.3 s behind")).toBeVisible();
    expect(row.getByRole("cell", { name: "3" })).toBeVisible();
    expect(lab.getByRole("link", { name: "unlisted" })).toHaveAttribute("href", "/sessions/unlisted");
    expect(within(screen.getByRole("region", { name: /^den/ })).getByText("Runs nothing now.")).toBeVisible();
    expect(screen.getByText("2 of 6")).toBeVisible();
    expect(screen.getByText("5", { selector: "dd" })).toBeVisible();
  });

  test("that are none are told, with what to do", async () => {
    service.on("GET /api/workers", () => ({ queue_depth: 1, workers: [] }));
    open("/workers");
    expect(await screen.findByText("No worker is alive")).toBeVisible();
    expect(screen.getByText("gridcast worker")).toBeVisible();
  });
});

test("a lag that nobody sees is none", () => {
  expect([null, 0, 0.49, 0.5].map(lagText)).toEqual(["–", "on time", "on time", "0.5 s behind"]);
  expect(totals({ queue_depth: 0, workers: [] }).worstLag_s).toBeNull();
});
