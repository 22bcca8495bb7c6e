/** The API is killed while two tabs watch; when it is back, they have every tick, and nothing was sent late. */

import {
  commandRun,
  holdsTicks,
  newContext,
  nextLine,
  openTab,
  say,
  seen,
  shoot,
  startRun,
  withBrowser,
} from "./browser.ts";

await withBrowser(async (browser) => {
  const context = await newContext(browser);
  const { id, path } = await startRun({ scenario: "ieee13", speed: 20, overrides: { duration_s: 3600 } });
  // The browser tells failing connections on its console.
  const expected = ["WebSocket", "ERR_CONNECTION", "Failed to load resource"];
  const { page } = await openTab(context, path, { expected });
  const other = await openTab(context, path, { expected });
  await Promise.all([seen(page, "Live"), seen(other.page, "Live")]);
  const before = await holdsTicks(page, id, 300);
  say({ kill: true });
  await nextLine();
  await seen(page, "Reconnecting");
  const disabled = await page.getByRole("button", { name: "Pause" }).isDisabled();
  // Keys do no more than buttons.
  await page.keyboard.press("Space");
  await shoot(page, "reconnecting-light");
  say({ restart: true });
  await nextLine();
  await Promise.all([seen(page, "Live"), seen(other.page, "Live")]);
  const after = await holdsTicks(page, id, before.ticks + 300);
  const others = await holdsTicks(other.page, id, before.ticks + 300);
  const commands = (await (await fetch(new URL(`/api/sessions/${id}/commands`, page.url()))).json()) as {
    items: [];
  };
  await commandRun(id, "stop");
  await seen(page, "Stopped");
  const end = await holdsTicks(page, id, after.ticks);
  const session = (await (await fetch(new URL(`/api/sessions/${id}`, page.url()))).json()) as {
    tick: number;
  };
  say({ before, after, others, end, disabled, commands: commands.items, tick: session.tick });
});
