/**
 * Pick, run, watch, open a second tab, see the same ticks, stop: in a real Chromium against a running Gridcast.
 *
 *   CHROMIUM=/usr/bin/chromium node e2e/live.ts http://127.0.0.1:8000 FOLDER_FOR_SCREENSHOTS
 *
 * Prints one JSON object with what it saw; fails with a message where something did not come to pass. What must hold of the
 * things seen is judged by tests/e2e/test_live_page.py.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";

import { type BrowserContext, chromium, type Page } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const executablePath = process.env["CHROMIUM"];
assert(base && folder && executablePath, "usage: CHROMIUM=PATH node e2e/live.ts URL FOLDER");

const PATIENCE_MS = 60_000;
const READING = /^\d\.\d{4} – \d\.\d{4}$/;

/** What must never come, of any tab. */
const troubles: string[] = [];

interface Tab {
  readonly page: Page;
  /** The texts of all entries of the log that came over its sockets, in order. */
  readonly entries: string[];
}

/** `expected`: an error of the console that this tab must show, as the browser words it. */
async function openTab(context: BrowserContext, path: string, expected?: string): Promise<Tab> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const entries: string[] = [];
  page.on("console", (message) => {
    const bad = message.type() === "error" || message.type() === "warning";
    if (bad && !(expected && message.text().includes(expected))) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(String(error.stack ?? error)));
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      const text = String(payload);
      if (text.includes('"offset":')) entries.push(text);
    });
  });
  await page.goto(new URL(path, base).href);
  return { page, entries };
}

const badge = (page: Page) => page.getByTestId("badge");

async function seen(page: Page, label: string): Promise<void> {
  try {
    await badge(page).getByText(label, { exact: true }).waitFor();
  } catch (error) {
    const header = await page.locator("article > header").innerText();
    throw new Error(`the badge never said ${label}; the page said: ${header}`, { cause: error });
  }
}

/** Figures beside the legend of the voltage chart, with the crosshair moved there by the keyboard. */
async function readings(page: Page): Promise<string[]> {
  const plot = page.getByRole("img", { name: /^Voltages of/ });
  await plot.focus();
  const found: string[] = [];
  for (const presses of [1, 40, 60]) {
    for (let i = 0; i < presses; i++) await plot.press("ArrowRight");
    found.push(
      ...(await page
        .getByRole("region", { name: /^Voltage pu/ })
        .locator("output")
        .allTextContents()),
    );
  }
  return found;
}

