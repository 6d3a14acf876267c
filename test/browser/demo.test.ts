/** The demo site, used like a visitor does, up to the dashboard's figures. */
import type { Browser, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { report, type Server } from "../server.ts";
import { browserPath, changeAnswers, handleFirst, openPage } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const PAGES = ["/demo/", "/demo/sign-up", "/demo/cashier"];

let server: Server;
let browser: Browser;

/** Newest first, as the panel shows them. */
const panel = (page: Page) => page.locator("#sent > li .sent-type").allInnerTexts();
const eventually = <Value>(read: () => Promise<Value>) => expect.poll(read, { timeout: 200_000 });
const statuses = (page: Page) => page.locator("#sent > li .sent-status").allInnerTexts();

describe.skipIf(!browserPath)("the demo site", () => {
  serverAndBrowser((started, launched) => {
    [server, browser] = [started, launched];
  });

  test("a visit by a campaign, a registration and a deposit count as one of each", async () => {
    const page = await openPage(browser, `${server.url}/demo/?btag=demo-campaign`);
    await eventually(() => panel(page)).toEqual(["visit"]);
    await page.getByRole("button", { name: "Spin" }).click();
    await eventually(() => panel(page)).toEqual(["spin", "visit"]);

    await page.getByRole("link", { name: "Create a demo account" }).click();
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Sign up" }).click();
    await eventually(() => panel(page)).toEqual(["registration", "identify", "visit"]);
    const player_id = await page.locator("#welcome-id").textContent();
    expect(await page.locator("#sent > li").first().textContent()).toContain(player_id);

    await page.getByRole("link", { name: "Make a demo deposit" }).click();
    await page.getByRole("button", { name: "50", exact: true }).click();
    await page.getByLabel("Currency").selectOption("USD");
    await page.getByRole("button", { name: /Deposit/ }).click();
    await eventually(() => panel(page)).toEqual(["deposit", "visit"]);
    expect(await statuses(page)).toEqual(["200 accepted", "200 accepted"]);

    const campaign = async () =>
      (await report<{ rows: object[] }>(server, "campaigns?banner_tag=demo-campaign")).rows[0];
    await eventually(campaign).toMatchObject({
      banner_tag: "demo-campaign",
      // One visit for each page.
      visits: 3,
      unique_players: 1,
      registrations: 1,
      first_deposits: 1,
      deposits: 1,
      amount: "50.00",
    });
    const { steps } = await report<{ steps: { event_type: string; players: number }[] }>(
      server,
      "funnel?banner_tag=demo-campaign",
    );
    expect(steps.map(({ event_type, players }) => [event_type, players])).toEqual([
      ["visit", 1],
      ["registration", 1],
      ["first_deposit", 1],
      ["repeat_deposit", 0],
    ]);
    await page.context().close();
  });

  test("the panel shows the server's answers", async () => {
    const page = await openPage(browser, `${server.url}/demo/cashier?btag=panel`);
    await eventually(() => statuses(page)).toEqual(["200 accepted"]);
    await handleFirst(page, "**/happened?*event_type=deposit*", (route) =>
      route.fulfill({ status: 503, headers: { "retry-after": "1" } }),
    );
    await page.getByRole("button", { name: /^Deposit/ }).click();
    await eventually(() => statuses(page)).toEqual(["503 not now, kept", "200 accepted"]);
    await eventually(() => statuses(page)).toEqual(["200 accepted, try 2", "200 accepted"]);
    await page.evaluate("pixel('deposit', { amount: 'a lot' })");
    await eventually(async () => (await statuses(page))[0]).toBe("400 rejected");
    await page.context().close();
  });

  test.each(PAGES)("%s complies with the strict policy, has no error and fits a phone", async (path) => {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    const policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'";
    await changeAnswers(page, `${server.url}${path}`, (response) => ({
      headers: { ...response.headers(), "content-security-policy": policy },
    }));
    await page.goto(server.url + path);
    await eventually(() => panel(page)).toEqual(["visit"]);
    expect(complaints).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    for (const other of PAGES) {
      expect(await page.locator(`nav a[href="${other}"]`).count()).toBe(1);
    }
    expect(await page.locator('nav a[href="/"]').count()).toBe(1);
    await context.close();
  });

  test("without scripts the image is a plain pixel that the server takes", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === "/visit");
    await page.goto(`${server.url}/demo/`);
    expect((await answered).status()).toBe(200);
    await context.close();
  });
});
