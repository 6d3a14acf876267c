/** The dashboard's views for administrators: projects, keys, rates, the system, data requests, share links. */
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { AuditEntry } from "../../worker/admin/audit-log.ts";
import type { BotReviewView } from "../../worker/admin/bot-reviews.ts";
import type { KeyView } from "../../worker/admin/keys.ts";
import type { ProjectionView } from "../../worker/admin/projections.ts";
import type { ProjectView } from "../../worker/admin/projects.ts";
import type { SignedReceipt } from "../../worker/erasure/receipt.ts";
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import { report, type Server } from "../server.ts";
import { browserPath, inDialog, openPage, signInAt } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const soon = { timeout: 200_000 };
const PASSWORD = "correct horse";
/** The totals of all people, which an erasure does not change. */
const FIGURES = { visits: 4, registrations: 4, deposits: 1, amount: "12.50" };

type Exported = { player_id: string; events: unknown[]; profile: unknown; payments: unknown[] };

let server: Server;
let browser: Browser;

const api = (path: string, init: RequestInit = {}, key = server.token) =>
  fetch(`${server.url}/api/v1/${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });

/** Three people of spring, one of summer; one of them pays. */
async function sendTraffic(): Promise<void> {
  const events = ["ann", "ben", "cid", "dea"].flatMap((player_id) => {
    const who = { player_id, banner_tag: player_id === "dea" ? "summer" : "spring" };
    return [
      { ...who, event_type: "visit" },
      { ...who, event_type: "registration" },
      ...(player_id === "ann"
        ? [{ ...who, event_type: "deposit", amount: "12.50", currency: "USD", transaction_id: "T-1" }]
        : []),
      { ...who, event_type: "auth", data: { email: `${player_id}@example.com` } },
    ];
  });
  const answer = await api("events", { method: "POST", body: JSON.stringify(events) });
  expect(await answer.json()).toMatchObject({ accepted: events.length, rejected: 0 });
}

/** A page with an administrator's session. */
const signedIn = (path: string) => signInAt(browser, server, path);

const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).click();
const row = (page: Page, key: string) => page.locator(`[data-row="${key}"]`);
const said = (page: Page, text: string) => page.locator(".said").getByText(text).waitFor(soon);

/** Makes a share link with the form, and returns the two URLs that it shows. */
async function makeLink(page: Page, fill: (page: Page) => Promise<void>): Promise<{ link: string; embed: string }> {
  await press(page, "Create link");
  await fill(page);
  await press(page, "Create the link");
  await inDialog(page).getByText("Copy it now").waitFor(soon);
  const [link = "", embed = ""] = await inDialog(page).locator("code").allTextContents();
  await press(page, "Done");
  return { link, embed };
}

const visits = (page: Page | ReturnType<Page["frameLocator"]>, tag: string) =>
  page.locator(`[data-row="${tag}"] [data-column="visits"] data`).getAttribute("value", soon);

describe.skipIf(!browserPath)("administration", () => {
  let partner: HttpServer;
  let partnerPage = "";

  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    partner = createServer((_, response) => {
      response.setHeader("content-type", "text/html").end(`<!doctype html><h1>A partner</h1>${partnerPage}`);
    }).listen(0, "127.0.0.1");
    await sendTraffic();
    await vi.waitFor(async () => expect((await report<Campaigns>(server, "campaigns")).total.deposits).toBe(1), {
      timeout: 200_000,
      interval: 200,
    });
  });

  afterAll(() => {
    partner?.close();
  });

  test("a player is found, exported, and erased when that is confirmed", async () => {
    const page = await signedIn("/?view=data_requests");
    await page.getByLabel("Player id").fill("ann");
    await press(page, "Find");
    await page.getByText("ann@example.com").waitFor(soon);
    const exported = JSON.parse(await downloaded(page, "Export all as JSON")) as Exported;
    expect([exported.player_id, exported.events.length]).toEqual(["ann", 4]);

    await press(page, "Erase…");
    await inDialog(page).getByText("What stays").waitFor();
    expect(await inDialog(page).getByLabel("Reject future events").isChecked()).toBe(true);
    await press(page, "Erase the player");
    await page.getByText("The erasure goes on by itself").waitFor(soon);
    expect(page.url()).not.toContain("ann");
    const { rows } = await report<{ rows: SignedReceipt[] }>(server, "erasures");
    expect(rows).toMatchObject([{ status: "running", suppress: true }]);
    expect(new URL(page.url()).searchParams.get("part")).toBe(rows[0]?.id);
    await row(page, String(rows[0]?.id)).getByText("running").waitFor(soon);
  });

  test("a key is made, works, is rotated, limited and revoked", async () => {
    const page = await signedIn("/?view=keys");
    await press(page, "Create key");
    await page.getByLabel("Name").fill("Reporting");
    await page.getByLabel("Role").selectOption("viewer");
    await page.getByLabel("Expires").fill("2020-01-01");
    await press(page, "Create the key");
    const shown = async () => {
      await inDialog(page).getByText("Copy it now").waitFor(soon);
      const key = (await inDialog(page).locator("code").first().textContent()) ?? "";
      await press(page, "Done");
      return key;
    };
    const expired = await shown();
    expect((await api("campaigns", {}, expired)).status).toBe(401);
    expect(await row(page, expired.split("_")[1] ?? "").count()).toBe(0);

    await press(page, "Create key");
    await page.getByLabel("Name").fill("Affiliate");
    await page.getByLabel("Limited to tags").fill("spring\nautumn");
    await press(page, "Create the key");
    const key = await shown();
    const seen = (await (await api("campaigns", {}, key)).json()) as Campaigns;
    expect(seen.rows.map(({ banner_tag }) => banner_tag)).toEqual(["spring"]);

    await press(page, "Affiliate");
    await page.getByLabel("Limited to tags").fill("summer");
    await press(page, "Save");
    await said(page, "The key is changed");
    await press(page, "Affiliate");
    await press(page, "Rotate…");
    await press(page, "Create the new key");
    const next = await shown();
    expect(next).not.toBe(key);
    const both = await Promise.all([key, next].map(async (one) => (await api("campaigns", {}, one)).json()));
    for (const { rows } of both as Campaigns[]) expect(rows.map((one) => one.banner_tag)).toEqual(["summer"]);

    const id = next.split("_")[1] ?? "";
    await row(page, id).getByRole("button").click();
    await press(page, "Revoke…");
    await press(page, "Revoke the key");
    await said(page, "The key is revoked");
    expect((await api("campaigns", {}, next)).status).toBe(401);
    await row(page, id).waitFor({ state: "detached", ...soon });
    await press(page, "All");
    await row(page, id).getByText("revoked").waitFor(soon);
    expect(new URL(page.url()).searchParams.get("part")).toBe("all");

    const { rows } = await report<{ rows: KeyView[] }>(server, "keys");
    expect(await page.locator("[data-row]").count()).toBe(rows.length);

    await page.goto(`${server.url}/?view=audit`);
    const { rows: acts } = await report<{ rows: AuditEntry[] }>(server, "audit");
    expect(acts[0]).toMatchObject({ action: "key.revoke", subject: id });
    await row(page, String(acts[0]?.id)).getByText("key.revoke").waitFor(soon);
    expect(await page.locator("[data-row]").count()).toBe(acts.length);
  });

  test("a project is made and changed, fields show their errors, a new attribution window asks for confirmation", async () => {
    const page = await signedIn("/?view=projects");
    await press(page, "Make a project");
    await inDialog(page).getByRole("textbox", { name: "Id" }).fill("Not a slug");
    await press(page, "Create the project");
    await inDialog(page).getByText("must be a slug").waitFor(soon);
    await inDialog(page).getByRole("textbox", { name: "Id" }).fill("brand");
    await inDialog(page).getByLabel("Time zone").fill("Europe/Malta");
    await inDialog(page).getByLabel("Currency").fill("eur");
    await press(page, "Create the project");
    await said(page, "The project is made");
    await page.getByRole("heading", { name: "Settings of brand" }).waitFor(soon);
    const brand = () => report<ProjectView>(server, "projects/brand");
    expect(await brand()).toMatchObject({ timezone: "Europe/Malta", currency: "EUR", attribution_days: 30 });

    const settings = page.getByRole("region", { name: "Settings of brand" });
    await settings.getByLabel("Allowed origins").fill("https://brand.example\nnot an origin");
    await settings.getByLabel("Pixels with an amount or a transaction must be signed").check();
    await settings.getByLabel("Browsers that run in data centres").uncheck();
    await settings.getByLabel("Events in the log").fill("90");
    await press(page, "Save");
    await settings.getByText("must be an origin").waitFor(soon);
    await settings.getByLabel("Allowed origins").fill("https://brand.example");
    await press(page, "Save");
    await said(page, "Saved");
    const changed = {
      allowed_origins: ["https://brand.example"],
      require_signature: true,
      bot_rules: { data_centres: false },
      retention: { events_days: 90 },
    };
    expect(await brand()).toMatchObject({ ...changed, timezone: "Europe/Malta", attribution_days: 30 });

    await settings.getByLabel("Attribution window (days)").fill("45");
    await press(page, "Save");
    await press(page, "Save and attribute again");
    await said(page, "being attributed again");
    expect(await brand()).toMatchObject({ ...changed, attribution_days: 45 });
    const { rows: acts } = await report<{ rows: AuditEntry[] }>(server, "audit?project_id=brand");
    expect(acts[0]?.details).toEqual({ attribution_days: 45 });

    const { pixel_secret } = await brand();
    await press(page, "Show the secret");
    await settings.getByText(pixel_secret).waitFor();
    await press(page, "Renew…");
    await press(page, "Renew the secret");
    await settings.getByText(pixel_secret).waitFor({ state: "detached", ...soon });
    await settings.getByText((await brand()).pixel_secret).waitFor(soon);

    await settings.getByText("Changed rules apply to new events only").waitFor(soon);
    await press(page, "Apply to past events…");
    await inDialog(page).getByRole("button", { name: "Apply to past events" }).click();
    await said(page, "Past events are being checked");
    const review = () => report<BotReviewView>(server, "projects/brand/bot-review");
    await expect.poll(async () => (await review()).finished_at, soon).not.toBe(null);
    await page.reload();
    await row(page, "brand").getByRole("button").first().click();
    await settings.getByText("0 events changed.").waitFor(soon);

    await press(page, "Open the project");
    await expect.poll(() => new URL(page.url()).search, soon).toBe("?project_id=brand");
  });

  test("rates are added and uploaded, and wrong lines are listed", async () => {
    const page = await signedIn("/?view=rates");
    await page.locator("[data-feed]").waitFor(soon);
    await press(page, "Add a rate");
    await inDialog(page).getByLabel("Currency").fill("eur");
    await inDialog(page).getByLabel("Date").fill("2026-05-01");
    await inDialog(page).getByLabel("USD for one").fill("1,08");
    await inDialog(page).getByLabel("Source").fill("treasury");
    await press(page, "Add the rate");
    await inDialog(page).getByText("usd_rate must be a decimal").waitFor(soon);
    await inDialog(page).getByLabel("USD for one").fill("1.08");
    await press(page, "Add the rate");
    await row(page, "EUR 2026-05-01").getByText("1.08").waitFor(soon);

    const upload = async (lines: string[]) => {
      const buffer = Buffer.from(["currency_code,rate_date,usd_rate,data_source", ...lines].join("\n"));
      await page.getByLabel("File").setInputFiles({ name: "rates.csv", mimeType: "text/csv", buffer });
      await inDialog(page).getByRole("button", { name: "Upload" }).click();
    };
    await press(page, "Upload CSV");
    // More than the API takes at once; the last line of the second part is wrong.
    const many = Array.from({ length: 1_003 }, (_, day) => {
      const date = new Date(Date.UTC(2022, 0, 1) + day * 86_400_000).toISOString().slice(0, 10);
      return `GBP,${date},1.25,treasury`;
    });
    await upload([...many, "EUX,2026-05-01,1,treasury"]);
    await inDialog(page).getByText("Line 1,005:").waitFor(soon);
    await inDialog(page).getByText("1,000 of 1,004 lines are loaded").waitFor(soon);
    await upload([...many, "SEK,2026-05-01,0.1,treasury"]);
    await inDialog(page).getByText("1,004 of 1,004 lines are loaded").waitFor(soon);
    await inDialog(page).getByRole("button", { name: "Close" }).last().click();
    await page.getByLabel("Currency, such as EUR").fill("SEK");
    await row(page, "SEK 2026-05-01").waitFor(soon);
    await expect.poll(() => page.locator("[data-row]").count(), soon).toBe(1);
  });

  test("the system's state is the API's, and a projection is rebuilt when that is confirmed", async () => {
    const page = await signedIn("/?view=projections");
    await row(page, "daily").waitFor(soon);
    const { rows } = await report<{ rows: ProjectionView[] }>(server, "projections");
    expect(await page.locator("[data-row]").count()).toBe(rows.length);
    await press(page, "Daily");
    const rebuilt = page.waitForResponse(/\/projections\/daily\/rebuild$/);
    await press(page, "Rebuild");
    expect((await rebuilt).status()).toBe(202);
    await said(page, "The rebuild has begun");
    // The page refreshes by itself.
    const cursor = rows.find(({ name }) => name === "daily")?.cursor;
    await expect
      .poll(() => row(page, "daily").locator('[data-column="cursor"] data').getAttribute("value"), { timeout: 200_000 })
      .toBe(String(cursor));
  });

  test("a share link with a password shows its tag and no other, without a key, until it is revoked", async () => {
    const page = await signedIn("/?view=sharing");
    const { link } = await makeLink(page, async () => {
      await page.getByLabel("Name").fill("For the agency");
      await page.getByLabel("Limit to tags").fill("spring");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByLabel("Opening view").selectOption("campaigns");
    });

    const reader = await openPage(browser, link);
    await reader.getByLabel("Password").fill("a wrong one");
    await press(reader, "Show the figures");
    await reader.getByText("This is not the password").waitFor(soon);
    await reader.getByLabel("Password").fill(PASSWORD);
    await press(reader, "Show the figures");
    await expect.poll(() => visits(reader, "spring"), soon).toBe("3");
    expect(await reader.locator('[data-row="summer"]').count()).toBe(0);
    expect(await reader.locator(".total [data-column=visits] data").getAttribute("value")).toBe("3");
    expect(new URL(reader.url()).search).toBe("?view=campaigns");
    expect(await reader.context().cookies()).toEqual([]);
    await expect.poll(() => reader.getByRole("link", { name: "Keys" }).count()).toBe(0);
    await press(reader, /^Project/);
    expect(await reader.getByRole("button", { name: "Sign out" }).count()).toBe(0);
    await reader.keyboard.press("Escape");

    const [csv] = await Promise.all([reader.waitForEvent("download"), press(reader, "Download CSV")]);
    const lines = (await text(await csv.createReadStream())).trim().split(/\r?\n/);
    expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual(["spring"]);

    await reader.getByRole("link", { name: "Live" }).click();
    await expect.poll(() => reader.getByRole("status").first().textContent(), soon).toBe("Live");
    await reader.reload();
    await reader.getByLabel("Password").waitFor(soon);
    await reader.getByLabel("Password").fill(PASSWORD);
    await press(reader, "Show the figures");
    await expect.poll(() => reader.getByRole("status").first().textContent(), soon).toBe("Live");

    await press(page, "For the agency");
    await press(page, "Revoke the link");
    await said(page, "The link is revoked");
    await reader.getByRole("heading", { name: "This link no longer works" }).waitFor(soon);
    await reader.reload();
    await reader.getByRole("heading", { name: "This link no longer works" }).waitFor(soon);
  });

  test("an embedded view shows its figures in another site's page, without a sign-in", async () => {
    const page = await signedIn("/?view=sharing");
    const { embed } = await makeLink(page, async () => {
      await page.getByLabel("Name").fill('A "partner"');
      await page.getByLabel("Opening view").selectOption("campaigns");
    });
    partnerPage = embed;
    const { port } = partner.address() as AddressInfo;
    const host = await openPage(browser, `http://127.0.0.1:${port}/`);
    const frame = host.frameLocator("iframe[title='A \"partner\"']");
    expect(await visits(frame, "spring")).toBe("3");
    expect(await visits(frame, "summer")).toBe("1");
    expect(await frame.getByRole("navigation", { name: "Views" }).count()).toBe(0);
    expect(await frame.getByRole("banner").count()).toBe(0);
    const [whole] = await Promise.all([
      host.waitForEvent("popup"),
      frame.getByRole("link", { name: "Edgepixel" }).click(),
    ]);
    expect(await visits(whole, "summer")).toBe("1");
    await whole.getByRole("navigation", { name: "Views" }).waitFor(soon);

    partnerPage = `<iframe title="bare" src="${server.url}/embed"></iframe><iframe title="page" src="${server.url}/"></iframe>`;
    await host.goto(`http://127.0.0.1:${port}/bare`);
    await host.frameLocator('[title="bare"]').getByText("This link no longer works").waitFor(soon);
    expect(await host.frameLocator('[title="page"]').getByText("Edgepixel").count()).toBe(0);
  });

  // An erasure makes a second pass a minute later, which is due about now.
  test("the receipt of an erasure lists what was found, and nothing is found afterwards", async () => {
    const [running] = (await report<{ rows: SignedReceipt[] }>(server, "erasures")).rows;
    const page = await signedIn("/?view=data_requests");
    await row(page, String(running?.id)).getByRole("button").click();
    const cron = setInterval(() => void server.runCron(), 2_000);
    await page.getByRole("link", { name: "Download the receipt" }).waitFor({ timeout: 200_000 });
    clearInterval(cron);

    const receipt = await report<SignedReceipt>(server, `erasures/${running?.id}`);
    expect(receipt).toMatchObject({
      status: "finished",
      suppress: true,
      found: { events: 4, players: 1, payments: 1 },
    });
    for (const [store, count] of Object.entries(receipt.found)) {
      expect(await page.locator(`[data-found="${store}"] data`).getAttribute("value"), store).toBe(String(count));
    }
    expect(JSON.parse(await downloaded(page, "Download the receipt"))).toEqual(receipt);

    await page.getByLabel("Player id").fill("ann");
    await press(page, "Find");
    await page.getByText("There is no player").waitFor(soon);
    const left = JSON.parse(await downloaded(page, "Export all as JSON")) as Exported;
    expect(left).toMatchObject({ events: [], profile: null, payments: [] });
    expect((await report<Campaigns>(server, "campaigns")).total).toMatchObject(FIGURES);
  });
});

/** What a link brings. */
async function downloaded(page: Page, name: string): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
  return text(await file.createReadStream());
}

async function text(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let whole = "";
  for await (const part of stream) whole += part;
  return whole;
}