/** Share of the pixels of the voltage chart and the heat strip that something was drawn on. */
async function drawnShares(page: Page): Promise<number[]> {
  return page.locator("section canvas").evaluateAll((canvases) =>
    (canvases as HTMLCanvasElement[]).slice(0, 2).map((canvas) => {
      const pen = canvas.getContext("2d");
      if (!pen || canvas.width === 0) return 0;
      const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
      let drawn = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) drawn += 1;
      return drawn / (data.length / 4);
    }),
  );
}

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1000 },
    colorScheme: "light",
  });

  // Pick and run, with the keyboard alone.
  const first = await openTab(context, "/");
  await first.page.getByRole("radio", { name: "IEEE 13, no control" }).focus();
  await first.page.keyboard.press("Space");
  await first.page.getByLabel("Speed").selectOption("60");
  await first.page.screenshot({ path: join(folder, "home-light.png") });
  await first.page.getByRole("button", { name: "Run ieee13" }).press("Enter");
  await first.page.waitForURL(/\/sessions\//);

  // Watch.
  const reading = first.page
    .getByRole("region", { name: /^Voltage pu/ })
    .locator("output")
    .first();
  await reading.filter({ hasText: READING }).waitFor();
  await seen(first.page, "Live");
  await first.page.screenshot({ path: join(folder, "live-light.png") });

  // A second tab, while it runs.
  const path = new URL(first.page.url()).pathname;
  const second = await openTab(context, path);
  await seen(second.page, "Live");
  const together = [first.entries.length, second.entries.length];
  await first.page.getByText("2 viewers").waitFor();

  // What one does, both see: with its author.
  await first.page.locator("h1").click();
  await first.page.keyboard.press("Space");
  await Promise.all([seen(first.page, "Paused"), seen(second.page, "Paused")]);
  await second.page.getByText("local pause · applied").waitFor();
  await first.page.getByText("local (you) pause · applied").waitFor();

  await first.page.getByRole("button", { name: "Adjust" }).click();
  const batch = first.page.getByRole("form", { name: "Batch size" }).first();
  await batch.getByRole("combobox").selectOption("32");
  await batch.getByRole("button", { name: "Set" }).click();
  await batch.getByText(/^applied at /).waitFor();
  await second.page.getByText(/^local set_batch_size · .* 32\) · applied$/).waitFor();
  // More than the datacenter holds: refused at its field, and told to everybody.
  const replicas = first.page.getByRole("form", { name: "Replicas" }).first();
  await replicas.getByRole("textbox").fill("900000");
  await replicas.getByRole("button", { name: /^More/ }).click();
  await replicas.locator("[data-fate=refused]").waitFor();
  const refusal = await replicas.locator("[data-fate=refused]").innerText();
  await second.page.getByText(`refused: ${refusal}`).waitFor();
  await first.page.screenshot({ path: join(folder, "steered-light.png") });

  // Step, and go on: by the other one.
  const clock = /^\d+:\d+ \/ /;
  const before = await second.page.getByText(clock).textContent();
  await second.page.getByLabel("Ticks a step").fill("600");
  await second.page.getByRole("button", { name: "Step" }).click();
  await second.page.getByText(/^local \(you\) step · ticks 600 · applied$/).waitFor();
  const pausedTwice = (page: Page) =>
    page.locator("li[data-kind=status]").filter({ hasText: "paused" }).nth(1).waitFor();

  // Fork, while it is paused: a run of its own, which waits and knows where it comes from.
  const forker = await openTab(context, path);
  await Promise.all([pausedTwice(forker.page), pausedTwice(first.page)]);
  await seen(forker.page, "Paused");
  await forker.page.getByRole("button", { name: "Fork…" }).click();
  await forker.page.getByRole("button", { name: "Fork and pause there" }).click();
  await forker.page.waitForURL((url) => url.pathname !== path);
  await seen(forker.page, "Paused");
  const fork = {
    origin: await forker.page.getByText(/forked from/).innerText(),
    time: await forker.page.getByText(clock).textContent(),
    parentTime: await first.page.getByText(clock).textContent(),
  };
  await forker.page.getByRole("button", { name: "Stop", exact: true }).click();
  await forker.page.getByRole("button", { name: "Stop the run" }).click();
  await seen(forker.page, "Stopped");
  await forker.page.close();

  await first.page.bringToFront();
  await second.page.getByRole("button", { name: "Resume" }).click();
  await Promise.all([seen(first.page, "Live"), seen(second.page, "Live")]);

  // One stops it, both see it.
  await second.page.getByRole("button", { name: "Stop", exact: true }).click();
  await second.page.getByRole("button", { name: "Stop the run" }).click();
  await Promise.all([seen(first.page, "Stopped"), seen(second.page, "Stopped")]);

  // A third one, after the end; in the dark and narrow.
  const third = await openTab(context, path);
  await seen(third.page, "Stopped");
  await third.page.emulateMedia({ colorScheme: "dark" });
  await third.page.setViewportSize({ width: 420, height: 900 });
  await third.page.getByRole("img", { name: /^Voltages of/ }).scrollIntoViewIfNeeded();
  await third.page.screenshot({ path: join(folder, "ended-dark-narrow.png") });
  await third.page.setViewportSize({ width: 1440, height: 1000 });

  const tabs = [first, second, third];
  const shown = [];
  for (const { page } of tabs) {
    await page.bringToFront();
    shown.push({
      readings: await readings(page),
      time: await page.getByText(/^\d+:\d+ \/ /).textContent(),
      digest: await page.getByText("Digest").locator("..").locator("dd").getAttribute("title"),
      drawn: await drawnShares(page),
    });
  }
  await first.page.screenshot({ path: join(folder, "ended-light.png") });
  await third.page.screenshot({ path: join(folder, "ended-dark.png") });

  // A run that does not exist is a sentence, not an empty page.
  const nowhere = await openTab(context, "/sessions/nosuchrun", "status of 404");
  await nowhere.page.getByRole("alert").getByText("There is no such run").waitFor();

  console.log(
    JSON.stringify({
      together,
      entries: tabs.map(({ entries }) => entries),
      shown,
      steered: { refusal, before, fork },
      troubles,
    }),
  );
} finally {
  await browser.close();
}
