/** Two people with tokens: one signs in, runs, shares and steers alone; the other opens the link and watches the same ticks. */

import assert from "node:assert/strict";
import process from "node:process";

import type { BrowserContext, Page } from "playwright-core";

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

const [, , base, , adaToken = "", benToken = ""] = process.argv;
assert(base && adaToken && benToken, "two tokens, of ada and of ben, stand behind the folder");

/** Before one is signed in, the browser tells of answers that say so. */
const UNKNOWN = { expected: ["status of 401"] };

/** Every address that a context asked for, also of sockets. */
function addressesOf(context: BrowserContext): string[] {
  const found: string[] = [];
  context.on("request", (request) => found.push(request.url()));
  context.on("page", (page) => page.on("websocket", (socket) => found.push(socket.url())));
  return found;
}

/** What keeps people from using it in the light, in the dark, and how much too wide it is on a telephone. */
async function looks(page: Page, name: string): Promise<object> {
  const light = await faults(page, "light");
  await shoot(page, `${name}-light`);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await faults(page, "dark");
  await shoot(page, `${name}-dark`);
  await page.emulateMedia({ colorScheme: "light" });
  const size = page.viewportSize();
  await page.setViewportSize({ width: 420, height: 900 });
  // Charts are drawn anew in their own time.
  await page
    .waitForFunction(() => document.documentElement.scrollWidth <= innerWidth, null, { timeout: 10_000 })
    .catch(() => undefined);
  const wide = await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
  await shoot(page, `${name}-narrow`);
  if (size) await page.setViewportSize(size);
  return { light, dark, wide };
}

const account = (page: Page) => page.getByRole("group", { name: "Account" });

async function signIn({ page }: Tab, token: string, name: string): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
  await account(page).getByText(name, { exact: true }).waitFor();
}

