/** A run from the first page to its end with the keyboard alone; what has the focus is always to be seen. */

import type { Page } from "playwright-core";

import { newContext, openTab, say, seen, troubles, withBrowser } from "./browser.ts";

interface Focus {
  readonly what: string;
  readonly visible: boolean;
}

/** What has the focus, and whether one sees that it has. */
function focus(page: Page): Promise<Focus> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement | null;
    if (!element || element === document.body) return { what: "nothing", visible: false };
    const name = element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 40);
    const marked = [element, element.parentElement].some((one) => {
      if (!one) return false;
      const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(one);
      return (
        (outlineStyle !== "none" && outlineWidth !== "0px") ||
        boxShadow !== "none" ||
        borderColor.includes("var")
      );
    });
    // An input wears its ring on its border, and a hidden radio button on its label.
    const field = ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);
    return { what: `${element.tagName.toLowerCase()} ${name}`, visible: marked || field };
  });
}

/** Presses Tab until what has the focus fits; what had it on the way. */
async function tabTo(page: Page, wanted: RegExp, most = 150): Promise<Focus[]> {
  const way: Focus[] = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const now = await focus(page);
    way.push(now);
    if (wanted.test(now.what)) return way;
  }
  throw new Error(`Tab never came to ${wanted}: ${way.map(({ what }) => what).join(" | ")}`);
}

await withBrowser(async (browser) => {
  const context = await newContext(browser);
  const { page } = await openTab(context, "/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  const way = await tabTo(page, /Skip to content/);
  way.push(...(await tabTo(page, /^a New run/)));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/new/);
  await page.getByRole("button", { name: "Run ieee13" }).waitFor();
  way.push(...(await tabTo(page, /^button Run ieee13/)));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/sessions\//);
  await page.getByRole("img", { name: /^Voltages of/ }).waitFor();
  way.push(...(await tabTo(page, /^button (Pause|Resume|Fork)/)));
  // Walks the edges of the diagram, and inspects a bus.
  way.push(...(await tabTo(page, /Feeder ieee13/)));
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const walked = (await focus(page)).what;
  way.push(...(await tabTo(page, /Voltages of/)));
  await page.keyboard.press("ArrowRight");
  await seen(page, "Finished");
  say({ way, walked, troubles });
});
