/** Ask for a task, watch it in two tabs, look through its table, open its best; cancel another; follow one where sockets are blocked. */

import assert from "node:assert/strict";
import process from "node:process";

import type { Page } from "playwright-core";

import {
  newContext,
  openTab,
  say,
  seen,
  shoot,
  type Tab,
  toldUpTo,
  troubles,
  withBrowser,
} from "./browser.ts";
import { faults } from "./serious.ts";

const [, , base, , noStreams] = process.argv;
const STEP = "controllers.0.voltage_dual_step_size";

async function ask<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(
    new URL(path, base),
    body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) },
  );
  const text = await response.text();
  assert(response.ok, `the service refused ${path}: ${text}`);
  return JSON.parse(text) as T;
}

async function startTask(experiments: number, duration_s: number, stop: object = {}): Promise<string> {
  const { id } = await ask<{ id: string }>("/api/tasks", {
    scenario: "ieee13-ofo",
    space: { [STEP]: { type: "float", low: 0.2, high: 5, log: true } },
    sampler: "random",
    experiments,
    overrides: { duration_s },
    stop,
  });
  return `/tasks/${id}`;
}

const rows = (page: Page) => page.locator("tr[data-state]");
const figure = (page: Page, name: string) =>
  page.getByText(name, { exact: true }).locator("..").locator("dd").innerText();

/** What a tab shows of a task. */
async function shown({ page, entries }: Tab): Promise<object> {
  return {
    rows: await rows(page).allInnerTexts(),
    best: await page.locator("tr[data-best] th").innerText(),
    score: await figure(page, "Best score"),
    done: await figure(page, "Experiments done"),
    trajectory: await page.getByRole("img", { name: /^Best so far/ }).getAttribute("aria-label"),
    entries: [...entries],
  };
}

