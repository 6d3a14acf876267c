/** The views of reports: they show the API's figures, and lead to further views. */
import { buffer } from "node:stream/consumers";
import type { Browser, Locator, Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { exact, exactMoney, periodText, rate } from "../../dashboard/format.ts";
import { addDays, mondayOf } from "../../worker/calendar.ts";
import type { Bots } from "../../worker/reports/bots.ts";
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import type { Funnel } from "../../worker/reports/funnel.ts";
import type { Metrics } from "../../worker/reports/metrics.ts";
import { report, type Server } from "../server.ts";
import { browserPath, openPage, signIn, signInAt } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const TODAY = new Date().toISOString().slice(0, 10);
const day = (back: number) => addDays(TODAY, -back);
/** Days that are over, so that midnight changes nothing. */
const DAYS = `from=${day(28)}&to=${day(1)}`;
/** A tag whose pixel failed on one day. */
const SILENT = day(3);

const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148";
const DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0";
const CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

let server: Server;
let browser: Browser;

type Sent = Record<string, string>;

/** Five weeks of two tags: each day so many visit, one of them registers, deposits, and comes back on the next day. */
function* traffic(): Generator<Sent> {
  for (let back = 40; back >= 1; back--) {
    for (const [banner_tag, visits] of [
      ["north", 24],
      ["south", 12],
    ] as const) {
      if (banner_tag === "north" && day(back) === SILENT) continue;
      const at = (date: string, time: string) => ({ timestamp: `${date}T${time}Z` });
      for (let n = 0; n < visits; n++) {
        const person = n === 0 ? { player_id: `${banner_tag}-${back}` } : { visitor_id: `${banner_tag}-${back}-${n}` };
        const from = { country: n % 3 === 0 ? "AT" : "DE", user_agent: n % 4 === 0 ? PHONE : DESK, app_id: "slots" };
        const event = (event_type: string, more: Sent): Sent => ({
          ...person,
          ...from,
          banner_tag,
          event_type,
          ...more,
        });
        yield event("visit", at(day(back), "08:00:00"));
        if (n > 0) continue;
        yield event("registration", at(day(back), "08:03:00"));
        const currency = back % 10 === 0 ? "KWD" : back % 2 === 0 ? "EUR" : "USD";
        yield event("deposit", { ...at(day(back), "10:00:00"), amount: "40.50", currency });
        const away = banner_tag === "north" && day(back - 1) === SILENT;
        if (back > 1 && !away) yield event("visit", at(day(back - 1), "09:00:00"));
        if (back % 7 === 0) yield event("withdrawal", { ...at(day(back), "12:00:00"), amount: "5", currency: "USD" });
      }
    }
  }
  for (const visitor_id of ["a", "b", "c"])
    yield { visitor_id, event_type: "visit", timestamp: `${day(2)}T08:00:00Z`, user_agent: CRAWLER };
}

async function post(path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${server.url}/api/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
  return answer.json();
}

/** A page of someone who has signed in already. */
const signedIn = (path: string) => signInAt(browser, server, path, { viewport: { width: 1440, height: 1600 } });

const cell = (page: Page, row: string, column: string) =>
  page.locator(`[data-row="${row}"] [data-column="${column}"] data`).getAttribute("value");
const fact = (page: Page, name: string) => page.locator(`[data-fact="${name}"] data`).getAttribute("value");
const search = (page: Page) => new URL(page.url()).searchParams;
const soon = { timeout: 200_000 };

describe.skipIf(!browserPath)("the views of reports", () => {
  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    const rates = Array.from({ length: 10 }, (_, n) => ({
      currency_code: "EUR",
      rate_date: day(5 * n),
      usd_rate: "1.1",
      data_source: "test",
    }));
    await post("exchange-rates", { rates });
    const events = [...traffic()];
    for (let from = 0; from < events.length; from += 500)
      expect(await post("import", { events: events.slice(from, from + 500) })).toMatchObject({ rejected: 0 });
    const visits = events.filter(({ event_type, user_agent }) => event_type === "visit" && user_agent !== CRAWLER);
    await vi.waitFor(
      async () => {
        const { total } = await report<Campaigns>(server, `campaigns?from=${day(60)}&to=${TODAY}`);
        expect(total.visits).toBe(visits.length);
      },
      { timeout: 200_000, interval: 300 },
    );
  });

  test("a tag becomes the page of its campaign, which leads back to all of them", async () => {
    const page = await signedIn(`/?view=campaigns&${DAYS}`);
    await page.getByRole("button", { name: "north", exact: true }).click();
    await page.getByRole("heading", { name: "north" }).waitFor();
    expect(search(page).get("banner_tag")).toBe("north");
    const { total } = await report<Campaigns>(server, `campaigns?banner_tag=north&${DAYS}`);
    for (const name of ["unique_players", "depositors", "new_depositors", "amount", "net_amount"] as const)
      expect(await fact(page, name), name).toBe(String(total[name]));
    const { steps } = await report<Funnel>(server, `funnel?banner_tag=north&${DAYS}`);
    const registered = page.locator('[data-step="registration"] data');
    await registered.waitFor();
    expect(await registered.getAttribute("value")).toBe(String(steps[1]?.players));
    await page.getByRole("heading", { name: "Retention by cohort" }).waitFor();
    await page.getByRole("heading", { name: "Lifetime value" }).waitFor();

    // A share link for the affiliate, the tag's players and its events are one press away.
    await page.getByRole("link", { name: "Share", exact: true }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByLabel("Name").inputValue()).toBe("north");
    expect(await dialog.getByLabel("Limit to tags").inputValue()).toBe("north");
    await dialog.getByRole("button", { name: "Create the link" }).click();
    await page.getByText("Copy it now: it is not shown again.").waitFor();
    const { rows: links } = await report<{ rows: { name: string; banner_tags: string[] }[] }>(server, "shares");
    expect(links).toMatchObject([{ name: "north", banner_tags: ["north"] }]);
    await page.getByRole("button", { name: "Done" }).click();
    await expect.poll(() => search(page).get("part"), soon).toBeNull();
    await page.goBack();
    await page.locator(".panel.campaign").getByRole("link", { name: "Players" }).click();
    await page.locator('[data-row="north-5"]').waitFor();
    expect(await page.locator('[data-row^="south"]').count()).toBe(0);
    await page.goBack();
    await page.locator(".panel.campaign").getByRole("link", { name: "Events" }).click();
    await page.locator(".events [data-row]").first().waitFor();
    expect(search(page).get("banner_tag")).toBe("north");
    await page.goBack();

    await page.getByRole("link", { name: "All campaigns" }).click();
    await page.getByRole("row", { name: /^south/ }).waitFor();
    expect(search(page).get("banner_tag")).toBeNull();
  });

  test("a key without amounts is shown none, in any view of the menu", async () => {
    const { key } = (await post("keys", { name: "no amounts", role: "analyst", hide_amounts: true })) as {
      key: string;
    };
    const page = await openPage(browser, `${server.url}/404.css`);
    await page.request.post(`${server.url}/api/v1/session`, { data: { key } });
    await page.goto(`${server.url}/?${DAYS}&series=amount`);
    await page.locator('[data-figure="deposits"] data').waitFor();
    const views = page.getByRole("navigation").getByRole("link");
    await page.getByRole("row", { name: /^north/ }).waitFor();
    const titles = await views.allTextContents();
    expect(titles).not.toContain("Revenue");
    expect(titles).toContain("Players");
    for (const title of ["Overview", "Campaigns", "Cohorts", "Games", "Saved reports", "Players", "Events"]) {
      await views.getByText(title, { exact: true }).click();
      await page.getByRole("heading", { name: title, level: 1, includeHidden: true }).waitFor();
      await expect.poll(() => page.locator('[aria-busy="true"], .waiting, .bone').count(), soon).toBe(0);
      const shown = (await page.locator("main").innerText()) ?? "";
      expect(shown, title).not.toMatch(/[$€]|KWD|Deposit amount|EPC|could not be loaded/);
      expect(await page.locator("td.money, td.average, [data-figure=amount]").count(), title).toBe(0);
    }
  });

  test("a note on a day is marked in the chart and can be read there, until it is removed", async () => {
    const page = await signedIn(`/?from=${day(9)}&to=${day(1)}`);
    const trend = page.locator(".trend");
    await trend.locator("canvas").waitFor();
    await trend.getByRole("button", { name: "Notes" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Add a note" }).click();
    await dialog.getByLabel("First day").fill(day(9));
    await dialog.getByLabel("Last day").fill(day(9));
    await dialog.getByLabel("Note", { exact: true }).fill("The campaign began");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("The campaign began").waitFor();
    expect(await report(server, `annotations?from=${day(9)}&to=${day(9)}`)).toMatchObject({
      rows: [{ from: day(9), to: day(9), text: "The campaign began", author: "admin" }],
    });
    await dialog.locator(".dialog-actions").getByRole("button", { name: "Close" }).click();
    const canvas = trend.locator("canvas");
    const read = async () => {
      await canvas.hover({ position: { x: 60, y: 120 } });
      return trend.locator(".tip-note").allTextContents();
    };
    await expect.poll(read, soon).toEqual(["The campaign began"]);
    await trend.getByRole("button", { name: "Notes" }).click();
    await dialog.getByRole("button", { name: "Remove" }).click();
    await dialog.getByText("None yet.").waitFor();
    await expect.poll(async () => (await report<{ rows: unknown[] }>(server, "annotations")).rows, soon).toEqual([]);
  });

  test("last week's first deposits against the week before, by affiliate, in five steps", async () => {
    const page = await signedIn("/");
    await page.getByRole("button", { name: /^Period/ }).click();
    await page.getByRole("button", { name: "Last week" }).click();
    await page.getByRole("link", { name: "Campaigns" }).click();
    await page.getByRole("button", { name: "First deposits (FTD)" }).click();
    await page.getByRole("button", { name: "Change", exact: true }).click();
    const monday = mondayOf(day(7));
    const { rows, previous_period } = await report<Campaigns>(
      server,
      `campaigns?from=${monday}&to=${addDays(monday, 6)}&compare=previous`,
    );
    expect(previous_period).toEqual({ from: addDays(monday, -7), to: addDays(monday, -1) });
    const grown = rows
      .map(({ banner_tag, first_deposits, previous }) => ({
        tag: banner_tag ?? "",
        by: first_deposits - (previous?.first_deposits ?? 0),
      }))
      .sort((a, b) => b.by - a.by || (a.tag < b.tag ? -1 : 1));
    const tags = () =>
      page.locator(".campaigns tr[data-row]").evaluateAll((all) => all.map((row) => row.getAttribute("data-row")));
    await expect.poll(tags, soon).toEqual(grown.map(({ tag }) => tag));
    for (const { banner_tag, first_deposits } of rows)
      await expect.poll(() => cell(page, banner_tag ?? "", "first_deposits"), soon).toBe(String(first_deposits));
    expect(search(page).get("period")).toBe("last_week");
  });

  /** Counts presses, from the overview on; typing a text and pressing Enter counts as one. */
  async function inSixPresses(
    task: (page: Page, press: (on: Locator, typed?: string) => Promise<void>) => Promise<void>,
  ) {
    const page = await signedIn("/");
    let presses = 0;
    await task(page, async (on, typed) => {
      presses += 1;
      if (typed === undefined) return on.click();
      await on.fill(typed);
      await on.press("Enter");
    });
    expect(presses).toBeLessThanOrEqual(6);
  }

  test("a tag's earnings per visit, what cohorts paid by day 7, finance's deposits and one player, in six steps each", async () => {
    await inSixPresses(async (page, press) => {
      await press(page.getByRole("link", { name: "Campaigns" }));
      const { rows } = await report<Campaigns>(server, `campaigns?from=${day(6)}&to=${TODAY}`);
      const north = rows.find(({ banner_tag }) => banner_tag === "north");
      expect(Number(north?.deposit_per_visit)).toBeGreaterThan(0);
      await expect.poll(() => cell(page, "north", "deposit_per_visit"), soon).toBe(north?.deposit_per_visit);
    });
    await inSixPresses(async (page, press) => {
      await press(page.getByRole("button", { name: /^Period/ }));
      await press(page.getByRole("button", { name: "Last week" }));
      await press(page.getByRole("link", { name: "Cohorts" }));
      await press(page.getByRole("button", { name: "Days", exact: true }));
      await press(page.locator(".cohort-value").getByRole("button", { name: "Show as table" }));
      const monday = mondayOf(day(7));
      const asked = `cohorts?from=${monday}&to=${addDays(monday, 6)}&interval=day`;
      type Cohort = { value: { day: number; revenue_per_player_usd: string | null }[] };
      type Valued = { rows: Cohort[]; total: Cohort };
      const { rows, total } = await report<Valued>(server, asked);
      const before = await report<Valued>(
        server,
        `cohorts?from=${addDays(monday, -7)}&to=${addDays(monday, -1)}&interval=day`,
      );
      // The last six cohorts, and all of this week and of the one before.
      const after = [...rows.slice(-6), total, before.total].map(
        ({ value }) => value.find(({ day }) => day === 7)?.revenue_per_player_usd,
      );
      const shown = page.locator(".cohort-value tbody tr", { hasText: /^Day 7/ }).locator("td");
      const told = after.map((paid) => (paid == null ? "–" : exactMoney(paid, "USD")));
      expect(told).toHaveLength(8);
      await expect.poll(() => shown.allTextContents(), soon).toEqual(told);
    });
    await inSixPresses(async (page, press) => {
      await press(page.getByRole("button", { name: /^Period/ }));
      await press(page.getByRole("button", { name: "Last week" }));
      await press(page.getByRole("link", { name: "Events", exact: true }));
      await press(page.getByLabel("Type"), "deposit");
      await expect.poll(() => search(page).get("event_type"), soon).toBe("deposit");
      const file = page.getByRole("link", { name: "Download CSV" });
      await expect.poll(() => file.getAttribute("href"), soon).toContain("event_type=deposit");
      const csv = await page.request.get(new URL((await file.getAttribute("href")) ?? "", server.url).href);
      const monday = mondayOf(day(7));
      const { total } = await report<Campaigns>(server, `campaigns?from=${monday}&to=${addDays(monday, 6)}`);
      expect((await csv.text()).trim().split("\r\n")).toHaveLength(1 + total.deposits);
    });
    await inSixPresses(async (page, press) => {
      await press(page.getByRole("link", { name: "Players", exact: true }));
      await press(page.getByLabel("Find by any ID or e-mail"), "south-40");
      await press(page.locator('[data-row="south-40"]').getByRole("button"));
      await page.getByRole("heading", { name: "south-40" }).waitFor();
      await expect.poll(() => fact(page, "total_events"), soon).toBe("4");
    });
  });

  test("a table is sorted by how much a figure changed", async () => {
    // On one of these days the pixel of the larger tag failed.
    const page = await signedIn(`/?view=campaigns&from=${day(7)}&to=${day(1)}`);
    const tags = () =>
      page.locator(".campaigns tr[data-row]").evaluateAll((all) => all.map((row) => row.getAttribute("data-row")));
    await expect.poll(tags, soon).toEqual(["north", "south"]);
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await expect.poll(tags, soon).toEqual(["south", "north"]);
    expect(search(page).get("sort_by")).toBe("change");
    await page.getByRole("button", { name: "Visits", exact: true }).click();
    await expect.poll(tags, soon).toEqual(["north", "south"]);
    await page.getByRole("button", { name: "Value", exact: true }).click();
    await expect.poll(tags, soon).toEqual(["south", "north"]);
  });

  test("any days are compared with any others, on campaigns, funnel, cohorts and revenue", async () => {
    const page = await signedIn(`/?view=campaigns&from=${day(9)}&to=${day(4)}`);
    await page.getByRole("button", { name: /^Comparison/ }).click();
    await page.getByLabel("From").fill(day(30));
    await page.getByLabel("To", { exact: true }).fill(day(21));
    await page.getByRole("button", { name: "Compare with these days" }).click();
    // Browsers and Node format a range of days with different spaces.
    const plain = (text: string | null) => text?.replaceAll(/\s/gu, " ");
    const called = plain(periodText({ from: day(30), to: day(21) }));
    const earlier = `from=${day(30)}&to=${day(21)}`;
    const { total } = await report<Campaigns>(server, `campaigns?${earlier}`);
    const held = async (where: string) => plain(await page.locator(`${where} .delta`).getAttribute("title", soon));
    await expect
      .poll(() => held('.campaigns .total [data-column="visits"]'), soon)
      .toBe(`${exact(total.visits)} in ${called}`);

    await page.getByRole("link", { name: "Funnel" }).click();
    const { steps } = await report<Funnel>(server, `funnel?${earlier}`);
    expect(steps[2]?.players).toBeGreaterThan(0);
    for (const { event_type, players } of steps.slice(0, 3))
      await expect.poll(() => held(`[data-step="${event_type}"]`), soon).toBe(`${exact(players)} in ${called}`);

    await page.getByRole("link", { name: "Cohorts" }).click();
    type Cohorts = { total: { players: number; retention: { day: number; rate: number }[] } };
    const cohorts = await report<Cohorts>(server, `cohorts?${earlier}&interval=day`);
    expect(cohorts.total.retention[0]?.rate).toBeGreaterThan(0);
    const all = (column: string) => held(`.cohorts .total [data-column="${column}"]`);
    await expect.poll(() => all("players"), soon).toBe(`${exact(cohorts.total.players)} in ${called}`);
    for (const { day, rate: of } of cohorts.total.retention.slice(0, 2))
      expect(await all(`day_${day}_rate`)).toBe(`${rate(of)} in ${called}`);
    // What somebody has paid until now depends on how long ago they came.
    expect(await page.locator('.cohorts [data-column="revenue"] .cell-note').count()).toBe(0);
    await page.getByText(`All of ${periodText({ from: day(30), to: day(21) })}`).waitFor();

    await page.getByRole("link", { name: "Revenue" }).click();
    const revenue = await report<{ total: { deposits: number; withdrawals: number } }>(server, `revenue?${earlier}`);
    for (const name of ["deposits", "withdrawals"] as const)
      await expect.poll(() => held(`[data-fact="${name}"]`), soon).toBe(`${exact(revenue.total[name])} in ${called}`);
    // Money without a rate is in no comparison.
    expect(await page.locator('[data-fact="amount"] .delta').count()).toBe(0);

    await page.getByRole("button", { name: /^Comparison/ }).click();
    await page.getByRole("button", { name: "No comparison" }).click();
    await expect.poll(() => page.locator(".revenue .fact-note").count(), soon).toBe(0);
    expect(search(page).get("compare_from")).toBeNull();
  });

  test("a tag unfolds into its visitors by country, or by what is chosen", async () => {
    const page = await signedIn(`/?view=campaigns&${DAYS}&compare=none`);
    const unfold = (by: string) => page.getByRole("button", { name: `north by ${by}`, exact: true });
    await unfold("country").click();
    const within = page.locator("tr[data-within]");
    const shown = async () =>
      Object.fromEntries(
        await within.evaluateAll((rows) =>
          rows.map((row) => [
            row.getAttribute("data-within"),
            ["visits", "first_deposits", "amount"].map((name) =>
              row.querySelector(`[data-column="${name}"] data`)?.getAttribute("value"),
            ),
          ]),
        ),
      );
    type Traffic = { rows: { value: string; visits: number; first_deposits: number; amount: string }[] };
    const ofApi = async (by: string) => {
      const { rows } = await report<Traffic>(server, `traffic?by=${by}&banner_tag=north&currency=project&${DAYS}`);
      return Object.fromEntries(
        rows.map(({ value, visits, first_deposits, amount }) => [
          value,
          [String(visits), String(first_deposits), amount],
        ]),
      );
    };
    const countries = await ofApi("country");
    expect(Object.keys(countries).sort()).toEqual(["AT", "DE"]);
    await expect.poll(shown, soon).toEqual(countries);
    expect(search(page).get("banner_tag"), "the row itself was not pressed").toBeNull();
    await page.getByLabel("Unfold rows by").selectOption("device");
    const devices = await ofApi("device");
    expect(Object.keys(devices).sort()).toEqual(["desktop", "mobile"]);
    await expect.poll(shown, soon).toEqual(devices);
    await page.getByRole("link", { name: "All in Traffic sources" }).click();
    await page.locator('.traffic [data-row="mobile"]').waitFor();
    expect(Object.fromEntries(search(page))).toMatchObject({
      view: "traffic",
      banner_tag: "north",
      group_by: "device",
    });
    await page.goBack();
    await unfold("device").click();
    await within.first().waitFor();
    await unfold("device").click();
    await expect.poll(() => within.count(), soon).toBe(0);
  });

  test("cohorts ask once for what they are compared with", async () => {
    const page = await signIn(browser, server);
    const asked: string[] = [];
    page.on("request", (request) => request.url().includes("/api/v1/campaigns?") && asked.push(request.url()));
    await page.goto(`${server.url}/?view=cohorts&from=${day(13)}&to=${day(7)}`);
    await page.locator('.cohorts .total [data-column="players"] .delta').waitFor();
    expect(asked).toHaveLength(1);
  });

  test("chosen columns stay after other views and an address with other columns, until the default is restored", async () => {
    const page = await signIn(browser, server, { viewport: { width: 1280, height: 1000 } });
    const heads = async () => {
      await page.locator(".campaigns [data-row]").first().waitFor();
      const all = await page.locator(".campaigns .data-table thead th").allTextContents();
      return all.map((head) => head.replace(/[↑↓]/, ""));
    };
    const choose = async (name: string, on: boolean) => {
      await page.locator(".campaigns").getByRole("button", { name: "Choose columns" }).click();
      await page.getByRole("checkbox", { name, exact: true }).setChecked(on);
      await page.keyboard.press("Escape");
    };
    await page.goto(`${server.url}/?view=campaigns&${DAYS}`);
    const first = await heads();
    await choose("Deposits", false);
    const chosen = first.filter((name) => name !== "Deposits");
    expect(chosen.length).toBe(first.length - 1);
    await expect.poll(heads, soon).toEqual(chosen);
    await page.getByRole("link", { name: "Funnel", exact: true }).first().click();
    await page.locator(".funnel").first().waitFor();
    await page.getByRole("link", { name: "Campaigns", exact: true }).first().click();
    await expect.poll(heads, soon).toEqual(chosen);
    expect(search(page).has("columns")).toBe(false);
    await page.goto(`${server.url}/?view=campaigns&${DAYS}&columns=visits`);
    await expect.poll(heads, soon).toEqual([first[0], "Visits"]);
    await page.clock.install();
    await page.goto(`${server.url}/?view=campaigns&${DAYS}`);
    await expect.poll(heads, soon).toEqual(chosen);
    await page.locator(".campaigns").getByRole("button", { name: "Choose columns" }).click();
    const deposits = page.getByRole("checkbox", { name: "Deposits", exact: true });
    await deposits.waitFor();
    // From now on no timer ends: the default columns are back because they were chosen, and not because the page refreshes each minute.
    await page.clock.pauseAt(Date.now() + 60_000);
    await deposits.check();
    await expect.poll(heads, soon).toEqual(first);
    await page.clock.resume();
    await page.reload();
    await expect.poll(heads, soon).toEqual(first);
  });

  test("on a phone campaigns and sources begin with first deposits and amounts, and anomalies are read, without scrolling", async () => {
    const page = await signIn(browser, server, { viewport: { width: 390, height: 844 }, hasTouch: true });
    /** How much of a table can only be seen by scrolling it, in pixels. */
    const hidden = (view: string) =>
      page.locator(`.${view} .table-scroll`).evaluate((at) => at.scrollWidth - at.clientWidth);
    for (const [view, first] of [
      ["campaigns", "First deposits (FTD)"],
      ["traffic", "First deposits"],
    ] as const) {
      await page.goto(`${server.url}/?view=${view}&${DAYS}`);
      const table = page.locator(`.${view} .data-table`);
      const heads = () => table.locator("thead th").allTextContents();
      const plain = (all: string[]) => all.map((head) => head.replace(/[↑↓]/, ""));
      await table.locator("[data-row]").first().waitFor();
      expect(plain(await heads()).slice(1)).toEqual([first, "Deposit amount"]);
      expect(await hidden(view)).toBeLessThanOrEqual(1);
      await page.locator(`.${view}`).getByRole("button", { name: "Choose columns" }).click();
      await page.getByRole("checkbox", { name: first, exact: true }).uncheck();
      await page.getByRole("checkbox", { name: "Visits", exact: true }).check();
      await expect.poll(async () => plain(await heads()).slice(1), soon).toEqual(["Visits", "Deposit amount"]);
    }
    await page.route(/\/api\/v1\/anomalies/, async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      // The first and the last day are both named.
      await route.fulfill({
        response,
        json: { ...answer, rows: answer.rows.map((row: object) => ({ ...row, days: 3 })) },
      });
    });
    await page.goto(`${server.url}/?view=anomalies&${DAYS}`);
    await page.locator(".anomalies [data-row]").first().waitFor();
    expect(await hidden("anomalies"), "what happened is read without scrolling").toBeLessThanOrEqual(1);
  });

  test("countries have flags, if the machine's fonts have them, and devices have icons", async () => {
    for (const has of [true, false]) {
      const page = await signIn(browser, server, { viewport: { width: 1280, height: 1000 } });
      await page.addInitScript((ligature) => {
        const { prototype } = CanvasRenderingContext2D;
        const measure = prototype.measureText;
        prototype.measureText = function (text) {
          const flag = /^[\u{1f1e6}-\u{1f1ff}]{1,2}$/u.test(text);
          return flag ? ({ width: ligature ? 20 : 10 * text.length } as TextMetrics) : measure.call(this, text);
        };
      }, has);
      await page.goto(`${server.url}/?view=traffic&group_by=country&${DAYS}`);
      const row = page.locator('.traffic [data-row="DE"] th');
      await row.waitFor();
      expect(await row.innerText()).toBe(has ? "🇩🇪Germany" : "Germany");
      expect(await page.getByRole("button", { name: "Germany", exact: true }).count()).toBe(1);
      await page.goto(`${server.url}/?view=traffic&group_by=device&${DAYS}`);
      await page.locator('.traffic [data-row="mobile"] th svg').waitFor();
      await page.context().close();
    }
  });

  test("the overview loads the breakdown of visitors once it is scrolled into view", async () => {
    const page = await signedIn("/404.css");
    await page.setViewportSize({ width: 1440, height: 700 });
    const asked: string[] = [];
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.searchParams.has("group_by")) asked.push(url.searchParams.get("group_by") ?? "");
    });
    await page.goto(`${server.url}/?${DAYS}`);
    await page.getByRole("row", { name: /^south/ }).waitFor();
    await page.waitForLoadState("networkidle");
    expect(asked).toEqual([]);

    await page.getByRole("heading", { name: "Countries, devices and apps" }).scrollIntoViewIfNeeded();
    await page.locator('[data-row="AT"]').waitFor();
    const sums = async (dimension: "country" | "device") => {
      const { rows } = await report<Metrics>(server, `metrics?group_by=${dimension}&${DAYS}`);
      const of = (value: string, event_type: string, measure: "total" | "count") =>
        rows
          .filter((row) => row[dimension] === value && row.event_type === event_type)
          .reduce((all, row) => all + row[measure], 0);
      return (value: string) => ({
        visits: String(of(value, "visit", "total")),
        registrations: String(of(value, "registration", "count")),
        deposits: String(of(value, "deposit", "total")),
      });
    };
    const shown = async (value: string) => ({
      visits: await cell(page, value, "visits"),
      registrations: await cell(page, value, "registrations"),
      deposits: await cell(page, value, "deposits"),
    });
    const byCountry = await sums("country");
    expect(await shown("AT")).toEqual(byCountry("AT"));
    expect(await shown("DE")).toEqual(byCountry("DE"));
    expect(await page.locator('[data-row="AT"] [title="AT"]').textContent()).toBe("Austria");

    await page.getByRole("button", { name: "Device" }).click();
    await page.locator('[data-row="mobile"]').waitFor();
    expect(search(page).get("group_by")).toBe("device");
    expect(await shown("mobile")).toEqual((await sums("device"))("mobile"));
  });

  test("the funnel compares tags, and shows how long each step took", async () => {
    const page = await signedIn(`/?view=funnel&${DAYS}`);
    await page.locator('[data-row="north"]').waitFor();
    const { groups = [], steps } = await report<Funnel>(server, `funnel?group_by=banner_tag&${DAYS}`);
    for (const { banner_tag, steps } of groups)
      for (const { event_type, players } of steps)
        expect(await cell(page, banner_tag ?? "", event_type), `${banner_tag} ${event_type}`).toBe(String(players));

    await page.getByRole("button", { name: "Show as table" }).click();
    const taken = page.getByRole("region", { name: /visitors took to their registration/ });
    const people = (await taken.locator("tbody td").allTextContents()).map(Number);
    expect(people).toEqual(steps[1]?.times_from_previous.map(({ players }) => players));
    expect(people.reduce((all, one) => all + one, 0)).toBeGreaterThan(0);

    await page.getByRole("button", { name: "south" }).click();
    const south = groups.find(({ banner_tag }) => banner_tag === "south");
    await expect
      .poll(() => page.locator('[data-step="visit"] data').getAttribute("value"), soon)
      .toBe(String(south?.steps[0]?.players));
    expect(search(page).get("banner_tag")).toBe("south");
  });

  test("a week of hours is exact, and a day is pressed in a chart, in its table and in revenue", async () => {
    const page = await signedIn(`/?${DAYS}&series=deposits`);
    await page.getByRole("heading", { name: "Weekdays and hours" }).scrollIntoViewIfNeeded();
    const cells = page.locator(".hours .answer:not(.waiting) td data");
    await cells.first().waitFor();
    const { rows } = await report<Metrics>(server, `metrics?interval=hour&event_type=deposit&${DAYS}`);
    const week = new Array<number>(7 * 24).fill(0);
    for (const { event_date, event_hour = 0, total } of rows) {
      const hour = ((new Date(event_date).getUTCDay() + 6) % 7) * 24 + event_hour;
      week[hour] = (week[hour] ?? 0) + total;
    }
    expect(Math.max(...week)).toBeGreaterThan(0);
    expect(await cells.evaluateAll((all) => all.map((cell) => Number(cell.getAttribute("value"))))).toEqual(week);

    const days = () => [search(page).get("from"), search(page).get("to")];
    const [from, to] = days();
    await page.getByRole("button", { name: "Show as table" }).click();
    await page.locator(".trend .chart-table").getByRole("button").first().click();
    await expect.poll(days, soon).toEqual([from, from]);
    await page.goBack();
    await expect.poll(days, soon).toEqual([from, to]);
    await page.getByRole("button", { name: "Show as chart" }).click();
    await page.locator(".trend canvas").hover();
    await page.locator(".trend .tip").waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.locator(".trend").getByRole("button", { name: "PNG" }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe(`Deposits ${from} ${to}.png`);
    const image = await buffer(await saved.createReadStream());
    expect(image.toString("latin1", 1, 4)).toBe("PNG");
    const drawn = await page
      .locator(".trend canvas")
      .evaluate((canvas: HTMLCanvasElement) => [canvas.width, canvas.height]);
    expect([image.readUInt32BE(16), image.readUInt32BE(20)]).toEqual([(drawn[0] ?? 0) + 48, (drawn[1] ?? 0) + 88]);
    expect(days(), "the day below it was not pressed").toEqual([from, to]);
    await page.locator(".trend canvas").click();
    await expect.poll(() => days()[0] === days()[1], soon).toBe(true);

    await page.goto(`${server.url}/?view=revenue&${DAYS}`);
    const row = page.locator(".revenue-groups [data-row]").last();
    const day = await row.getAttribute("data-row");
    await row.getByRole("button").click();
    await expect.poll(days, soon).toEqual([day, day]);
  });

  test("the amount of deposits is a card that the chart follows, day by day", async () => {
    const page = await signedIn(`/?${DAYS}&compare=none`);
    const { total } = await report<Campaigns>(server, `campaigns?${DAYS}`);
    await page.locator('[data-figure="amount"] data').first().waitFor();
    expect(await page.locator('[data-figure="amount"] data').first().getAttribute("value")).toBe(total.amount);
    await page
      .locator(".cards")
      .getByRole("button", { name: /^Deposit amount/ })
      .click();
    await page.getByRole("heading", { name: "Deposit amount by day" }).waitFor();
    await page.getByRole("button", { name: "Show as table" }).click();
    type Paid = { rows: { event_date: string; converted: { amount: string } }[] };
    const { rows } = await report<Paid>(server, `revenue?currency=project&event_type=deposit&${DAYS}`);
    const paid = new Map(rows.map(({ event_date, converted }) => [event_date, converted.amount]));
    const days = Array.from({ length: 28 }, (_, index) => day(28 - index));
    const told = days.map((date) => exactMoney(String(Number(paid.get(date) ?? 0)), "USD"));
    expect(new Set(told).size).toBeGreaterThan(2);
    const cells = page.locator(".trend .chart-table tbody td");
    await expect.poll(() => cells.allTextContents(), soon).toEqual(told);
    expect(search(page).get("series")).toBe("amount");
    // The hours of a week are counted: they go on with deposits.
    await page.getByRole("heading", { name: "Weekdays and hours" }).scrollIntoViewIfNeeded();
    await page.locator(".hours").getByRole("button", { name: "Deposits", pressed: true }).waitFor();
  });

  test("first deposits are a card that the chart follows, day by day and by week", async () => {
    const page = await signedIn(`/?from=${day(14)}&to=${day(1)}&compare=previous`);
    await page
      .locator(".cards")
      .getByRole("button", { name: /^First deposits/ })
      .click();
    await page.getByRole("heading", { name: "First deposits by day" }).waitFor();
    await page.getByRole("button", { name: "Show as table" }).click();
    const days = Array.from({ length: 14 }, (_, index) => day(14 - index));
    const of = async (dates: string) => (await report<Campaigns>(server, `campaigns?${dates}`)).total.first_deposits;
    const firsts = await Promise.all(days.map((date) => of(`from=${date}&to=${date}`)));
    expect(new Set(firsts).size).toBeGreaterThan(1);
    const cells = page.locator(".trend .chart-table tbody td:nth-child(2)");
    await expect.poll(() => cells.allTextContents(), soon).toEqual(firsts.map(String));
    const before = await Promise.all(days.map((date) => of(`from=${addDays(date, -14)}&to=${addDays(date, -14)}`)));
    const earlier = page.locator(".trend .chart-table tbody td:nth-child(3)");
    await expect
      .poll(async () => (await earlier.allTextContents()).map((text) => text.split(" ").at(-1)), soon)
      .toEqual(before.map(String));
    await page.getByRole("group", { name: "Interval" }).getByRole("button", { name: "Week" }).click();
    const sum = async () => (await cells.allTextContents()).reduce((all, text) => all + Number(text), 0);
    await expect.poll(() => cells.count(), soon).toBeLessThan(7);
    expect(await sum()).toBe(firsts.reduce((all, first) => all + first, 0));
    // One tag has its first deposits; there are none by the hour, so two days are two points.
    await page.goto(`${server.url}/?series=first_deposits&banner_tag=south&from=${day(2)}&to=${day(1)}&compare=none`);
    await page.getByRole("heading", { name: "First deposits by day" }).waitFor();
    await page.getByRole("button", { name: "Show as table" }).click();
    await expect.poll(() => cells.allTextContents(), soon).toEqual(["1", "1"]);
  });

  test("deposits are shown by amount or by count; without a rule for NGR its chart says what is missing", async () => {
    const page = await signedIn(`/?${DAYS}&compare=none&series=deposits`);
    const choice = page.getByRole("group", { name: "Amount or count" });
    await choice.getByRole("button", { name: "Count", pressed: true }).waitFor();
    await choice.getByRole("button", { name: "Amount" }).click();
    await page.getByRole("heading", { name: "Deposit amount by day" }).waitFor();
    expect(search(page).get("series")).toBe("amount");
    await choice.getByRole("button", { name: "Count" }).click();
    await page.getByRole("heading", { name: "Deposits by day" }).waitFor();
    await page.goto(`${server.url}/?${DAYS}&compare=none&series=ngr`);
    await page.getByRole("heading", { name: "Deposit amount by day" }).waitFor();
    await page.getByText("No NGR deduction is set").getByRole("link", { name: "Projects" }).waitFor();
    await page.getByRole("button", { name: /^Deposit amount/, pressed: true }).waitFor();
    await page.getByRole("button", { name: "Show as table" }).click();
    const amounts = await page.locator(".trend .chart-table tbody td").allTextContents();
    expect(new Set(amounts).size).toBeGreaterThan(2);
  });

  test("cohorts are of weeks, mark days that are not over yet, and show what players are worth", async () => {
    type Cohorts = {
      rows: {
        cohort: string;
        banner_tag?: string;
        players: number;
        revenue_usd: string;
        value: { day: number; people: number; revenue_per_player_usd: string | null }[];
        retention: { day: number; rate: number | null }[];
      }[];
    };
    const page = await signedIn(`/?view=cohorts&${DAYS}`);
    await page.locator(".cohorts [data-row]").first().waitFor();
    const { rows } = await report<Cohorts>(server, `cohorts?${DAYS}`);
    for (const { cohort, players, revenue_usd, retention } of rows) {
      expect(await cell(page, cohort, "players")).toBe(String(players));
      expect(await cell(page, cohort, "revenue")).toBe(revenue_usd);
      for (const { day, rate } of retention) {
        const shown = page.locator(`[data-row="${cohort}"] [data-column="day_${day}_rate"]`);
        if (rate === null) expect(await shown.textContent()).toBe("–");
        else expect(await shown.locator("data").getAttribute("value")).toBe(String(rate));
      }
    }
    expect(rows[0]?.retention[0]?.rate).toBeGreaterThan(0);
    const { total, segments } = await report<{
      total: { converted: { spend: string } };
      segments: { segment: string; players: number }[];
    }>(server, "ltv?currency=project");
    await page.locator('[data-row="whale"]').waitFor();
    for (const { segment, players } of segments) expect(await cell(page, segment, "players")).toBe(String(players));
    expect(await page.locator('.ltv .total [data-column="spend"] data').getAttribute("value")).toBe(
      total.converted.spend,
    );

    const curves = page.locator(".cohort-value");
    await curves.getByRole("button", { name: "Show as table" }).click();
    const lines = rows.slice(-6).map(({ value }) => value.map((after) => after.revenue_per_player_usd));
    expect(lines.flat().filter((paid) => Number(paid) > 0).length).toBeGreaterThan(1);
    const told = (paid: string | null | undefined) => (paid == null ? "–" : exactMoney(paid, "USD"));
    const expected = [0, 1, 3, 7, 14, 30, 60, 90].map((day, index) => [
      `Day ${day}`,
      ...lines.map((line) => told(line[index])),
    ]);
    const shown = curves.locator("tbody tr");
    await expect
      .poll(() => shown.evaluateAll((all) => all.map((tr) => [...tr.children].map((cell) => cell.textContent))), soon)
      .toEqual(expected);

    await page.getByRole("button", { name: "By tag", exact: true }).click();
    await page.locator(`[data-row$=" south"]`).first().waitFor();
    const byTag = await report<Cohorts>(server, `cohorts?group_by=banner_tag&${DAYS}`);
    for (const { cohort, banner_tag, players } of byTag.rows)
      expect(await cell(page, `${cohort} ${banner_tag}`, "players")).toBe(String(players));
  });

  test("revenue is shown in USD and in its original currencies, with the amounts that have no rate", async () => {
    type Revenue = {
      total: {
        total_usd: string;
        paying_users: number;
        net_usd: string;
        withdrawals: number;
        totals: Record<string, string>;
        unconverted: Record<string, string>;
      };
    };
    const page = await signedIn(`/?view=revenue&${DAYS}`);
    await page.locator('[data-fact="amount"] data').waitFor();
    const { total } = await report<Revenue>(server, `revenue?${DAYS}`);
    const shown = {
      amount: "total_usd",
      paying_users: "paying_users",
      net_amount: "net_usd",
      withdrawals: "withdrawals",
    } as const;
    for (const [name, figure] of Object.entries(shown))
      expect(await fact(page, name), name).toBe(String(total[figure]));
    for (const [currency, amount] of Object.entries(total.totals))
      expect(await page.locator(`[data-currency="${currency}"] data`).getAttribute("value")).toBe(amount);
    expect(Object.keys(total.unconverted)).toEqual(["KWD"]);
    expect(await page.locator('[data-no-rate="Paid"]').textContent()).toMatch(/KWD/);

    await page.getByRole("button", { name: "Currency" }).click();
    await page.locator('[data-row="EUR"]').waitFor();
    expect(search(page).get("group_by")).toBe("currency");
    for (const [currency, amount] of Object.entries(total.totals))
      expect(Number(await cell(page, currency, "total"))).toBe(Number(amount));
    expect(await page.locator('.revenue-groups .total [data-column="amount"] data').getAttribute("value")).toBe(
      total.total_usd,
    );
  });

  test("a deposit without an exchange rate is shown at each sum that it belongs to, and is in no comparison", async () => {
    const page = await signedIn(`/?from=${day(14)}&to=${day(1)}`);
    const cells = page.locator('.campaigns [data-column="amount"]');
    await cells.first().waitFor();
    expect(await cells.count()).toBe(3);
    for (const text of await cells.allTextContents()) expect(text).toMatch(/\+ KWD/);
    expect(await cells.locator(".delta, .share").count()).toBe(0);
    for (const text of await page.locator('.campaigns [data-column="deposit_per_visit"]').allTextContents())
      expect(text).toBe("unknown");
    // Visits have nothing to do with money.
    expect(await page.locator('.campaigns [data-row] [data-column="visits"] .delta').count()).toBe(2);

    expect(await page.locator(".card.amount .card-figure").textContent()).toMatch(/\d\+ KWD/);
    const told = page.locator('.headline [data-no-rate="Deposited"]');
    expect(await told.textContent()).toMatch(/KWD.*No exchange rate/);
    expect(await told.getByRole("link").getAttribute("href")).toContain("view=rates");

    expect(await page.locator("[data-unknown]").count()).toBe(0);
    await page.locator(".campaigns").getByRole("button", { name: "Deposit amount" }).click();
    await page.locator("[data-unknown='2']").waitFor();

    await page.goto(`${server.url}/?view=revenue&from=${day(20)}&to=${day(14)}`);
    const paid = page.locator(`[data-row="${day(20)}"] [data-column="amount"]`);
    await paid.waitFor();
    expect(await paid.textContent()).toMatch(/^unknown\D*81/);

    // Neither empty nor the segment of players without payments.
    await page.goto(`${server.url}/?view=players&player_id=north-20`);
    await page.locator('[data-fact="segment"]').waitFor();
    expect(await page.locator('[data-fact="segment"] dd').textContent()).toBe("unknown");
    expect(await page.locator('[data-fact="net_amount"] dd').textContent()).toMatch(/KWD/);

    await page.goto(`${server.url}/?from=${day(14)}&to=${day(1)}`);
    // A total of all rows would mislead above the filtered rows.
    await page.getByLabel("Find a tag").fill("nor");
    await page.getByText("1 of 2 rows contains").waitFor();
    expect(await page.locator(".campaigns .total").count()).toBe(0);
    await page.getByRole("button", { name: "Filter by it" }).click();
    const { total } = await report<Campaigns>(server, `campaigns?from=${day(14)}&to=${day(1)}&banner_tag_contains=nor`);
    const visits = page.locator('.campaigns .total [data-column="visits"] data');
    await expect.poll(() => visits.getAttribute("value"), soon).toBe(String(total.visits));
  });

  test("a day that is not over is not compared, and a period without earlier data shows no comparison", async () => {
    const page = await signedIn(`/?from=${day(13)}&to=${TODAY}`);
    const note = page.locator(".headline .comparison");
    await page.locator('[data-figure="visits"] .delta').waitFor();
    expect(await note.textContent()).toMatch(/without today/);
    const { total } = await report<Campaigns>(
      server,
      `campaigns?from=${day(13)}&to=${TODAY}&compare=previous&compare_until=${day(1)}`,
    );
    // The browser and Node format with different spaces.
    const plain = (text: string | null) => text?.replace(/\s/g, " ");
    expect(plain(await page.locator('[data-figure="visits"] .delta').getAttribute("title"))).toBe(
      plain(`${total.previous?.visits} in ${periodText({ from: day(27), to: day(15) })}`),
    );
    expect(await page.locator(".trend .legend li").count()).toBe(2);

    await page.goto(`${server.url}/?from=${day(39)}&to=${day(1)}`);
    await page.locator('[data-figure="visits"] data').waitFor();
    expect(await note.textContent()).toMatch(/No earlier data/);
    expect(await page.locator(".trend .legend li").count(), "nor does the chart").toBe(1);
    await page.locator('.campaigns [data-row] [data-column="visits"]').first().waitFor();
    expect(await page.locator(".delta").count()).toBe(0);
  });

  test("an anomaly is described in words, and shown in a chart of the surrounding days with their expected range", async () => {
    type Anomalies = {
      rows: {
        event_date: string;
        banner_tag: string | null;
        measure: string;
        kind: string;
        expected_low: number;
        expected_high: number;
      }[];
    };
    const page = await signedIn(`/?view=anomalies&${DAYS}`);
    const { rows } = await report<Anomalies>(server, `anomalies?${DAYS}`);
    const silence = rows.find(
      ({ banner_tag, measure, kind }) => banner_tag === "north" && measure === "visit" && kind === "silence",
    );
    if (!silence) throw new Error("the silence is not told");
    expect(silence.event_date).toBe(SILENT);
    const row = page.locator(`[data-row="${SILENT}|visit|north"]`);
    await row.waitFor();
    expect(await page.locator(".anomalies [data-row]").count()).toBe(rows.length);
    const { expected_low, expected_high } = silence;
    expect(await row.locator('[data-column="observed"]').textContent()).toBe(
      `High No visits, expected ${expected_low} to ${expected_high}`,
    );

    await row.getByRole("button", { name: "north" }).click();
    const dialog = page.getByRole("dialog", { name: "north: Visits" });
    await dialog.getByRole("button", { name: "Show as table" }).click();
    await dialog.locator("tbody tr").nth(27).waitFor();
    const days = await dialog
      .locator("tbody tr")
      .evaluateAll((found) =>
        found.map((one) => [...one.querySelectorAll("td")].map(({ textContent }) => Number(textContent))),
      );
    // Three weeks and six days before it, and two after it up to the last one that is over, or today.
    expect(days[27]).toEqual([expected_low, expected_high, 0]);
    expect(days[26]).toEqual([expect.any(Number), expect.any(Number), 25]);
    // Today is the last day: it has a course, and no range to be outside of.
    const last = dialog.locator("tbody tr").last().locator("td");
    expect((await last.allTextContents()).slice(0, 2)).toEqual(["–", "–"]);
    await dialog.getByText("Today has no range until").waitFor();
    await page.goBack();
    expect(await dialog.count()).toBe(0);

    await row.getByRole("button", { name: "north" }).click();
    await dialog.getByRole("link", { name: "Campaign on that day" }).click();
    await page.getByRole("heading", { name: "north" }).waitFor();
    expect(Object.fromEntries(search(page))).toMatchObject({ view: "campaigns", from: SILENT, to: SILENT });
  });

  test("traffic quality shows what bots sent, how they were recognised, and what people sent", async () => {
    const page = await signedIn(`/?view=quality&${DAYS}`);
    await page.locator('[data-fact="total"] data').waitFor();
    const { events, total, by_reason } = await report<Bots>(server, `bots?${DAYS}`);
    expect(total).toBe(3);
    expect(await fact(page, "total")).toBe(String(total));
    expect(await fact(page, "people")).toBe(String(events - total));
    for (const { reason, total } of by_reason) expect(await cell(page, reason, "total")).toBe(String(total));

    const from = page.locator(".bots-by-value");
    await from.scrollIntoViewIfNeeded();
    const { by_value = [] } = await report<Bots>(server, `bots?by=banner_tag&${DAYS}`);
    expect(by_value).toEqual([{ value: null, events: 3, total: 3 }]);
    await from.locator('[data-row=""] [data-column="total"] data').waitFor();
    expect(await from.locator('[data-row=""] th').textContent()).toBe("(no tag)");
    expect(await from.locator('[data-row=""] [data-column="share"]').textContent()).toBe("100.0%");
    await from.getByRole("button", { name: "Country" }).click();
    await expect.poll(() => from.locator('[data-row=""] th').textContent(), soon).toBe("unknown");

    await page.getByRole("button", { name: "Show as table" }).click();
    const drawn = page.getByRole("region", { name: /events came from bots/ });
    const people = await drawn.locator("tbody tr td:nth-of-type(1)").allTextContents();
    expect(people.reduce((all, one) => all + Number(one), 0)).toBe(events - total);
  });
});
