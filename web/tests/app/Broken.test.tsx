import { createMemoryHistory } from "@tanstack/react-router";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import { App } from "../../src/app/App";
import { makeRouter } from "../../src/app/router";

let mistake: Error | null = null;

vi.mock("../../src/pages/WorkersPage", () => ({
  WorkersPage: () => {
    if (mistake) throw mistake;
    return <p>the workers</p>;
  },
}));

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
});

function open() {
  render(<App router={makeRouter(createMemoryHistory({ initialEntries: ["/workers"] }))} />);
}

test("a page that breaks says what is safe, keeps the way to the others, and comes back when it is well", async () => {
  mistake = new Error("no such thing as undefined");
  open();
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("This page broke");
  expect(alert).toHaveTextContent("not in your runs: they go on");
  expect(alert).toHaveTextContent("no such thing as undefined");
  expect(screen.getByRole("link", { name: "All runs" })).toHaveAttribute("href", "/");
  expect(screen.getByRole("link", { name: "Sessions" })).toBeVisible();
  mistake = null;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("the workers")).toBeVisible();
});

test("a part that could not be loaded is told as that, and offers to load the page anew", async () => {
  mistake = new TypeError("Failed to fetch dynamically imported module: /assets/WorkersPage.js");
  open();
  expect(await screen.findByRole("alert")).toHaveTextContent("This page could not be loaded");
  expect(screen.getByRole("button", { name: "Load it anew" })).toBeVisible();
});
