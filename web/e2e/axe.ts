/** axe-core on every page, light and dark, with pictures. */

import type { Page } from "playwright-core";

import {
  commandRun,
  newContext,
  openTab,
  say,
  seen,
  shoot,
  startRun,
  troubles,
  withBrowser,
} from "./browser.ts";
import { faults } from "./serious.ts";

await withBrowser(async (browser) => {
  const done = await startRun({ scenario: "ieee13", overrides: { duration_s: 120 } });
  const other = await startRun({ scenario: "ieee13", seed: 1, overrides: { duration_s: 120 } });
  const live = await startRun({ scenario: "ieee123", speed: 5, overrides: { duration_s: 3600 } });
  const found: Record<string, string[]> = {};
  for (const colorScheme of ["light", "dark"] as const) {
    const context = await newContext(browser, { colorScheme });
    const pages: readonly (readonly [name: string, path: string, ready: (page: Page) => Promise<unknown>])[] =
      [
        ["sessions", "/", (page) => page.getByRole("table").first().waitFor()],
        ["new", "/new?scenario=ieee34", (page) => page.getByRole("button", { name: "Run ieee34" }).waitFor()],
        ["ended", done.path, (page) => seen(page, "Finished")],
        ["live", live.path, (page) => seen(page, "Live")],
        ["profile", `${live.path}?view=profile`, (page) => seen(page, "Live")],
        [
          "compare",
          `/compare?ids=${done.id},${other.id}`,
          (page) => page.getByRole("heading", { level: 2 }).first().waitFor(),
        ],
        ["workers", "/workers", (page) => page.getByRole("heading", { level: 1 }).waitFor()],
        ["nowhere", "/no/such/page", (page) => page.getByText("There is no such page").waitFor()],
      ];
    for (const [name, path, ready] of pages) {
      const { page } = await openTab(context, path, { expected: ["status of 404"] });
      await ready(page);
      if (name === "live") await page.getByRole("button", { name: "Adjust" }).click();
      found[`${name}-${colorScheme}`] = await faults(page, colorScheme);
      await shoot(page, `${name}-${colorScheme}`, true);
      await page.close();
    }
    await context.close();
  }
  await commandRun(live.id, "stop");
  say({ found, troubles });
});
