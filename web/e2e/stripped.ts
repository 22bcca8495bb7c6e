/** Behind a proxy that strips WebSockets, then behind one that holds event streams back too: the page goes on, and says so. */

import process from "node:process";

import {
  badge,
  holding,
  holdsTicks,
  newContext,
  openTab,
  say,
  seen,
  shoot,
  startRun,
  troubles,
  withBrowser,
} from "./browser.ts";

const [, , , , noSockets, noStreams] = process.argv;

await withBrowser(async (browser) => {
  const context = await newContext(browser);
  const saw: object[] = [];
  for (const [name, at] of Object.entries({ events: noSockets ?? "", polling: noStreams ?? "" })) {
    const { id, path } = await startRun({ scenario: "ieee13", speed: 30, overrides: { duration_s: 600 } });
    const { page } = await openTab(context, path, { expected: ["WebSocket"], at });
    await seen(page, name === "events" ? "Live" : "Every 3 s");
    await holdsTicks(page, id, 300);
    const said = await page.locator("article > header").innerText();
    await shoot(page, `${name}-light`);
    // Commands go over HTTP there.
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByRole("button", { name: "Stop the run" }).click();
    await seen(page, "Stopped");
    const session = (await (await fetch(new URL(`/api/sessions/${id}`, page.url()))).json()) as {
      tick: number;
    };
    const held = await holding(page, id);
    saw.push({ name, said, held, tick: session.tick, badge: await badge(page).innerText() });
    await page.close();
  }
  say({ saw, troubles });
});
