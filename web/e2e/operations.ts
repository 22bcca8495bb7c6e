/** Ask for a heatmap, watch it in two tabs, walk over it, open a cell; the other kinds; cancel one; follow where lines are blocked. */

import assert from "node:assert/strict";
import process from "node:process";

import type { Page } from "playwright-core";

import { newContext, openTab, say, seen, shoot, troubles, withBrowser } from "./browser.ts";
import { faults } from "./serious.ts";

const [, , base, , noSockets, noStreams] = process.argv;

async function ask<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(
    new URL(path, base),
    body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) },
  );
  const text = await response.text();
  assert(response.ok, `the service refused ${path}: ${text}`);
  return JSON.parse(text) as T;
}

interface Told {
  readonly id: string;
  readonly status: string;
  readonly progress: { readonly step: number };
  readonly result: Readonly<Record<string, unknown>>;
}

async function start(op: string, config: object): Promise<{ readonly id: string; readonly path: string }> {
  const { id } = await ask<Told>(`/api/operations/${op}?wait=false`, config);
  return { id, path: `/analyses/${id}` };
}

const cells = (page: Page) => page.getByRole("gridcell");
const over = (page: Page) =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));

/** A page in the light, in the dark, and on a telephone. */
async function looks(page: Page, name: string): Promise<object> {
  const light = await faults(page, "light");
  await shoot(page, `${name}-light`, true);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await faults(page, "dark");
  await shoot(page, `${name}-dark`, true);
  await page.emulateMedia({ colorScheme: "light" });
  const size = page.viewportSize();
  await page.setViewportSize({ width: 420, height: 900 });
  const wide = await over(page);
  await shoot(page, `${name}-narrow`, true);
  if (size) await page.setViewportSize(size);
  return { light, dark, wide };
}

