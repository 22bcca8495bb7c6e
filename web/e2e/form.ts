/** Create from the form, with a value that the server refuses first. */

import { newContext, openTab, say, seen, shoot, troubles, withBrowser } from "./browser.ts";

await withBrowser(async (browser) => {
  const context = await newContext(browser);
  const { page } = await openTab(context, "/new?scenario=ieee13", { expected: ["status of 422"] });
  // A person's browser would not let the value through; the server has the last word in any case.
  const tap = page.getByRole("textbox", { name: "creg1a" });
  await tap.fill("1.7");
  await page.getByRole("button", { name: "Run ieee13" }).click();
  const refusal = await page
    .locator("[aria-invalid=true]")
    .first()
    .evaluate((field) => ({
      value: (field as HTMLInputElement).value,
      message: (field.getAttribute("aria-describedby") ?? "")
        .split(" ")
        .map((id) => document.getElementById(id)?.textContent ?? "")
        .join(" "),
    }));
  await shoot(page, "new-refused-light");
  const stayed = new URL(page.url()).pathname;
  await tap.fill("1.05");
  await page.getByRole("textbox", { name: "Duration, s" }).fill("60");
  await page.getByRole("button", { name: "Run ieee13" }).click();
  await page.waitForURL(/\/sessions\//);
  await seen(page, "Finished");
  const facts = await page.locator("article > header").innerText();
  const id = String(new URL(page.url()).pathname.split("/").at(-1));
  const session = (await (await fetch(new URL(`/api/sessions/${id}`, page.url()))).json()) as {
    overrides: object;
  };
  say({ refusal, stayed, facts, overrides: session.overrides, troubles });
});
