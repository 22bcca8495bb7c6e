/**
 * What the browser tests share. Each test is a program of its own, driven by tests/e2e:
 *
 *   CHROMIUM=/usr/bin/chromium node e2e/NAME.ts http://127.0.0.1:8000 FOLDER_FOR_SCREENSHOTS
 *
 * It prints one JSON object a line with what it saw; fails with a message where something did not come to pass. What must hold of
 * the things seen is judged by the test that runs it.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";

import type { Holding } from "../src/stream/inspect";

export const PATIENCE_MS = 120_000;

const [base, folder] = process.argv.slice(2);
const executablePath = process.env["CHROMIUM"];
assert(base && folder && executablePath, "usage: CHROMIUM=PATH node e2e/NAME.ts URL FOLDER");

/** What must never come, of any tab. */
export const troubles: string[] = [];

export interface Tab {
  readonly page: Page;
  /** The texts of all entries of the log that came over its sockets, in order. */
  readonly entries: string[];
}

/** Runs `work` in a browser of its own, and ends it. */
export async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
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
    await work(browser);
  } finally {
    await browser.close();
  }
}

export function newContext(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width: 1440, height: 1000 }, colorScheme: "light", ...options });
}

/** `expected`: errors of the console that this tab must show, as the browser words them. `at`: another address of the service. */
export async function openTab(
  context: BrowserContext,
  path: string,
  { expected = [], at = base ?? "" }: { readonly expected?: readonly string[]; readonly at?: string } = {},
): Promise<Tab> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const entries: string[] = [];
  page.on("console", (message) => {
    const bad = message.type() === "error" || message.type() === "warning";
    if (bad && !expected.some((text) => message.text().includes(text))) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(String(error.stack ?? error)));
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      const text = String(payload);
      if (text.startsWith('{"offset":')) entries.push(text);
    });
  });
  await page.goto(new URL(path, at).href);
  return { page, entries };
}

/** Until a tab has told of every entry up to this one: the browser tells of frames later than the page shows them. */
export async function toldUpTo(tab: Tab, offset: number): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (tab.entries.length < offset) {
    if (Date.now() > until) {
      const said = (await tab.page.locator("main").innerText()).slice(0, 200);
      throw new Error(`${tab.entries.length} of ${offset} entries came over sockets; the page said: ${said}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}

export const badge = (page: Page) => page.getByTestId("badge");

export async function seen(page: Page, label: string): Promise<void> {
  try {
    await badge(page).getByText(label, { exact: true }).waitFor();
  } catch (error) {
    const said = (await page.locator("main").innerText()).slice(0, 500);
    throw new Error(`the badge never said ${label}; the page said: ${said}`, { cause: error });
  }
}

/** Starts a run without a page. */
export async function startRun(body: object): Promise<{ readonly id: string; readonly path: string }> {
  const response = await fetch(new URL("/api/sessions", base), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert(response.ok, `the service refused the run: ${text}`);
  const { id } = JSON.parse(text) as { id: string };
  return { id, path: `/sessions/${id}` };
}

export async function commandRun(id: string, command: string, args: object = {}): Promise<void> {
  const response = await fetch(new URL(`/api/sessions/${id}/commands?wait=true`, base), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ command, args }),
  });
  assert(response.ok, `the service refused ${command}: ${await response.text()}`);
}

/** What the page says that it holds of a run. */
export function holding(page: Page, id: string): Promise<Holding | null> {
  return page.evaluate((sessionId) => window.gridcast?.holding(sessionId) ?? null, id);
}

export async function holdsTicks(page: Page, id: string, least: number): Promise<Holding> {
  await page.waitForFunction(
    ([sessionId, ticks]) => (window.gridcast?.holding(sessionId)?.ticks ?? 0) >= ticks,
    [id, least] as const,
  );
  const found = await holding(page, id);
  assert(found);
  return found;
}

export function shoot(page: Page, name: string, fullPage = false): Promise<unknown> {
  return page.screenshot({ path: join(folder ?? ".", `${name}.png`), fullPage });
}

export function say(what: object): void {
  console.log(JSON.stringify(what));
}

/** The next line of the test's own words, which says that something outside was done. */
export function nextLine(): Promise<string> {
  return new Promise((resolve) => {
    process.stdin.resume();
    process.stdin.once("data", (data) => {
      process.stdin.pause();
      resolve(String(data).trim());
    });
  });
}
