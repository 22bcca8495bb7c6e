/** What axe-core finds on a page that keeps people from using it. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** In the dark only the colours are others. */
export async function faults(page: Page, colorScheme: "light" | "dark"): Promise<string[]> {
  // Not as a script of the page, which runs none but its own.
  await page.evaluate(AXE);
  // Colours that still change from one scheme to the other are those of neither.
  await page.evaluate(async () => {
    const passing = document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(passing.map((one) => one.finished));
  });
  const options: RunOptions = {
    resultTypes: ["violations"],
    ...(colorScheme === "dark" ? { runOnly: ["color-contrast"] } : {}),
  };
  const { violations } = await page.evaluate(async (options) => {
    const { axe } = window as unknown as {
      axe: { run: (where: Document, options: RunOptions) => Promise<AxeResults> };
    };
    return axe.run(document, options);
  }, options);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html.slice(0, 120)}: ${any[0]?.message ?? ""}`),
    );
}
