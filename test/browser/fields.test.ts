/** Reports filtered by country, device, app and platform: chosen by keyboard or press, kept in the address, as in the API. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { addDays } from "../../worker/calendar.ts";
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import type { Metrics } from "../../worker/reports/metrics.ts";
import { report, type Server } from "../server.ts";
import { browserPath, signInAt } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TODAY = new Date().toISOString().slice(0, 10);
const day = (back: number) => addDays(TODAY, -back);
/** Days that are over, so that midnight changes nothing. */
const DAYS = `from=${day(9)}&to=${day(2)}`;
const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148";
const DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0";
const PEOPLE = 60;
const FIGURES = ["visits", "registrations", "first_deposits", "deposits"] as const;
const soon = { timeout: 200_000 };

let server: Server;
let browser: Browser;

const traffic = () =>
  Array.from({ length: PEOPLE }, (_, n) => {
    const person = {
      player_id: `player-${n}`,
      banner_tag: n % 5 === 0 ? "south" : "north",
      country: ["DE", "DE", "AT", "SE"][n % 4],
      user_agent: n % 3 === 0 ? PHONE : DESK,
      app_id: n % 2 === 0 ? "slots" : "poker",
      platform: n % 6 === 0 ? "ios" : "web",
    };
    const at = (time: string) => ({ timestamp: `${day(3 + (n % 5))}T${time}Z` });
    return [
      { ...person, event_type: "visit", ...at("08:00:00") },
      ...(n % 2 === 0 ? [{ ...person, event_type: "registration", ...at("08:10:00") }] : []),
      ...(n % 4 === 0 ? [{ ...person, event_type: "deposit", amount: "20", currency: "USD", ...at("09:00:00") }] : []),
    ];
  }).flat();

const signedIn = (path: string) => signInAt(browser, server, path, { viewport: { width: 1440, height: 1000 } });

const search = (page: Page) => new URL(page.url()).searchParams;
const chip = (page: Page, called: string) => page.getByRole("button", { name: `Remove the filter ${called}` });
const cards = (page: Page) =>
  Promise.all(FIGURES.map((name) => page.locator(`[data-figure="${name}"] data`).first().getAttribute("value")));
/** While figures are being counted the answer is 503: the page retries by itself, and so does this. */
const counted = <Body>(path: string) => vi.waitFor(() => report<Body>(server, path), { ...soon, interval: 500 });
const totals = async (filter: string) => {
  const { total } = await counted<Campaigns>(`campaigns?${DAYS}${filter}`);
  return FIGURES.map((name) => String(total[name]));
};