await withBrowser(async (browser) => {
  const context = await newContext(browser);
  const found: Record<string, object> = {};

  // A tab that is ready before there is anything to see.
  const second = await openTab(context, "/analyses");

  // From the form, with a range that the server refuses first.
  const first = await openTab(context, "/analyses/new?op=heatmap&scenario=ieee13", {
    expected: ["status of 422"],
  });
  const { page } = first;
  const go = page.getByRole("button", { name: "Heatmap ieee13" });
  const field = (name: string) => page.getByRole("textbox", { name, exact: true });
  await field("Across, steps").fill("5");
  await field("Upwards, steps").fill("4");
  await field("Duration, each point, s").fill("300");
  const lowest = await field("Across, from").inputValue();
  await field("Across, from").fill("90000");
  await go.click();
  const refused = page.locator("[aria-invalid=true]").first();
  await refused.waitFor();
  const refusal = {
    value: await refused.inputValue(),
    message: await refused.evaluate((input) =>
      (input.getAttribute("aria-describedby") ?? "")
        .split(" ")
        .map((id) => document.getElementById(id)?.textContent ?? "")
        .join(" "),
    ),
  };
  found["form"] = await looks(page, "analysis-new");
  await field("Across, from").fill(lowest);
  await go.click();
  await page.waitForURL((url) => /^\/analyses\/(?!new)/.test(url.pathname));
  const path = new URL(page.url()).pathname;

  // Live, in two tabs; a third one comes when it is over.
  await seen(page, "Live");
  await second.page.goto(new URL(path, base).href);
  await seen(second.page, "Live");
  await page.locator("[role=gridcell][data-state=done]").first().waitFor();
  const waiting = await page.locator("[role=gridcell][data-state=waiting]").count();
  await shoot(page, "heatmap-live-light");
  await Promise.all([seen(page, "Finished"), seen(second.page, "Finished")]);
  const late = await openTab(context, path);
  await seen(late.page, "Finished");
  const labels = [];
  for (const tab of [first, second, late]) {
    await tab.page.bringToFront();
    await tab.page.locator("[role=gridcell][data-state=done]").nth(19).waitFor();
    labels.push(
      await cells(tab.page).evaluateAll((all) => all.map((cell) => cell.getAttribute("aria-label"))),
    );
  }
  const told = await ask<Told>(`/api/operations/${path.split("/").at(-1) ?? ""}`);
  await page.bringToFront();

  // The keyboard walks from the best cell to the first one, and opens it.
  const grid = page.getByRole("grid");
  await grid.focus();
  const here = () =>
    grid.evaluate(
      (box) =>
        document
          .getElementById(box.getAttribute("aria-activedescendant") ?? "")
          ?.getAttribute("aria-label") ?? "",
    );
  const steps = [await here()];
  for (const key of ["Home", "PageDown", "End", "PageUp", "Home", "PageDown", "ArrowRight", "ArrowUp"]) {
    await grid.press(key);
    steps.push(await here());
  }
  const read = await page.locator("main output").first().innerText();
  const ring = await page
    .locator("[role=gridcell][aria-selected=true]")
    .evaluate((cell) => getComputedStyle(cell).boxShadow);
  found["heatmap"] = await looks(page, "heatmap-finished");
  await page.bringToFront();
  await grid.press("Enter");
  await page.getByRole("dialog").getByText("Open this point as a session?").waitFor();
  await shoot(page, "heatmap-open-light");
  await page.getByRole("button", { name: "Open as a session" }).click();
  await page.waitForURL(/\/sessions\//);
  await seen(page, "Finished");
  const session = await ask<{ overrides: object; summary: { metrics: object } }>(
    `/api${new URL(page.url()).pathname}`,
  );
  await Promise.all([first, second, late].map((tab) => tab.page.close()));

  // The other kinds.
  const pv = await start("characterize", { name: "ieee13", duration_s: 10, pv_points: 6, pv_max_scale: 3 });
  const curve = await openTab(context, pv.path);
  await seen(curve.page, "Finished");
  await curve.page.getByRole("img", { name: /^P-V curve/ }).waitFor();
  const picture = await curve.page.getByRole("img", { name: /^P-V curve/ }).getAttribute("aria-label");
  const bars = await curve.page
    .getByRole("img", { name: /: lower .*; higher / })
    .evaluateAll((all) => all.map((bar) => bar.getAttribute("aria-label")));
  found["characterize"] = await looks(curve.page, "characterize-finished");
  const characterized = (await ask<Told>(`/api/operations/${pv.id}`)).result;
  await curve.page.close();

  const sites = await start("scan", { feeders: ["ieee13"], duration_s: 10 });
  const scan = await openTab(context, sites.path);
  await seen(scan.page, "Finished");
  const rows = await scan.page.getByRole("rowheader").allInnerTexts();
  const signs = await scan.page.locator("[data-class]").count();
  found["scan"] = await looks(scan.page, "scan-finished");
  await scan.page.getByRole("button", { name: "bus 671" }).click();
  await scan.page.getByRole("button", { name: "Open as a session" }).click();
  await scan.page.waitForURL(/\/sessions\//);
  const site = await ask<{ overrides: object }>(`/api${new URL(scan.page.url()).pathname}`);
  const scanned = (await ask<Told>(`/api/operations/${sites.id}`)).result;
  await scan.page.close();

  const list = await openTab(context, "/analyses");
  await list.page.getByRole("link", { name: /^Heatmap of/ }).waitFor();
  found["list"] = await looks(list.page, "analyses");
  await list.page.close();

  // One that is cancelled, and what had come stays.
  const long = {
    name: "ieee13",
    param_x: "source_pu",
    x_min: 0.98,
    x_max: 1.04,
    x_steps: 20,
    param_y: "datacenters.0.power_factor",
    y_min: 0.9,
    y_max: 0.99,
    y_steps: 20,
    duration_s: 300,
  };
  const doomed = await start("heatmap", long);
  const cancelled = await openTab(context, doomed.path);
  await cancelled.page.locator("[role=gridcell][data-state=done]").first().waitFor();
  await cancelled.page.getByRole("button", { name: "Cancel…" }).click();
  await cancelled.page.getByRole("button", { name: "Cancel the analysis" }).click();
  await seen(cancelled.page, "Cancelled");
  const kept = await cancelled.page.locator("[role=gridcell][data-state=done]").count();
  await cancelled.page.close();

  // Where sockets are stripped on the way, and where event streams are held back too.
  const lines: object[] = [];
  for (const [name, at] of Object.entries({ events: noSockets ?? "", polling: noStreams ?? "" })) {
    const { id, path: way } = await start("heatmap", { ...long, seed: lines.length + 1 });
    const tab = await openTab(context, way, { expected: ["WebSocket"], at });
    await seen(tab.page, name === "events" ? "Live" : "Every 3 s");
    const header = await tab.page
      .locator("header")
      .filter({ has: tab.page.locator("h1") })
      .innerText();
    await tab.page.waitForFunction(
      () => Number(document.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow") ?? 0) >= 1,
    );
    if (name === "events") await tab.page.locator("[role=gridcell][data-state=done]").first().waitFor();
    await ask(`/api/operations/${id}/cancel`, {});
    await seen(tab.page, "Cancelled");
    lines.push({ name, header, entries: tab.entries.length });
    await tab.page.close();
  }

  say({
    refusal,
    waiting,
    labels,
    result: told.result,
    keyboard: { steps, read, ring },
    session,
    characterize: { picture, bars, result: characterized },
    scan: { rows, signs, result: scanned, site },
    kept,
    lines,
    found,
    troubles,
  });
});