await withBrowser(async (browser) => {
  const context = await newContext(browser);

  // A tab that is ready before there is anything to see.
  const second = await openTab(context, "/tasks");

  // From the form, with one value that the server refuses first.
  const first = await openTab(context, "/tasks/new?scenario=ieee13-ofo", { expected: ["status of 422"] });
  const { page } = first;
  const start = page.getByRole("button", { name: "Start the search" });
  await page.getByRole("textbox", { name: "Experiments" }).fill("20");
  await page.getByRole("textbox", { name: "At the same time" }).fill("2");
  await page.getByRole("textbox", { name: "Duration, s" }).fill("120");
  await page.getByLabel("Objective 1, metric").selectOption("mean_throughput_tps");
  const lowest = page.getByRole("textbox", { name: /, lowest$/ }).first();
  const good = await lowest.inputValue();
  await lowest.fill("900");
  await start.click();
  const refused = page.locator("[aria-invalid=true]").first();
  await refused.waitFor();
  const refusal = {
    value: await refused.inputValue(),
    message: await refused.evaluate((field) =>
      (field.getAttribute("aria-describedby") ?? "")
        .split(" ")
        .map((id) => document.getElementById(id)?.textContent ?? "")
        .join(" "),
    ),
  };
  const formFaults = await faults(page, "light");
  await lowest.fill(good);
  await start.click();
  await page.waitForURL((url) => /^\/tasks\/(?!new)/.test(url.pathname));
  const path = new URL(page.url()).pathname;

  // Live, in two tabs.
  await seen(page, "Live");
  await second.page.goto(new URL(path, base).href);
  await seen(second.page, "Live");
  const together = [first.entries.length, second.entries.length];
  await Promise.all([first, second].map((tab) => rows(tab.page).first().waitFor()));
  await page.getByRole("img", { name: /^Best so far/ }).waitFor();
  await shoot(page, "task-live-light");
  await Promise.all([seen(page, "Finished"), seen(second.page, "Finished")]);
  const late = await openTab(context, path);
  await seen(late.page, "Finished");
  const { head } = await ask<{ head: number }>(`/api${path}`);
  for (const tab of [first, second, late]) {
    await toldUpTo(tab, head);
    await tab.page.bringToFront();
    // The service is asked once more behind the last event.
    await tab.page.waitForFunction(() => document.querySelectorAll("tr[data-state=completed]").length === 21);
    await tab.page.locator("tr[data-best]").waitFor();
    await tab.page.getByText(/^best is /).waitFor();
  }
  const tabs = [];
  for (const tab of [first, second, late]) tabs.push(await shown(tab));

  // The table: baseline, order, filter.
  await page.bringToFront();
  const baseline = await page.locator("tr[data-baseline]").innerText();
  const scores = () => page.locator("tr[data-state] td:nth-of-type(2)").allInnerTexts();
  const sort = page.locator("thead").getByRole("button", { name: "Score" });
  await sort.click();
  await page.locator("th[aria-sort=ascending]").waitFor();
  const ascending = await scores();
  await sort.click();
  await page.locator("th[aria-sort=descending]").waitFor();
  const descending = await scores();
  await page.getByLabel("Experiments shown").selectOption("failed");
  await page.getByText("None fits.").waitFor();
  await page.getByLabel("Experiments shown").selectOption("completed");
  await rows(page).nth(20).waitFor();
  await page.locator("tr[data-best]").getByRole("button").click();
  await page
    .getByRole("list", { name: "Events of the experiment" })
    .getByText(/experiment completed/)
    .waitFor();
  const drawerFaults = await faults(page, "light");
  await shoot(page, "task-experiment-light");
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  const lightFaults = await faults(page, "light");
  await shoot(page, "task-finished-light", true);
  await page.emulateMedia({ colorScheme: "dark" });
  const darkFaults = await faults(page, "dark");
  await shoot(page, "task-finished-dark", true);
  await page.emulateMedia({ colorScheme: "light" });

  // Its best, as a session of its own.
  await page.getByRole("button", { name: "Open best as a session" }).click();
  await page.waitForURL(/\/sessions\//);
  await seen(page, "Finished");
  const digest = await page.getByText("Digest").locator("..").locator("dd").getAttribute("title");
  const session = await ask<{ summary: { metrics: object; digest: string } }>(
    `/api${new URL(page.url()).pathname}`,
  );
  const best = await ask<{ id: string; metrics: object }>(`/api${path}/best`);
  await Promise.all([first, second, late].map((tab) => tab.page.close()));

  // Another one, cancelled.
  const cancelled = await openTab(context, await startTask(500, 3600));
  await seen(cancelled.page, "Live");
  await cancelled.page.locator("tr[data-state=running]").first().waitFor();
  await cancelled.page.getByRole("button", { name: "Cancel…" }).click();
  await cancelled.page.getByRole("button", { name: "Cancel the task" }).click();
  await seen(cancelled.page, "Cancelled");
  await cancelled.page.locator("tr[data-state=running]").first().waitFor({ state: "detached" });
  const resumable = await cancelled.page.getByRole("button", { name: "Resume" }).isEnabled();
  await cancelled.page.close();

  // Where neither sockets nor event streams come through. However fast the machine is, it runs for some seconds.
  const slow = await startTask(5_000, 120, { max_s: 12 });
  const asking = await openTab(context, slow, { expected: ["WebSocket"], at: noStreams ?? "" });
  await seen(asking.page, "Every 3 s");
  const said = await asking.page
    .locator("header")
    .filter({ has: asking.page.locator("h1") })
    .innerText();
  await seen(asking.page, "Finished");
  const { done } = (await ask<{ progress: { done: number } }>(`/api${slow}`)).progress;
  await asking.page.getByText(`${done} of 5000`, { exact: true }).waitFor();
  await asking.page.locator("tr[data-best]").waitFor();
  await asking.page
    .locator("#experiments-title")
    .filter({ hasText: String(done + 1) })
    .waitFor();
  const counted = await asking.page.locator("#experiments-title").innerText();
  const polled = { said, done, counted, entries: asking.entries.length };

  say({
    refusal,
    together,
    tabs,
    table: { baseline, ascending, descending },
    opened: { digest, session: session.summary, best },
    resumable,
    polled,
    faults: { form: formFaults, drawer: drawerFaults, light: lightFaults, dark: darkFaults },
    troubles,
  });
});
