/** Pick, run, watch, open a second tab, see the same ticks, steer, seek, fork, stop. */

import type { Page } from "playwright-core";

import { newContext, openTab, say, seen, shoot, toldUpTo, troubles, withBrowser } from "./browser.ts";

const READING = /^\d\.\d{4} – \d\.\d{4}$/;

/** Until what was done has been painted: figures follow the crosshair at the next frame. */
const painted = (page: Page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(done));
      }),
  );

/** Figures beside the legend of the voltage chart, with the crosshair moved there by the keyboard. */
async function readings(page: Page): Promise<string[]> {
  const plot = page.getByRole("img", { name: /^Voltages of/ });
  await plot.focus();
  const found: string[] = [];
  for (const presses of [1, 40, 60]) {
    for (let i = 0; i < presses; i++) await plot.press("ArrowRight");
    await painted(page);
    found.push(
      ...(await page
        .getByRole("region", { name: /^Voltage pu/ })
        .locator("output")
        .allTextContents()),
    );
  }
  return found;
}

/** Share of the pixels of the first pictures of the page that something was drawn on. */
async function drawnShares(page: Page): Promise<number[]> {
  return page.locator("section canvas").evaluateAll((canvases) =>
    (canvases as HTMLCanvasElement[]).slice(0, 3).map((canvas) => {
      const pen = canvas.getContext("2d");
      if (!pen || canvas.width === 0) return 0;
      const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
      let drawn = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) drawn += 1;
      return drawn / (data.length / 4);
    }),
  );
}

/** A line of the event log. */
const told = (page: Page, text: string | RegExp) =>
  page.locator("li[data-kind=command]").filter({ hasText: text }).first().waitFor();

await withBrowser(async (browser) => {
  const context = await newContext(browser);

  // Pick and run, with the keyboard alone.
  const first = await openTab(context, "/new");
  await first.page.getByRole("radio", { name: "IEEE 13, no control" }).focus();
  await first.page.keyboard.press("Space");
  await first.page.getByLabel("Speed").selectOption("60");
  await first.page.getByRole("button", { name: "Run ieee13" }).press("Enter");
  await first.page.waitForURL(/\/sessions\//);

  // Watch.
  const reading = first.page
    .getByRole("region", { name: /^Voltage pu/ })
    .locator("output")
    .first();
  await reading.filter({ hasText: READING }).waitFor();
  await seen(first.page, "Live");
  await shoot(first.page, "live-light");

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
  await told(second.page, /local pause.*applied/);
  await told(first.page, /local \(you\) pause.*applied/);

  await first.page.getByRole("button", { name: "Adjust" }).click();
  const batch = first.page.getByRole("group", { name: "Batch size" }).first();
  await batch.getByRole("combobox").selectOption("32");
  await batch.getByRole("button", { name: "Set" }).click();
  await batch.getByText(/^applied at /).waitFor();
  await told(second.page, /local set_batch_size.* 32 · applied/);
  // More than the datacenter holds: refused at its field, and told to everybody.
  const replicas = first.page.getByRole("group", { name: "Replicas" }).first();
  await replicas.getByRole("textbox").fill("900000");
  await replicas.getByRole("button", { name: /^More/ }).click();
  await replicas.locator("[data-fate=refused]").waitFor();
  const refusal = await replicas.locator("[data-fate=refused]").innerText();
  await told(second.page, `refused: ${refusal}`);
  await shoot(first.page, "steered-light");

  // Step, and go on: by the other one.
  const clock = /^\d+:\d+ \/ /;
  const before = await second.page.getByText(clock).textContent();
  await second.page.getByLabel("Ticks a step").fill("600");
  await second.page.getByRole("button", { name: "Step" }).click();
  await told(second.page, /local \(you\) step.*ticks 600.*applied/);
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

  // One looks back, the other sees where, and follows.
  const slider = first.page.getByRole("slider", { name: "Moment shown" });
  await slider.focus();
  await slider.press("Home");
  await slider.press("ArrowRight");
  const where = await slider.getAttribute("aria-valuetext");
  await second.page.getByRole("button", { name: "2 viewers" }).click();
  const seenThere = `at ${where?.split(" ")[0]}`;
  await second.page.getByText(seenThere, { exact: true }).waitFor();
  await second.page.getByRole("button", { name: /^Follow / }).click();
  await second.page.getByRole("button", { name: /viewers, following/ }).waitFor();
  await second.page.locator(`[role=slider][aria-valuetext="${where}"]`).waitFor();
  await second.page.keyboard.press("Escape");
  await shoot(first.page, "sought-light");
  await slider.press("End");
  const sought = { where, seenThere };

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
  await shoot(third.page, "ended-dark-narrow");
  await third.page.setViewportSize({ width: 1440, height: 1000 });

  const tabs = [first, second, third];
  const { head } = (await (await fetch(new URL(`/api${path}`, first.page.url()))).json()) as { head: number };
  await Promise.all([first, second].map((tab) => toldUpTo(tab, head)));
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
  await shoot(first.page, "ended-light");
  await shoot(third.page, "ended-dark");

  // A run that does not exist is a sentence, not an empty page.
  const nowhere = await openTab(context, "/sessions/nosuchrun", { expected: ["status of 404"] });
  await nowhere.page.getByRole("alert").getByText("There is no such run").waitFor();

  say({
    together,
    entries: tabs.map(({ entries }) => entries),
    shown,
    steered: { refusal, before, fork },
    sought,
    troubles,
  });
});
