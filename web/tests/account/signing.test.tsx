import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test } from "vitest";

import { credentials } from "../../src/account/credentials";
import { open, page, serveScenarios, Service } from "../pages/service";

const GOOD = "eyJ.good.one";
const BEARER = `Bearer ${GOOD}`;
const WORKERS = { queue_depth: 0, workers: [] };

let service: Service;

const refused = (detail: string) => Response.json({ title: "Not signed in", detail }, { status: 401 });

/** A service with accounts, which knows one token. */
beforeEach(() => {
  service = new Service();
  service.on("GET /api/me", ({ token }) =>
    token !== null && token !== BEARER
      ? refused("this token was not signed by this service")
      : { name: token === null ? null : "ada", admin: false, auth: "on" },
  );
  service.on("GET /api/workers", ({ token }) => (token === BEARER ? WORKERS : refused("sign in first")));
  service.on("GET /api/sessions", () => page([]));
});

afterEach(() => {
  credentials.signOut();
  credentials.dismiss();
  credentials.learn(false, null);
});

const field = () => screen.findByLabelText("Token");
const card = () => screen.queryByRole("form", { name: "Sign in" });

test("a page that needs a user asks for a token, by keyboard alone, and then shows itself", async () => {
  const user = userEvent.setup();
  const { history } = open("/workers");
  const input = await field();
  expect(input).toHaveFocus();
  expect(input).toHaveAttribute("type", "password");
  expect(screen.getByText("gridcast token create --user NAME")).toBeVisible();
  // For programs: people are not told of headers.
  expect(screen.queryByText(/sign in first/i)).toBeNull();

  await user.paste(`  ${GOOD}\n`);
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("heading", { name: "Workers" })).toBeVisible();
  expect(card()).toBeNull();
  expect(history.location.pathname).toBe("/workers");
  await waitFor(() => {
    expect(service.got("GET /api/workers").at(-1)?.token).toBe(BEARER);
  });
  expect(screen.getByRole("group", { name: "Account" })).toHaveTextContent("ada");
  for (const { address } of service.asked) expect(address).not.toContain(GOOD);
});

test("a token that is refused stays with the service's words beside it", async () => {
  const user = userEvent.setup();
  open("/workers");
  await field();
  await user.paste("eyJ.bad.one");
  await user.keyboard("{Enter}");
  expect(await screen.findByText("This token was not signed by this service.")).toBeVisible();
  expect(await field()).toHaveAccessibleDescription(/not signed by this service/);
  expect(credentials.token).toBeNull();
  expect(sessionStorage).toHaveLength(0);
});

test("what cannot be a token is told without asking the service", async () => {
  const user = userEvent.setup();
  open("/workers");
  await field();
  const before = service.asked.length;
  await user.paste("two words");
  await user.keyboard("{Enter}");
  expect(await screen.findByText(/That is no token/)).toBeVisible();
  expect(service.asked).toHaveLength(before);
});

test("signing out forgets the token, and what it showed", async () => {
  credentials.signIn(GOOD, "ada");
  const user = userEvent.setup();
  open("/workers");
  await screen.findByRole("heading", { name: "Workers" });
  await user.click(await screen.findByRole("button", { name: "Sign out" }));
  expect(await field()).toBeVisible();
  expect(screen.queryByRole("heading", { name: "Workers" })).toBeNull();
  expect(screen.queryByRole("group", { name: "Account" })).toBeNull();
  expect(sessionStorage).toHaveLength(0);
  const before = service.asked.length;
  await user.click(screen.getByRole("link", { name: "Sessions" }));
  await waitFor(() => {
    expect(service.asked.length).toBeGreaterThan(before);
  });
  expect(service.asked.slice(before).every(({ token }) => token === null)).toBe(true);
});

test("a list that is open to all says that one may sign in, and need not", async () => {
  const user = userEvent.setup();
  open("/");
  await field();
  await user.click(screen.getByRole("button", { name: "Look around without" }));
  await waitFor(() => {
    expect(card()).toBeNull();
  });
  expect(await screen.findByRole("button", { name: "Sign in" })).toBeVisible();
});

test("a token that has expired since says so", async () => {
  credentials.signIn("eyJ.old.one", "ada");
  service.on("GET /api/me", ({ token }) =>
    token === BEARER
      ? { name: "ada", admin: false, auth: "on" }
      : refused("your token has expired; sign in again"),
  );
  open("/");
  expect(await screen.findByText("Your token has expired; sign in again.")).toBeVisible();
});

test("what was written into a form is still there after signing in again", async () => {
  credentials.signIn(GOOD, "ada");
  serveScenarios(service);
  service.on("POST /api/sessions", () => refused("your token has expired; sign in again"));
  const user = userEvent.setup();
  open("/new");
  await user.type(await screen.findByLabelText("Title"), "Mine");
  await user.click(screen.getByRole("button", { name: "Run ieee13" }));
  expect(await screen.findByText("Your token has expired; sign in again.")).toBeVisible();
  expect(screen.getByLabelText("Title")).not.toBeVisible();
  await user.click(await field());
  await user.paste(GOOD);
  await user.keyboard("{Enter}");
  await waitFor(() => {
    expect(screen.getByLabelText("Title")).toBeVisible();
  });
  expect(screen.getByLabelText("Title")).toHaveValue("Mine");
});

test.each([403, 404])("an answer of %i keeps its own message", async (status) => {
  credentials.signIn(GOOD, "ada");
  service.on("GET /api/workers", () => Response.json({ detail: "only admins may do this" }, { status }));
  open("/workers");
  expect(await screen.findByText(/only admins may do this/)).toBeVisible();
  expect(card()).toBeNull();
});

test("nothing of it shows where accounts are off", async () => {
  service.on("GET /api/me", () => ({ name: "local", admin: false, auth: "off" }));
  service.on("GET /api/workers", () => WORKERS);
  open("/workers");
  await screen.findByRole("heading", { name: "Workers" });
  expect(service.got("GET /api/me")).toHaveLength(1);
  expect(screen.queryByText("local")).toBeNull();
  expect(screen.queryByRole("button", { name: /^Sign/ })).toBeNull();
  expect(card()).toBeNull();
});

test("a link of the service to an operation leads to its page", async () => {
  const { history } = open("/operations/op1?t=1");
  await waitFor(() => {
    expect(history.location.pathname).toBe("/analyses/op1");
  });
});