describe.skipIf(!browserPath)("filters by country, device, app and platform", () => {
  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    const events = traffic();
    const answer = await fetch(`${server.url}/api/v1/import`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      body: JSON.stringify({ events }),
    });
    expect(await answer.json()).toMatchObject({ rejected: 0 });
    await vi.waitFor(
      async () => expect((await report<Campaigns>(server, `campaigns?${DAYS}`)).total.visits).toBe(PEOPLE),
      { timeout: 200_000, interval: 300 },
    );
  });

  test("Germany and mobile, chosen by keyboard, filter all figures until they are removed", async () => {
    const page = await signedIn(`/?${DAYS}`);
    await expect.poll(() => cards(page), soon).toEqual(await totals(""));
    const asked = new Set<string | null>();
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.pathname.endsWith("/metrics") && url.searchParams.has("group_by"))
        asked.add(url.searchParams.get("group_by"));
    });
    await page.getByRole("button", { name: "Filter", exact: true }).focus();
    await page.keyboard.press("Enter");
    const { rows } = await report<Metrics>(server, `metrics?group_by=country&${DAYS}`);
    const german = rows.filter(({ country }) => country === "DE").reduce((all, { total }) => all + total, 0);
    await page.getByRole("option", { name: `Germany (${german})` }).waitFor({ state: "attached", ...soon });
    await page.getByRole("option", { name: /^Mobile/ }).waitFor({ state: "attached", ...soon });
    await page.getByRole("option", { name: /^slots/ }).waitFor({ state: "attached", ...soon });
    expect([...asked].sort()).toEqual(["app_id", "country", "device"]);
    await page.evaluate(AXE);
    const { violations } = await page.evaluate<AxeResults>("axe.run()");
    expect(violations.map(({ id }) => id)).toEqual([]);

    // The condition on tags, the tag, then the country.
    for (let n = 0; n < 3; n++) await page.keyboard.press("Tab");
    await page.keyboard.type("Ger");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Mob");
    for (let n = 0; n < 3; n++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await chip(page, "Country is Germany").waitFor();
    await chip(page, "Device is Mobile").waitFor();
    expect([search(page).getAll("country"), search(page).getAll("device")]).toEqual([["DE"], ["mobile"]]);

    const narrowed = await totals("&country=DE&device=mobile");
    expect(narrowed).not.toEqual(await totals(""));
    await expect.poll(() => cards(page), soon).toEqual(narrowed);
    await page.goto(`${server.url}/?view=campaigns&${search(page)}`);
    const visits = () => page.locator('.campaigns .total [data-column="visits"] data').getAttribute("value");
    await expect.poll(visits, soon).toBe(narrowed[0]);
    await page.reload();
    await expect.poll(visits, soon).toBe(narrowed[0]);

    // A press on a tag keeps the filters.
    await page.getByRole("button", { name: "north", exact: true }).click();
    await page.getByRole("heading", { name: "north" }).waitFor();
    await expect.poll(() => cards(page), soon).toEqual(await totals("&country=DE&device=mobile&banner_tag=north"));
    await page.getByRole("link", { name: "All campaigns" }).click();

    await chip(page, "Device is Mobile").click();
    await expect.poll(visits, soon).toBe((await totals("&country=DE"))[0]);
    await chip(page, "Country is Germany").click();
    await expect.poll(visits, soon).toBe(String(PEOPLE));
    expect([...search(page).keys()].filter((name) => ["country", "device"].includes(name))).toEqual([]);
  });

  test("a second value and a platform are added to the filters, and a saved segment keeps them", async () => {
    const page = await signedIn(`/?view=revenue&${DAYS}&country=DE`);
    await chip(page, "Country is Germany").waitFor();
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("option", { name: /^Austria/ }).waitFor({ state: "attached", ...soon });
    await page.locator("select[name=country]").selectOption("AT");
    await page.getByLabel("Platform").fill("web");
    await page.getByRole("button", { name: "Apply" }).click();
    await chip(page, "Country is Austria").waitFor();
    await chip(page, "Platform is web").waitFor();
    expect(search(page).getAll("country")).toEqual(["DE", "AT"]);
    const { total } = await counted<{ total: { total_usd: string } }>(
      `revenue?${DAYS}&country=DE&country=AT&platform=web`,
    );
    expect(Number(total.total_usd)).toBeGreaterThan(0);
    const paid = () => page.locator('[data-fact="amount"] data').getAttribute("value");
    await expect.poll(paid, soon).toBe(total.total_usd);

    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByLabel("Segment name").fill("German-speaking");
    await page.getByRole("button", { name: "Save as a segment" }).click();
    await chip(page, "Segment German-speaking").waitFor();
    expect(search(page).getAll("country")).toEqual([]);
    await expect.poll(paid, soon).toBe(total.total_usd);
  });

  test("a press on a row of the breakdown by country, device or app sets that filter", async () => {
    const page = await signedIn(`/?${DAYS}&banner_tag=north`);
    await page.getByRole("heading", { name: "Countries, devices and apps" }).scrollIntoViewIfNeeded();
    await page.getByRole("button", { name: "Sweden" }).click();
    await chip(page, "Country is Sweden").waitFor();
    expect([search(page).get("country"), search(page).get("banner_tag")]).toEqual(["SE", "north"]);
    await expect.poll(() => cards(page), soon).toEqual(await totals("&country=SE&banner_tag=north"));
    await page.keyboard.press("0");
    await expect.poll(() => cards(page), soon).toEqual(await totals(""));
  });

  test("a panel whose figures cannot be filtered by them says so, and its request leaves them out", async () => {
    const refused: string[] = [];
    const page = await signedIn("/404.css");
    page.on("response", (answer) => {
      if (answer.status() >= 400) refused.push(`${answer.status()} ${answer.url()}`);
    });
    await page.goto(`${server.url}/?view=payouts&${DAYS}&country=DE&platform=web`);
    await page.getByText("Not narrowed by country, device, app or platform").waitFor();
    await page.waitForLoadState("networkidle");
    await page.goto(`${server.url}/?view=cohorts&${DAYS}&country=DE`);
    await page.getByRole("heading", { name: "Lifetime value" }).scrollIntoViewIfNeeded();
    await page.getByText("Of players whose first event fits the filters").waitFor(soon);
    await page.goto(`${server.url}/?view=live&country=DE`);
    await page.getByText("Counts are kept by tag alone").waitFor(soon);
    expect(await page.getByLabel("Recent events", { exact: true }).count()).toBeGreaterThan(0);
    await page.goto(`${server.url}/?view=live&platform=web`);
    await page.getByText("Live events do not tell their platform").waitFor(soon);
    expect(await page.getByLabel("Recent events", { exact: true }).count()).toBe(0);
    expect(refused).toEqual([]);
  });

  test("the players are those whose first event matches", async () => {
    const page = await signedIn(`/?view=players&${DAYS}&country=DE&platform=web`);
    await page.locator("[data-row]").first().waitFor(soon);
    const fitting = traffic().filter((event) => {
      return event.event_type === "visit" && event.country === "DE" && event.platform === "web";
    });
    expect(await page.locator("[data-row]").count()).toBe(fitting.length);
    expect(await page.getByRole("link", { name: "Download CSV" }).getAttribute("download")).toContain("_DE_web_");
    await chip(page, "Platform is web").click();
    const german = traffic().filter((event) => event.event_type === "visit" && event.country === "DE");
    await expect.poll(() => page.locator("[data-row]").count(), soon).toBe(german.length);
  });

  test("the list of events takes one value of each field, and says so when there are two", async () => {
    const page = await signedIn(`/?view=events&${DAYS}&country=SE&app_id=poker`);
    await page.locator(".events [data-row]").first().waitFor(soon);
    const sent = traffic().filter(({ country, app_id }) => country === "SE" && app_id === "poker");
    expect(await page.locator(".events [data-row]").count()).toBe(sent.length);
    expect(await page.getByRole("link", { name: "Download CSV" }).getAttribute("download")).toContain("_SE_poker_");
    await page.goto(`${server.url}/?view=events&${DAYS}&country=SE&country=DE`);
    await page.getByText("Events are listed of one country at a time").waitFor();
    expect(await page.getByRole("link", { name: "Download CSV" }).count()).toBe(0);
    await chip(page, "Country is Germany").click();
    await page.locator(".events [data-row]").first().waitFor(soon);
  });
});
