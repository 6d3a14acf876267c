/** The link that `npm start` prints: one click signs in, a second says that it was used, a late one that it has expired. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { changeDatabase } from "../server.ts";
import { type Started, startCommand } from "../start-command.ts";
import { browserPath, launch } from "./harness.ts";

let server: Started;
let browser: Browser;
const PATIENCE = { timeout: 200_000 };

/** In a new context, like another browser. */
async function opened(link: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(link);
  return page;
}
const menuOf = (page: Page) => page.getByRole("navigation", { name: "Views" });
const alertOf = (page: Page) => page.getByRole("alert");

async function newLink(): Promise<string> {
  const headers = { authorization: `Bearer ${server.token}` };
  const answer = await fetch(`${server.url}/api/v1/session/codes`, { method: "POST", headers });
  return `${server.url}/#sign-in=${((await answer.json()) as { code: string }).code}`;
}

describe.skipIf(!browserPath)("a sign-in link", () => {
  beforeAll(async () => {
    server = await startCommand();
    browser = await launch();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("is printed by npm start, without the token, and signs in by a click; the code leaves the address", async () => {
    const [link = ""] = /http:\/\/localhost:\d+\/#sign-in=epc_[0-9a-f]{48}/.exec(server.output()) ?? [];
    expect(link.startsWith(server.url)).toBe(true);
    expect(server.output()).not.toContain(server.token);
    const page = await opened(link);
    await menuOf(page).waitFor(PATIENCE);
    await page.getByRole("heading", { name: "Waiting for the first event" }).waitFor(PATIENCE);
    expect(new URL(page.url()).hash).toBe("");
    const session = await page.request.get(`${server.url}/api/v1/session`);
    expect(await session.json()).toMatchObject({ role: "admin", key_id: null });
    // Back does not bring the code back, and a reload needs none.
    await page.reload();
    await menuOf(page).waitFor(PATIENCE);

    const second = await opened(link);
    await alertOf(second).waitFor(PATIENCE);
    expect(await alertOf(second).textContent()).toContain("This sign-in link was used already: it works once.");
    expect(new URL(second.url()).hash).toBe("");
    // An existing session stays.
    await page.goto(link);
    await menuOf(page).waitFor(PATIENCE);
  });

  it("says when it has expired, and the key still signs in", async () => {
    const link = await newLink();
    changeDatabase(server, "UPDATE sign_in_codes SET expires_at = expires_at - 600000 WHERE used_at IS NULL");
    const page = await opened(link);
    await alertOf(page).waitFor(PATIENCE);
    expect(await alertOf(page).textContent()).toContain("This sign-in link has expired: it works for 10 minutes.");
    await page.getByLabel("Key").fill(server.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await menuOf(page).waitFor(PATIENCE);
  });

  it("opened in a tab that shows the dashboard signs in there", async () => {
    const page = await opened(server.url);
    await page.getByLabel("Key").waitFor(PATIENCE);
    await page.evaluate((link) => location.assign(link), await newLink());
    await menuOf(page).waitFor(PATIENCE);
    expect(new URL(page.url()).hash).toBe("");
  });
});