async function asAda<T>(path: string, body: object): Promise<T> {
  const response = await fetch(new URL(path, base), {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${adaToken}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert(response.ok, `the service refused ${path}: ${text}`);
  return JSON.parse(text) as T;
}

await withBrowser(async (browser) => {
  const [adas, bens, strangers] = await Promise.all([1, 2, 3].map(() => newContext(browser)));
  assert(adas && bens && strangers);
  const addresses = [adas, bens, strangers].map(addressesOf);
  const found: Record<string, object> = {};

  // A page that needs a user asks who one is; a token that is none is refused in the service's words.
  const ada = await openTab(adas, "/new", UNKNOWN);
  const field = ada.page.getByLabel("Token");
  await field.waitFor();
  const focused = await field.evaluate((element) => element === document.activeElement);
  found["card"] = await looks(ada.page, "card");
  await field.fill("eyJhbGciOiJIUzI1NiJ9.e30.bm8");
  await ada.page.keyboard.press("Enter");
  await ada.page.locator("[aria-invalid=true]").waitFor();
  const refusal = await ada.page.locator(".mantine-InputWrapper-error").innerText();
  found["refused"] = await looks(ada.page, "refused");
  await signIn(ada, adaToken, "ada");

  // The page that was asked for shows, and what it starts is live.
  await ada.page.getByRole("radio", { name: "IEEE 13, no control" }).check({ force: true });
  await ada.page.getByLabel("Speed").selectOption("10");
  await ada.page.getByRole("button", { name: "Run ieee13" }).press("Enter");
  await ada.page.waitForURL(/\/sessions\//);
  await seen(ada.page, "Live");
  const path = new URL(ada.page.url()).pathname;

  // Its owner makes a link for another one, as a viewer.
  const menu = ada.page.getByRole("button", { name: "Share…" });
  await menu.focus();
  await ada.page.keyboard.press("Enter");
  await ada.page.getByText("There are none.").waitFor();
  await ada.page.getByLabel("Note").fill("ben");
  await ada.page.keyboard.press("Enter");
  const made = ada.page.getByLabel("Share link", { exact: true });
  const shared = new URL(await made.inputValue());
  const links = ada.page.getByRole("list", { name: "Share links" });
  await links.getByText("may watch · ends in 7 d").waitFor();
  await ada.page.getByRole("button", { name: "Copy", exact: true }).scrollIntoViewIfNeeded();
  found["share"] = await looks(ada.page, "share");
  await ada.page.keyboard.press("Escape");
  const secret = shared.searchParams.get("share") ?? "";

  const ben = await openTab(bens, "/", UNKNOWN);
  await signIn(ben, benToken, "ben");
  await ben.page.goto(new URL(shared.pathname + shared.search, base).href);
  await seen(ben.page, "Live");
  const address = ben.page.url();
  const together = [ada.entries.length, ben.entries.length];

  // A third one, with the link and without a token.
  const stranger = await openTab(strangers, shared.pathname + shared.search, UNKNOWN);
  await seen(stranger.page, "Live");
  await ada.page.getByText("3 viewers").waitFor();

  // Who may steer has the wheel to take; who may watch has not, and sees who has it.
  const wheel = ada.page.getByRole("group", { name: "Wheel" });
  await wheel.getByRole("button", { name: "Take the wheel" }).click();
  await wheel.getByText("You have the wheel").waitFor();
  const bensWheel = ben.page.getByRole("group", { name: "Wheel" });
  await bensWheel.getByText("ada has the wheel").waitFor();
  const bensButtons = await bensWheel.getByRole("button").count();
  const bensBar = await ben.page.getByRole("group", { name: "Steering" }).innerText();
  found["live"] = await looks(ada.page, "signed-in");
  found["viewer"] = await looks(ben.page, "viewer");

  await ada.page.getByRole("button", { name: "Stop", exact: true }).click();
  await ada.page.getByRole("button", { name: "Stop the run" }).click();
  const tabs = [ada, ben, stranger];
  await Promise.all(tabs.map(({ page }) => seen(page, "Stopped")));
  const session = await fetch(new URL(`/api${path}`, base), {
    headers: { Authorization: `Bearer ${adaToken}` },
  });
  const { head } = (await session.json()) as { head: number };
  await Promise.all(tabs.map((tab) => toldUpTo(tab, head)));
  const entries = tabs.map((tab) => [...tab.entries]);

  // A link that its owner withdrew opens nothing any more.
  await menu.click();
  await links.getByRole("button", { name: "Withdraw ben" }).click();
  await ada.page.getByText("There are none.").waitFor();
  await ada.page.keyboard.press("Escape");
  await stranger.page.reload();
  await stranger.page.getByRole("alert").first().waitFor();
  const withdrawn = await stranger.page.getByRole("alert").first().innerText();
  troubles.length = 0;

  // A reload finds the token again.
  await ada.page.reload();
  await seen(ada.page, "Stopped");
  await account(ada.page).getByText("ada", { exact: true }).waitFor();

  // A run as a file: by a link that has no header.
  await ada.page.getByRole("button", { name: "Export" }).click();
  const saving = ada.page.waitForEvent("download");
  await ada.page.getByRole("link", { name: /^CSV/ }).click();
  const file = await (await saving).createReadStream();
  let csv = "";
  for await (const piece of file) csv += String(piece);
  await ada.page.keyboard.press("Escape");

  // What is not shared says so, and signing out leaves nothing.
  const { id } = await asAda<{ id: string }>("/api/sessions", {
    scenario: "ieee13",
    overrides: { duration_s: 2 },
  });
  const private_ = await openTab(bens, "/", UNKNOWN);
  await signIn(private_, benToken, "ben");
  troubles.length = 0;
  await private_.page.goto(new URL(`/sessions/${id}`, base).href);
  await private_.page.getByRole("alert").first().waitFor();
  const forbidden = await private_.page.getByRole("alert").first().innerText();
  troubles.length = 0;
  await account(ada.page).getByRole("button", { name: "Sign out" }).click();
  await field.waitFor();
  const kept = await ada.page.evaluate(() => sessionStorage.length + localStorage.length);

  const secrets = [adaToken, benToken, secret];
  const leaks = addresses
    .flat()
    .filter(
      (one) => secrets.some((known) => one.includes(known)) && new URL(one).pathname !== shared.pathname,
    );
  say({
    troubles,
    found,
    focused,
    refusal,
    address,
    together,
    bensButtons,
    bensBar,
    withdrawn,
    entries,
    csv: csv.slice(0, 200),
    forbidden,
    kept,
    leaks,
    tickets: addresses.flat().filter((one) => one.startsWith("ws") && one.includes("ticket=")).length,
    sockets: addresses.flat().filter((one) => one.startsWith("ws")).length,
  });
});
