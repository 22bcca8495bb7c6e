/**
 * What the page costs its browser, measured in it: from the click on Run to the first painted tick; long tasks, painted frames and
 * layout shift while a full-speed ieee123 run streams in; memory after it, and after a second one. Judged by bench/page.py.
 */

import process from "node:process";

import type { CDPSession, Page } from "playwright-core";

import { newContext, openTab, say, seen, startRun, withBrowser } from "./browser.ts";

const clicks = Number(process.argv[4] ?? 20);
const duration_s = Number(process.argv[5] ?? 3600);
/** Building the page, its charts and its diagram is not streaming. */
const START_MS = 3_000;

interface Watched {
  readonly longTasks_ms: readonly number[];
  readonly frames: number;
  readonly paints: number;
  readonly shift: number;
  readonly seconds: number;
}

/** In the page: counts until `stop`. A painted frame is an animation frame in which the charts drew something. */
function watch(): void {
  const seen = { longTasks: [] as number[], frames: 0, paints: 0, shift: 0, began: performance.now() };
  let drew = false;
  // Each plot and picture begins its drawing with clearing what it has.
  const pens = CanvasRenderingContext2D.prototype;
  const clear = Object.getOwnPropertyDescriptor(pens, "clearRect")?.value as (...box: number[]) => void;
  pens.clearRect = function (...box) {
    drew = true;
    clear.apply(this, box);
  };
  const longTasks = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.longTasks.push(entry.duration);
  });
  longTasks.observe({ type: "longtask" });
  const shifts = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & {
      value: number;
      hadRecentInput: boolean;
    })[]) {
      if (!entry.hadRecentInput) seen.shift += entry.value;
    }
  });
  shifts.observe({ type: "layout-shift" });
  const frame = () => {
    seen.frames += 1;
    if (drew) seen.paints += 1;
    drew = false;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  (window as unknown as { watched: () => Watched }).watched = () => ({
    longTasks_ms: seen.longTasks,
    frames: seen.frames,
    paints: seen.paints,
    shift: seen.shift,
    seconds: (performance.now() - seen.began) / 1000,
  });
}

async function heap(
  page: Page,
  devtools: CDPSession,
): Promise<{ readonly heap_mb: number; readonly buffers_mb: number }> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = (await devtools.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  await page.waitForTimeout(0);
  return { heap_mb: usedSize / 2 ** 20, buffers_mb: (backingStorageSize ?? 0) / 2 ** 20 };
}

/** From the click to the frame after the one in which the voltage chart's legend showed its first figure. */
async function clickToTick(page: Page): Promise<number> {
  await page.getByRole("link", { name: "New run" }).first().click();
  const button = page.getByRole("button", { name: /^Run ieee13$/ });
  await button.waitFor();
  await page.evaluate(() => {
    const state = window as unknown as { firstTick: Promise<number> };
    state.firstTick = new Promise((resolve) => {
      let clicked = 0;
      document.addEventListener("click", (event) => (clicked ||= event.timeStamp), {
        capture: true,
        once: true,
      });
      const look = () => {
        const figures = document.querySelectorAll("section output");
        const shown = [...figures].some((figure) => /\d\.\d{4}/.test(figure.textContent));
        if (clicked > 0 && shown)
          requestAnimationFrame(() => {
            resolve(performance.now() - clicked);
          });
        else requestAnimationFrame(look);
      };
      look();
    });
  });
  await button.click();
  return page.evaluate(() => (window as unknown as { firstTick: Promise<number> }).firstTick);
}

await withBrowser(async (browser) => {
  const context = await newContext(browser);
  const { page } = await openTab(context, "/new?scenario=ieee13");
  const toTick_ms: number[] = [];
  for (let i = 0; i < clicks; i++) {
    toTick_ms.push(await clickToTick(page));
    await page.waitForURL(/\/sessions\//);
    const id = String(new URL(page.url()).pathname.split("/").at(-1));
    await fetch(new URL(`/api/sessions/${id}`, page.url()), { method: "DELETE" });
  }
  await page.close();

  const streamed: (Watched & {
    readonly heap_mb: number;
    readonly buffers_mb: number;
    readonly ticks: number;
  })[] = [];
  const { page: watching } = await openTab(context, "/");
  const devtools = await context.newCDPSession(watching);
  for (let i = 0; i < 2; i++) {
    const { id, path } = await startRun({ scenario: "ieee123", overrides: { duration_s } });
    // By the router, not by loading the page anew: what a day in the same tab leaves behind counts.
    await watching.evaluate((to) => {
      history.pushState(null, "", to);
      dispatchEvent(new PopStateEvent("popstate"));
    }, path);
    await watching.waitForFunction((id) => (window.gridcast?.holding(id)?.ticks ?? 0) > 0, id);
    await watching.waitForTimeout(START_MS);
    await watching.evaluate(watch);
    // The summary that comes with the end is no streaming.
    await watching.waitForFunction(
      ([id, most]) => (window.gridcast?.holding(id)?.ticks ?? 0) >= most,
      [id, 9.5 * duration_s] as const,
      { polling: 50 },
    );
    const watched = await watching.evaluate(() =>
      (window as unknown as { watched: () => Watched }).watched(),
    );
    await seen(watching, "Finished");
    const ticks = await watching.evaluate((id) => window.gridcast?.holding(id)?.ticks ?? 0, id);
    streamed.push({ ...watched, ...(await heap(watching, devtools)), ticks });
  }
  say({ toTick_ms, streamed });
});
