/** Every figure of every view equals the API's, for two months of data that are hard to count and to show. */
import { buffer } from "node:stream/consumers";
import type { Browser, Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dateText, duration, exactMoney, periodText, rate } from "../../dashboard/format.ts";
import type { ProjectionView } from "../../worker/admin/projections.ts";
import { addDays, daysBetween } from "../../worker/calendar.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { formatMoney } from "../../worker/money.ts";
import type { Bots } from "../../worker/reports/bots.ts";
import type { CampaignRow, Campaigns } from "../../worker/reports/campaigns.ts";
import type { Funnel, FunnelStep } from "../../worker/reports/funnel.ts";
import type { Metrics } from "../../worker/reports/metrics.ts";
import type { PlayerRow } from "../../worker/reports/players.ts";
import type { Traffic, TrafficRow } from "../../worker/reports/traffic.ts";
import { END, FROM, PROJECTS } from "../golden/projects.ts";
import { goldenRates } from "../golden/rates.ts";
import { goldenEvents } from "../golden/traffic.ts";
import { report, type Server } from "../server.ts";
import { unzipped } from "../unzipped.ts";
import { browserPath, signIn } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const PROJECT = "golden-utc";
const date = (at: number) => new Date(at).toISOString().slice(0, 10);
const PERIOD = { from: date(FROM), to: addDays(date(END), -1) };
/** The last days, which have as many on the same weekdays before them. */
const LAST = { from: addDays(PERIOD.from, 35), to: PERIOD.to };

/** A tag of the golden events as the import stores it: outer blanks are removed; `__proto__`, a macro and `null` are no tags. */
const HOSTILE = [
  "=SUM(A1)",
  "sommer 😀",
  "עברית \u202eabc",
  "spaced",
  "cafe\u0301",
  '"quoted", with comma',
  "100%",
  "日本語/キャンペーン",
  "x".repeat(128),
];

const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148";
const AGENTS: Record<string, string> = {
  mobile: PHONE,
  tablet: PHONE.replaceAll("iPhone", "iPad"),
  desktop: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
  crawler: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  headless: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0",
  project_rule: "Mozilla/5.0 golden-rule",
};

let server: Server;
let browser: Browser;
const complaints: string[] = [];

/** An event as a line of an import. An import has no network number, so bots of data centres are given a bot's user agent. */
function wireOf(event: StoredEvent): Record<string, unknown> {
  const { amount, data, test, bot, device, event_date: _, event_hour: __, received_at: ___, ...same } = event;
  const { browser: ____, os: _____, ...kept } = same;
  return {
    ...kept,
    amount: amount === null ? null : formatMoney(BigInt(amount)),
    data: data === null ? null : JSON.parse(data),
    test: test === 1,
    user_agent: bot === "data_centre" ? AGENTS.crawler : AGENTS[bot ?? device ?? ""],
  };
}

async function post(path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${server.url}/api/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

type Asked = Record<string, string | readonly string[]>;

function queryOf(asked: Asked): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...PERIOD, ...asked, project_id: PROJECT }))
    for (const one of typeof value === "string" ? [value] : value) query.append(name, one);
  return String(query);
}
const answerOf = <Body>(path: string, asked: Asked = {}) => report<Body>(server, `${path}?${queryOf(asked)}`);

async function signedIn(): Promise<Page> {
  // So high that panels that load when they come into view load at once.
  const page = await signIn(browser, server, { viewport: { width: 1600, height: 4_000 } });
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  return page;
}

/** Waits until the view has all its answers. */
async function settled(page: Page): Promise<void> {
  await page.locator("#content .panel").first().waitFor();
  await page.waitForFunction(
    () => !document.querySelector("#content .bone, #content .stale, #content .later, #content [aria-busy='true']"),
  );
}

async function open(page: Page, view: string, asked: Asked = {}): Promise<void> {
  await page.goto(`${server.url}/?${queryOf({ view, ...asked })}`);
  await settled(page);
}

/** Cells by row and column: the values of `data` elements, or else the text. The total is the row TOTAL. */
type Cells = Record<string, string>;
type Shown = Map<string, Cells>;
const TOTAL = "\u001ftotal";

async function tableIn(page: Page, panel: string): Promise<Shown> {
  const more = page.locator(`.panel.${panel}`).getByRole("button", { name: /^Show all \d+ rows/ });
  if ((await more.count()) > 0) await more.click();
  const rows = await page
    .locator(`.panel.${panel} .data-table tbody tr`)
    .evaluateAll(
      (rows, total) =>
        rows.map((row): [string, [string, string][]] => [
          row.getAttribute("data-row") ?? total,
          [...row.querySelectorAll("[data-column]")].map((cell) => [
            cell.getAttribute("data-column") ?? "",
            cell.querySelector("data")?.getAttribute("value") ??
              cell.querySelector("time")?.getAttribute("datetime") ??
              (cell.querySelector(".cell-figure") ?? cell).textContent ??
              "",
          ]),
        ]),
      TOTAL,
    );
  const shown = new Map(rows.map(([key, cells]) => [key, Object.fromEntries(cells)]));
  expect(shown.size, "each row has a key of its own").toBe(rows.length);
  return shown;
}

/** The facts at the head of a panel. */
const factsIn = async (page: Page, panel: string): Promise<Cells> =>
  Object.fromEntries(
    await page
      .locator(`.panel.${panel} [data-fact]`)
      .evaluateAll((facts) =>
        facts.map((fact) => [
          fact.getAttribute("data-fact") ?? "",
          fact.querySelector("data")?.getAttribute("value") ??
            fact.querySelector("time")?.getAttribute("datetime") ??
            fact.querySelector("dd")?.textContent ??
            "",
        ]),
      ),
  );

type Value = string | number | null;
const plain = (value: Value): string => (value === null ? "–" : String(value));
const cells = <Row extends object>(row: Row, names: readonly (keyof Row & string)[]): Cells =>
  Object.fromEntries(names.map((name) => [name, plain(row[name] as Value)]));

/** The file of a panel, which begins with a byte order mark for Excel, and the API's file. */
async function expectFile(page: Page, panel: string, path: string, asked: Asked = {}): Promise<void> {
  const href = await page.locator(`.panel.${panel} a[download]`).first().getAttribute("href");
  const offered = await page.request.get(new URL(href ?? "", server.url).href);
  const query = queryOf({ ...asked, format: "csv" });
  const headers = { authorization: `Bearer ${server.token}` };
  const file = await fetch(`${server.url}/api/v1/${path}?${query}`, { headers });
  expect(file.status).toBe(200);
  expect(await offered.text()).toBe(`\uFEFF${await file.text()}`);
}

/** CSV without line breaks in its cells. */
const cellsOf = (csv: string): string[][] =>
  csv
    .split("\r\n")
    .filter(Boolean)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(([, quoted, bare = ""]) =>
        quoted === undefined ? bare : quoted.replaceAll('""', '"'),
      ),
    );

/** The file of a table is the table: its rows in their order, and each figure in its column, of one currency. */
async function expectSheet(page: Page, panel: string): Promise<void> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.locator(`.panel.${panel}`).getByRole("button", { name: "Download CSV" }).click(),
  ]);
  const csv = (await buffer(await file.createReadStream())).toString("utf8");
  expect(csv.at(0), "a mark for Excel").toBe("\uFEFF");
  const [head = [], ...lines] = cellsOf(csv.slice(1));
  expect(new Set(head).size).toBe(head.length);
  const table = page.locator(`.panel.${panel} .data-table`);
  const titles = await table
    .locator("thead th button")
    .evaluateAll((all) => all.map((one) => one.textContent.replace(/[↑↓]/, "")));
  /** Undefined where it is no figure; null where it is not known. */
  const rows = await table.locator("tbody tr[data-row]").evaluateAll((rows) =>
    rows.map((row) =>
      [...row.children].map((cell) => {
        const figure = cell.querySelector("data");
        if (!figure) return undefined;
        return figure.textContent === "unknown" && !cell.querySelector(".sum") ? null : figure.getAttribute("value");
      }),
    ),
  );
  expect(lines.length).toBe(rows.length);
  let compared = 0;
  for (const [index, row] of rows.entries())
    for (const [column, figure] of row.entries()) {
      if (figure === undefined) continue;
      const own = lines[index]?.filter((_, at) => {
        const name = head[at] ?? "";
        return name === titles[column] || name.startsWith(`${titles[column]} (`);
      });
      expect(own?.filter(Boolean), `${titles[column]} of row ${index}`).toEqual(figure === null ? [] : [figure]);
      compared += 1;
    }
  expect(compared).toBeGreaterThan(rows.length);
}

const CAMPAIGN_FIGURES = [
  "visits",
  "unique_players",
  "registrations",
  "first_deposits",
  "deposits",
  "amount",
  "depositors",
  "new_depositors",
  "returning_depositors",
  "deposit_per_visit",
  "deposit_per_first_deposit",
  "refunded",
  "withdrawn",
  "net_amount",
] as const;
const CAMPAIGN_RATES = ["visit_to_registration", "registration_to_first_deposit"] as const;
const CAMPAIGN_COLUMNS = [...CAMPAIGN_FIGURES, ...CAMPAIGN_RATES];
const SHOWN_COLUMNS = [...CAMPAIGN_COLUMNS, "last_event_at"];
/** The page of a campaign has these as cards, the others as facts. */
const ON_CARDS = ["visits", "registrations", "first_deposits", "deposits"] as const;
const campaignCells = (row: Omit<CampaignRow, "banner_tag">): Cells => ({
  ...cells(row, [...CAMPAIGN_FIGURES, "last_event_at"]),
  ...Object.fromEntries(CAMPAIGN_RATES.map((name) => [name, rate(row[name])])),
});
/** Whether part of an amount has no exchange rate: its change is then not shown. */
const isUnknown = (row: Omit<CampaignRow, "banner_tag" | "previous" | "last_event_at">, name: string): boolean =>
  (/^(?:amount|deposit_per_|net_)/.test(name) && Object.keys(row.unconverted).length > 0) ||
  (/^(?:refunded|net_)/.test(name) && Object.keys(row.refunded_unconverted).length > 0) ||
  (/^(?:withdrawn|net_)/.test(name) && Object.keys(row.withdrawn_unconverted).length > 0);
const campaignTable = ({ rows, total }: Campaigns): Shown =>
  new Map([[TOTAL, campaignCells(total)], ...rows.map((row) => [row.banner_tag ?? "", campaignCells(row)] as const)]);

describe.skipIf(!browserPath)("the golden data on the dashboard", () => {
  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    for (const { people: _, ...settings } of PROJECTS.filter(({ project_id }) => project_id === PROJECT))
      await post("projects", { ...settings, bot_rules: { user_agents: ["golden-rule"] } });
    await post("exchange-rates", { rates: goldenRates() });
    const events = goldenEvents().filter(({ project_id }) => project_id === PROJECT);
    for (let from = 0; from < events.length; from += 500) {
      const batch = events.slice(from, from + 500).map(wireOf);
      expect(await post("import", { events: batch })).toMatchObject({ accepted: batch.length, rejected: 0 });
    }
    const known = new Set(events.map(({ event_id }) => event_id)).size;
    await vi.waitFor(
      async () => {
        // A request for a report brings the figures or the tables forward: without one, the last few events wait.
        for (const asked of ["metrics", "players"]) await report(server, `${asked}?project_id=${PROJECT}`);
        const { rows } = await report<{ rows: ProjectionView[] }>(server, "projections");
        // The archive waits for the end of its interval, and there is no target for postbacks.
        const asked = rows.filter(({ name }) => !/^(?:archive|postbacks)/.test(name));
        expect(Math.max(...asked.map(({ lag_events }) => lag_events))).toBe(0);
        expect(Math.min(...asked.map(({ cursor }) => cursor))).toBeGreaterThanOrEqual(known);
      },
      { timeout: 200_000, interval: 500 },
    );
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  test("campaigns: each figure of each tag, and its file", async () => {
    const page = await signedIn();
    await open(page, "campaigns", { columns: SHOWN_COLUMNS });
    const answer = await answerOf<Campaigns>("campaigns");
    expect(answer.rows.length).toBeGreaterThan(25);
    expect(await tableIn(page, "campaigns")).toEqual(campaignTable(answer));
    await expectSheet(page, "campaigns");
  });

  test("campaigns: each figure says what it was in the period before", async () => {
    const page = await signedIn();
    for (const compare of ["previous", "weekday"]) {
      await open(page, "campaigns", { ...LAST, compare, columns: CAMPAIGN_COLUMNS });
      const { rows, currency, previous_period } = await answerOf<Campaigns>("campaigns", { ...LAST, compare });
      const before = previous_period ? ` in ${periodText(previous_period)}` : "none";
      // The browser and Node format with different spaces.
      const line = (...parts: (string | null | undefined)[]) => parts.join("|").replace(/\s/g, " ");
      const told = await page.locator(".panel.campaigns [data-row] .delta").evaluateAll((deltas) =>
        deltas.map((delta) => {
          const cell = delta.closest("[data-column]");
          const row = cell?.closest("[data-row]")?.getAttribute("data-row");
          return [row, cell?.getAttribute("data-column"), delta.getAttribute("title")] as const;
        }),
      );
      const expected = rows.flatMap(({ banner_tag, previous, ...now }) =>
        CAMPAIGN_COLUMNS.flatMap((name) => {
          const [is, was] = [now[name], previous?.[name] ?? null];
          if ([now, previous].some((figures) => figures && isUnknown(figures, name))) return [];
          if (is === null || was === null) return [];
          const share = (CAMPAIGN_RATES as readonly string[]).includes(name);
          if (!share && Number(is) === 0 && Number(was) === 0) return [];
          const then =
            typeof was === "string" ? exactMoney(was, currency) : share ? rate(was) : was.toLocaleString("en-US");
          return [line(banner_tag ?? "", name, `${then}${before}`)];
        }),
      );
      expect(expected.length).toBeGreaterThan(100);
      expect(told.map((parts) => line(...parts)).sort()).toEqual(expected.sort());
    }
  });

  test("a campaign: a hostile tag's row leads to its page, with its figures, and so does the address", async () => {
    const page = await signedIn();
    await open(page, "campaigns");
    for (const tag of HOSTILE) {
      const { total } = await answerOf<Campaigns>("campaigns", { banner_tag: tag });
      expect(total.visits, tag).toBeGreaterThan(0);
      const counted = CAMPAIGN_FIGURES.filter((name) => !(ON_CARDS as readonly string[]).includes(name));
      await page.locator(`.campaigns [data-row=${JSON.stringify(tag)}] th button.link`).click();
      for (const again of [false, true]) {
        if (again) await page.reload();
        await page.locator(".panel.campaign").waitFor();
        await settled(page);
        expect(await page.locator(".panel.campaign h2").textContent()).toBe(tag);
        expect(await factsIn(page, "campaign"), tag).toEqual(cells(total, [...counted, "last_event_at"]));
        for (const card of ON_CARDS)
          expect(await page.locator(`[data-figure="${card}"] data`).first().getAttribute("value")).toBe(
            String(total[card]),
          );
      }
      expect(new URL(page.url()).searchParams.getAll("banner_tag")).toEqual([tag]);
      await page.getByRole("link", { name: "All campaigns" }).click();
      await page.locator(".panel.campaigns").waitFor();
      await settled(page);
    }
  });

  test("overview: a press on a tag filters the whole page", async () => {
    const page = await signedIn();
    for (const tag of ["=SUM(A1)", "spaced"]) {
      await open(page, "overview", { columns: SHOWN_COLUMNS });
      await page.locator(`.campaigns [data-row=${JSON.stringify(tag)}] th button.link`).click();
      await page.getByRole("button", { name: /Remove the filter/ }).waitFor();
      await settled(page);
      const answer = await answerOf<Campaigns>("campaigns", { banner_tag: tag });
      expect(await tableIn(page, "campaigns")).toEqual(campaignTable(answer));
      expect(await page.locator('[data-figure="visits"] data').first().getAttribute("value")).toBe(
        String(answer.total.visits),
      );
      const { steps } = await answerOf<Funnel>("funnel", { banner_tag: tag });
      for (const { event_type, players } of steps)
        expect(await page.locator(`[data-step="${event_type}"] data`).getAttribute("value")).toBe(String(players));
    }
  });

  test("overview: what each country, device and app brought", async () => {
    const page = await signedIn();
    const { total } = await answerOf<Campaigns>("campaigns");
    const names = ["visits", "registrations", "visit_to_registration", "deposits"] as const;
    for (const group_by of ["country", "device", "app_id"] as const) {
      await open(page, "overview", { group_by });
      const { rows } = await answerOf<Metrics>("metrics", { group_by });
      const brought = new Map(
        [...Map.groupBy(rows, (row) => row[group_by] ?? "")]
          .map(([key, own]) => {
            const sum = (type: string, measure: "total" | "count") =>
              own.reduce((all, row) => all + (row.event_type === type ? row[measure] : 0), 0);
            const [visits, registrations] = [sum("visit", "total"), sum("registration", "count")];
            const visit_to_registration = rate(visits > 0 ? registrations / visits : null);
            return [key, { visits, registrations, visit_to_registration, deposits: sum("deposit", "total") }] as const;
          })
          .filter(([, { visits, registrations, deposits }]) => visits + registrations + deposits > 0)
          .map(([key, figures]) => [key, cells(figures, names)] as const),
      );
      expect(brought.size).toBeGreaterThan(group_by === "app_id" ? 0 : 2);
      const all = cells({ ...total, visit_to_registration: rate(total.visit_to_registration) }, names);
      expect(await tableIn(page, "breakdown")).toEqual(new Map([[TOTAL, all], ...brought]));
      await expectSheet(page, "breakdown");
    }
  });

  test("overview: what happened on each day", async () => {
    const page = await signedIn();
    for (const measure of ["total", "count"] as const) {
      await open(page, "overview", { measure, compare: "none" });
      await page.locator(".trend").getByRole("button", { name: "Show as table" }).click();
      const shown = await page.locator(".trend .chart-table tbody td:nth-child(2)").allTextContents();
      const { rows } = await answerOf<Metrics>("metrics", { event_type: "visit" });
      const ofDay = new Map(rows.map((row) => [row.event_date, row[measure]]));
      const days = Array.from({ length: 60 }, (_, day) => ofDay.get(addDays(PERIOD.from, day)) ?? 0);
      expect(shown, measure).toEqual(days.map(String));
    }
  });

  test("overview: NGR by the project's share, as a card that shows its course by day", async () => {
    const share = (ngr_deduction_percent: number | null) =>
      fetch(`${server.url}/api/v1/projects/${PROJECT}`, {
        method: "PATCH",
        headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
        body: JSON.stringify({ ngr_deduction_percent }),
      });
    const page = await signedIn();
    await open(page, "overview");
    expect(await page.locator('[data-figure="ngr"]').count()).toBe(0);
    expect((await share(17.25)).status).toBe(200);
    const week = { from: addDays(PERIOD.from, 28), to: addDays(PERIOD.from, 34), currency: "USD" };
    const ngrOf = async (from: string, to: string) =>
      Number((await answerOf<Campaigns>("campaigns", { from, to, currency: "USD" })).total.ngr);
    // The settings may be cached for some seconds.
    await vi.waitFor(async () => expect(await ngrOf(week.from, week.to)).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 500,
    });
    await open(page, "overview", week);
    const card = page.getByRole("button", { name: /^NGR/ });
    expect(Number(await card.locator("data").first().getAttribute("value"))).toBe(await ngrOf(week.from, week.to));
    expect(await page.locator(".cards > *").count()).toBe(5);
    await card.click();
    await settled(page);
    await page.locator(".trend").getByRole("button", { name: "Show as table" }).click();
    const shown = await page.locator(".trend .chart-table tbody td:nth-child(2)").allTextContents();
    const days = await Promise.all(
      Array.from({ length: 7 }, (_, day) => addDays(week.from, day)).map((date) => ngrOf(date, date)),
    );
    expect(new Set(days).size).toBeGreaterThan(5);
    // A day's is made of three amounts, each rounded to four places.
    expect(shown).toHaveLength(7);
    for (const [day, ngr] of days.entries()) {
      const [is, ...more] = shown[day]?.match(/^(-?)\$([\d.]+)$/)?.slice(1) ?? [];
      expect(Math.abs(Number(`${is}${more[0]}`) - ngr), shown[day]).toBeLessThan(0.0003);
    }
    await share(null);
  });

  test("all amounts in USD, in every view that is opened then", async () => {
    const page = await signedIn();
    await open(page, "campaigns");
    await page.locator(".header-end .menu > button").click();
    await page.getByRole("group", { name: "Currency" }).getByRole("button", { name: "USD" }).click();
    await page.waitForURL(/currency=USD/);
    await settled(page);
    const asked = { currency: "USD" };
    const { total } = await answerOf<Campaigns>("campaigns", asked);
    expect(total.amount).not.toBe((await answerOf<Campaigns>("campaigns")).total.amount);
    const totals = async (panel: string, names: readonly string[]) => {
      const shown = (await tableIn(page, panel)).get(TOTAL) ?? {};
      return Object.fromEntries(names.map((name) => [name, shown[name]]));
    };
    expect(await totals("campaigns", ["amount"])).toEqual({ amount: total.amount });
    const view = async (name: string) => {
      await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { name, level: 1, includeHidden: true }).waitFor();
      await settled(page);
      expect(new URL(page.url()).searchParams.get("currency"), name).toBe("USD");
    };
    await view("Traffic sources");
    const traffic = await answerOf<Traffic>("traffic", { by: "country", ...asked });
    expect(await totals("traffic", ["amount"])).toEqual({ amount: traffic.total.amount });
    await view("Cohorts");
    const cohorts = await answerOf<{ total: { revenue_usd: string } }>("cohorts");
    expect(await totals("cohorts", ["revenue"])).toEqual({ revenue: cohorts.total.revenue_usd });
    await view("Revenue");
    const revenue = await answerOf<{ total: { total_usd: string; net_usd: string } }>("revenue");
    expect(await factsIn(page, "revenue")).toMatchObject({
      amount: revenue.total.total_usd,
      net_amount: revenue.total.net_usd,
    });
    await view("Overview");
    expect(await page.locator('[data-figure="amount"] data').first().getAttribute("value")).toBe(total.amount);
  });

  test("overview: all tables of the period as one file", async () => {
    const page = await signedIn();
    await open(page, "overview");
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download all tables (ZIP)" }).click(),
    ]);
    const files = unzipped(await buffer(await file.createReadStream()));
    expect([...files.keys()]).toEqual(
      [
        "campaigns",
        "funnel by tag",
        ...["country", "device", "app"],
        ...["referrer", "landing page"].map((field) => `traffic sources by ${field}`),
        ...["day", "app", "platform", "currency", "tag"].map((group) => `revenue by ${group}`),
        "cohorts",
        "lifetime value",
      ].map((name) => `${name}.csv`),
    );
    const { rows } = await answerOf<Campaigns>("campaigns");
    const [head = [], ...lines] = cellsOf(files.get("campaigns.csv") ?? "");
    const visits = head.indexOf("Visits");
    expect(lines.map((line) => line[visits]).sort()).toEqual(rows.map((row) => String(row.visits)).sort());
    const sources = await answerOf<Traffic>("traffic", { by: "landing_page" });
    expect(sources.rows.length).toBeGreaterThan(1);
    const [titles = [], ...pages] = cellsOf(files.get("traffic sources by landing page.csv") ?? "");
    const columns = [0, titles.indexOf("Visits"), titles.indexOf("Registrations")];
    expect(pages.map((line) => columns.map((column) => line[column])).sort()).toEqual(
      sources.rows
        .map(({ value, visits, registrations }) => [value ?? "unknown", String(visits), String(registrations)])
        .sort(),
    );
    const foreign = new Set(rows.flatMap(({ unconverted }) => Object.keys(unconverted)));
    expect(foreign.size).toBeGreaterThan(0);
    for (const code of foreign) {
      const column = head.indexOf(`Deposit amount, without an exchange rate (${code})`);
      const amounts = rows.flatMap(({ unconverted }) => unconverted[code] ?? []);
      expect(lines.flatMap((line) => line[column] || []).sort(), code).toEqual(amounts.sort());
    }
  });

  test("traffic sources: what each sub-id and country brought, and its file", async () => {
    const page = await signedIn();
    const names = [
      "visits",
      "visitors",
      "registrations",
      "first_deposits",
      "deposits",
      "amount",
      "deposit_per_visit",
    ] as const;
    const rates = ["visit_to_registration", "registration_to_first_deposit"] as const;
    const shown = (row: Omit<TrafficRow, "value">): Cells => ({
      ...cells(row, names),
      ...Object.fromEntries(rates.map((name) => [name, rate(row[name])])),
    });
    for (const by of ["s1", "country"]) {
      await open(page, "traffic", { group_by: by, columns: [...names, ...rates] });
      const { rows, total } = await answerOf<Traffic>("traffic", { by });
      expect(rows.length).toBeGreaterThan(5);
      expect(await tableIn(page, "traffic")).toEqual(
        new Map([[TOTAL, shown(total)], ...rows.map((row) => [row.value ?? "", shown(row)] as const)]),
      );
      await expectSheet(page, "traffic");
    }
    // Another key of data, by its name; those of the latest visits are offered.
    await page.getByRole("option", { name: "creative" }).waitFor({ state: "attached" });
    await page.getByLabel("Key of data").fill("creative");
    await page.keyboard.press("Enter");
    await page.waitForURL(/group_by=data\.creative/);
    await page.locator('.traffic [data-row="true"]').waitFor();
    // A press on a row of a field filters everything by it.
    await open(page, "traffic", { group_by: "country" });
    await page.locator('.traffic [data-row="MT"] th button').click();
    await page.waitForURL(/country=MT/);
    await settled(page);
    const { rows } = await answerOf<Traffic>("traffic", { by: "country", country: "MT" });
    expect(rows.map(({ value }) => value)).toEqual(["MT"]);
    expect(Object.keys(Object.fromEntries(await tableIn(page, "traffic")))).toEqual([TOTAL, "MT"]);
  });

  test("funnel: its steps and those of each tag, by either date", async () => {
    const page = await signedIn();
    const names = ["visit", "registration", "first_deposit", "repeat_deposit"];
    const columns = names.flatMap((name, index) => (index === 0 ? [name] : [name, `${name}_rate`, `${name}_after`]));
    const stepCells = (steps: readonly FunnelStep[]): Cells =>
      Object.fromEntries(
        steps.flatMap(({ event_type, players, rate_from_previous, median_seconds_from_previous }, index) => [
          [event_type, String(players)],
          ...(index === 0
            ? []
            : [
                [`${event_type}_rate`, rate(rate_from_previous)],
                [`${event_type}_after`, duration(median_seconds_from_previous)],
              ]),
        ]),
      );
    for (const by of ["visit_date", "event_date"]) {
      await open(page, "funnel", { by, columns });
      const answer = await answerOf<Funnel>("funnel", { by, group_by: "banner_tag" });
      const { steps, groups = [] } = answer;
      expect(groups.length).toBeGreaterThan(25);
      for (const { event_type, players } of steps)
        expect(await page.locator(`[data-step="${event_type}"] data`).getAttribute("value")).toBe(String(players));
      const expected = groups.map((group) => [group.banner_tag ?? "", stepCells(group.steps)] as const);
      expect(await tableIn(page, "funnel-tags")).toEqual(new Map([[TOTAL, stepCells(steps)], ...expected]));
      await expectSheet(page, "funnel-tags");
    }
  });

  test("cohorts: who came back and what they paid, together and by tag; and lifetime value", async () => {
    type Row = {
      cohort: string;
      banner_tag?: string | null;
      players: number;
      paying_users: number;
      converted: Record<"revenue" | "net_amount" | "revenue_per_player", string | null>;
      retention: { day: number; rate: number | null }[];
    };
    const cohortCells = (row: Omit<Row, "cohort">): Cells => ({
      ...cells(row, ["players", "paying_users"]),
      ...cells(row.converted, ["revenue", "revenue_per_player", "net_amount"]),
      ...Object.fromEntries(row.retention.map(({ day, rate }) => [`day_${day}_rate`, plain(rate ?? "–")])),
    });
    const page = await signedIn();
    for (const asked of [{}, { group_by: "banner_tag" }, { interval: "day" }] as Asked[]) {
      await open(page, "cohorts", asked);
      const question = { interval: "week", currency: "project", ...asked };
      const { rows, total } = await answerOf<{ rows: Row[]; total: Omit<Row, "cohort"> }>("cohorts", question);
      const keyOf = ({ cohort, banner_tag }: Row) => (asked.group_by ? `${cohort} ${banner_tag ?? ""}` : cohort);
      const shown = await tableIn(page, "cohorts");
      const heading = asked.group_by ? { cohort: expect.any(String) } : {};
      expect(shown).toEqual(
        new Map([
          [TOTAL, { ...cohortCells(total), ...heading }],
          ...rows.map((row) => [keyOf(row), { ...cohortCells(row), ...heading }] as const),
        ]),
      );
      await expectSheet(page, "cohorts");
    }
    // Each cohort is compared with an earlier one at the same age: here as many days earlier.
    await open(page, "cohorts", { ...LAST, compare: "weekday", interval: "day" });
    const { previous_period } = await answerOf<Campaigns>("campaigns", { ...LAST, compare: "weekday" });
    const earlier = { interval: "day", ...previous_period };
    const shift = daysBetween(previous_period?.from ?? "", LAST.from) - 1;
    const before = await answerOf<{ rows: Row[] }>("cohorts", earlier);
    const now = await answerOf<{ rows: Row[] }>("cohorts", { interval: "day", ...LAST });
    const ofCohort = new Map(before.rows.map((row) => [addDays(row.cohort, shift), row]));
    const expected = now.rows.flatMap((row) =>
      row.retention.flatMap(({ rate: is }, index) => {
        const was = ofCohort.get(row.cohort)?.retention[index];
        return is === null || was == null || was.rate === null
          ? []
          : [[row.cohort, `day_${was.day}_rate`, rate(was.rate)]];
      }),
    );
    expect(expected.length).toBeGreaterThan(50);
    const told = await page
      .locator('.panel.cohorts [data-row] [data-column^="day_"] .delta')
      .evaluateAll((deltas) =>
        deltas.map((delta) => [
          delta.closest("[data-row]")?.getAttribute("data-row"),
          delta.closest("[data-column]")?.getAttribute("data-column"),
          delta.getAttribute("title")?.split(" ")[0],
        ]),
      );
    expect(told).toEqual(expected);

    await open(page, "cohorts");
    const amounts = ["spend", "average_spend", "withdrawn", "net_amount"] as const;
    const names = ["players", "payers", ...amounts] as const;
    type Converted = Record<(typeof amounts)[number], string | null>;
    type Segment = { segment: string; players: number; payers: number; converted: Converted };
    const headers = { authorization: `Bearer ${server.token}` };
    const ltv = await fetch(`${server.url}/api/v1/ltv?project_id=${PROJECT}&currency=project`, { headers });
    const { segments, total } = (await ltv.json()) as { segments: Segment[]; total: Segment };
    expect(await tableIn(page, "ltv")).toEqual(
      new Map([
        [TOTAL, cells({ ...total, ...total.converted }, names)],
        ...segments.map((row) => [row.segment, cells({ ...row, ...row.converted }, names)] as const),
      ]),
    );
  });

  test("revenue: by day, and by each dimension", async () => {
    type Amounts = Record<"amount" | "refunded" | "withdrawn" | "net_amount", string> & { average: string | null };
    type Figures = Record<"purchases" | "deposits" | "refunds" | "withdrawals" | "paying_users", number> &
      Amounts & { total?: string };
    type Row = Figures & { event_date: string } & Partial<Record<string, string | null>>;
    const COUNTS = ["purchases", "deposits", "refunds", "withdrawals"] as const;
    const AMOUNTS = ["amount", "refunded", "withdrawn", "net_amount"] as const;
    /** The figures as on the page: amounts in the requested currency. */
    const revenueOf = async (asked: Asked = {}) => {
      type Answer = { rows: (Row & { converted: Amounts })[]; total: Figures & { converted: Amounts } };
      const { rows, total } = await answerOf<Answer>("revenue", { currency: "project", ...asked });
      return {
        rows: rows.map(({ converted, ...row }) => ({ ...row, ...(converted as Amounts) }) as Row),
        total: { ...total, ...total.converted },
      };
    };
    const page = await signedIn();
    await open(page, "revenue");
    const daily = await revenueOf();
    const names = [...COUNTS, ...AMOUNTS, "paying_users", "average"] as const;
    expect(await factsIn(page, "revenue")).toEqual(cells(daily.total, names));
    expect(await tableIn(page, "revenue-groups")).toEqual(
      new Map([
        [TOTAL, cells(daily.total, names)],
        ...daily.rows.map((row) => [row.event_date, cells(row, names)] as const),
      ]),
    );
    await expectSheet(page, "revenue-groups");

    const units = (amount: string) => {
      const [whole = "", places = ""] = amount.split(".");
      return BigInt(whole + places.padEnd(4, "0"));
    };
    /** An amount in 1/10,000 units, so that trailing zeros make no difference. */
    const amountOf = (given: string | undefined) => (given === undefined || given === "–" ? "–" : String(units(given)));
    for (const group_by of ["banner_tag", "currency", "app_id", "platform"]) {
      await open(page, "revenue", { group_by });
      const { rows, total } = await revenueOf({ group_by });
      const own = group_by === "currency" ? (["total", ...AMOUNTS] as const) : AMOUNTS;
      const expected = [...Map.groupBy(rows, (row) => row[group_by] ?? "")].map(
        ([key, days]) =>
          [
            key,
            {
              ...Object.fromEntries(
                COUNTS.map((name) => [name, String(days.reduce((all, day) => all + day[name], 0))]),
              ),
              ...Object.fromEntries(
                own.map((name) => [name, String(days.reduce((all, day) => all + units(day[name] ?? "0"), 0n))]),
              ),
            },
          ] as const,
      );
      const shown = [...(await tableIn(page, "revenue-groups"))].map(
        ([key, row]) =>
          [key, { ...row, ...Object.fromEntries(own.map((name) => [name, amountOf(row[name])])) }] as const,
      );
      const all = {
        ...cells(total, COUNTS),
        ...(group_by === "currency" && { total: "–" }),
        ...Object.fromEntries(AMOUNTS.map((name) => [name, amountOf(total[name])])),
      };
      expect(new Map(shown), group_by).toEqual(new Map([[TOTAL, all], ...expected]));
      await expectSheet(page, "revenue-groups");
    }
  });

  test("players: each of the first page, and all of them as a file", async () => {
    const figures = ["segment", "spend", "total_deposits", "total_events"] as const;
    const tags = ["first_tag", "registration_tag", "deposit_tag", "last_tag"] as const;
    const times = ["last_event_at", "first_seen", "registration_at", "deposit_at"] as const;
    const names = ["player_id", ...figures, ...tags, ...times] as const;
    const page = await signedIn();
    await open(page, "players", { columns: names });
    const { rows } = await answerOf<{ rows: (PlayerRow & { spend: string | null })[] }>("players", {
      currency: "project",
    });
    expect(rows.length).toBeGreaterThan(20);
    const shown = await tableIn(page, "players");
    shown.delete(TOTAL);
    expect(shown).toEqual(new Map(rows.map((row) => [row.player_id, cells(row, names)])));
    await expectFile(page, "players", "players", { currency: "project" });
  });

  test("anomalies: each with what it was and what was expected", async () => {
    type Row = { event_date: string; measure: string; banner_tag: string | null; kind: string; severity: string } & {
      value: number;
      expected_low: number;
      expected_high: number;
    };
    const page = await signedIn();
    await open(page, "anomalies", { columns: ["observed", "kind", "severity", "measure"] });
    const { rows } = await answerOf<{ rows: Row[] }>("anomalies");
    expect(rows.length).toBeGreaterThan(0);
    const shown = await tableIn(page, "anomalies");
    expect([...shown.keys()].sort()).toEqual(
      rows.map((row) => [row.event_date, row.measure, row.banner_tag ?? ""].join("|")).sort(),
    );
    for (const { event_date, measure, banner_tag, kind, severity, value, expected_low, expected_high } of rows) {
      const row = shown.get([event_date, measure, banner_tag ?? ""].join("|"));
      const figure = kind.startsWith("conversion") ? rate : (count: number) => count.toLocaleString("en-US");
      expect(row?.observed).toContain(value === 0 && figure !== rate ? "No " : figure(value));
      expect(row?.observed).toContain(`expected ${figure(expected_low)} to ${figure(expected_high)}`);
      expect(row?.kind?.toLowerCase()).toBe(kind.replaceAll("_", " "));
      expect(row?.severity?.toLowerCase()).toBe(severity);
    }
    await expectFile(page, "anomalies", "anomalies");
  });

  test("quality: people, bots, and the reasons why bots were recognised", async () => {
    const page = await signedIn();
    await open(page, "quality");
    const { events, total, by_reason, rows } = await answerOf<Bots>("bots");
    expect(by_reason.map(({ reason }) => reason).sort()).toEqual(["crawler", "headless", "project_rule"]);
    expect(await factsIn(page, "quality")).toEqual({
      people: String(events - total),
      total: String(total),
      share: rate(total / events),
    });
    const shown = await tableIn(page, "reasons");
    expect(new Map([...shown].map(([key, row]) => [key, row.total]))).toEqual(
      new Map([[TOTAL, String(total)], ...by_reason.map((row) => [row.reason, String(row.total)] as const)]),
    );
    await page.getByRole("button", { name: "Show as table" }).click();
    const drawn = await page
      .locator(".chart-table tbody tr")
      .evaluateAll((rows) =>
        rows.map((row) => [
          row.querySelector("th")?.textContent ?? "",
          row.querySelector("td:last-child")?.textContent,
        ]),
      );
    expect(drawn.length).toBe(60);
    const ofDay = Map.groupBy(rows, ({ event_date }) => dateText(event_date));
    const bots = [...ofDay.values()].map((own) => String(own.reduce((all, row) => all + row.total, 0)));
    expect(drawn.map(([, bots]) => bots).filter((figure) => figure !== "0")).toEqual(bots);
    await expectFile(page, "reasons", "bots");
  });

  /** Everyday tasks. A step is a press, a choice or a text; days are in the address, since the data are in the past. */
  describe("each day's questions, in six steps at most", () => {
    let steps = 0;
    const does = async (act: Promise<unknown>) => {
      steps += 1;
      await act;
    };
    const goes = (page: Page, view: string) =>
      does(page.getByRole("navigation").getByRole("link", { name: view, exact: true }).click());
    beforeEach(() => {
      steps = 0;
    });
    afterEach(() => expect(steps).toBeLessThanOrEqual(6));

    test("the funnel of mobile against that of desktop, in Germany", async () => {
      const page = await signedIn();
      await open(page, "overview");
      await goes(page, "Funnel");
      await does(page.getByRole("button", { name: "Filter", exact: true }).click());
      await does(page.getByLabel("Country").selectOption("DE"));
      await does(page.getByLabel("Device").selectOption("mobile"));
      await does(page.getByRole("button", { name: "Apply" }).click());
      await page.waitForURL(/device=mobile/);
      await settled(page);
      const shown = () =>
        page
          .locator("[data-step]")
          .evaluateAll((all) =>
            all.map((step) => [step.getAttribute("data-step"), step.querySelector("data")?.getAttribute("value")]),
          );
      const expected = async (device: string) =>
        (await answerOf<Funnel>("funnel", { country: "DE", device })).steps.map(({ event_type, players }) => [
          event_type,
          String(players),
        ]);
      const mobile = await expected("mobile");
      expect(Number(mobile[1]?.[1])).toBeGreaterThan(0);
      await expect.poll(shown).toEqual(mobile);

      // Both side by side: the funnel of each device.
      steps = 0;
      await open(page, "overview");
      await goes(page, "Traffic sources");
      await does(page.getByLabel("Group by").selectOption("device"));
      await does(page.getByRole("button", { name: "Filter", exact: true }).click());
      await does(page.getByLabel("Country").selectOption("DE"));
      await does(page.getByRole("button", { name: "Apply" }).click());
      await page.waitForURL(/country=DE/);
      await settled(page);
      const { rows } = await answerOf<Traffic>("traffic", { by: "device", country: "DE" });
      const table = await tableIn(page, "traffic");
      for (const device of ["mobile", "desktop"]) {
        const row = rows.find(({ value }) => value === device);
        expect(row?.visits).toBeGreaterThan(0);
        expect(table.get(device)).toMatchObject({
          ...cells(row as TrafficRow, ["visits", "registrations", "first_deposits", "amount"]),
          visit_to_registration: rate(row?.visit_to_registration ?? null),
        });
      }
    });

    test("a week-end against the one before", async () => {
      const saturday = addDays(PERIOD.from, 41);
      expect(new Date(saturday).getUTCDay()).toBe(6);
      const page = await signedIn();
      await open(page, "overview");
      await does(page.getByRole("button", { name: /^Period/ }).click());
      await does(page.getByLabel("From").fill(saturday));
      await does(page.getByLabel("To", { exact: true }).fill(addDays(saturday, 1)));
      await does(page.getByRole("button", { name: "Show these days" }).click());
      await does(page.getByRole("button", { name: /^Comparison/ }).click());
      await does(page.getByRole("button", { name: "vs. same weekdays before" }).click());
      await page.waitForURL(/compare=weekday/);
      await settled(page);
      const asked = { from: saturday, to: addDays(saturday, 1), compare: "weekday" };
      const { total, previous_period } = await answerOf<Campaigns>("campaigns", asked);
      expect(previous_period).toEqual({ from: addDays(saturday, -7), to: addDays(saturday, -6) });
      for (const name of ["visits", "registrations", "first_deposits"] as const) {
        const figure = page.locator(`[data-figure="${name}"]`);
        expect(await figure.locator("data").getAttribute("value")).toBe(String(total[name]));
        expect((await figure.locator(".delta").getAttribute("title"))?.split(" ")[0]).toBe(
          total.previous?.[name].toLocaleString("en-US"),
        );
      }
    });

    test("which countries bring most first deposits", async () => {
      const page = await signedIn();
      await open(page, "overview");
      await goes(page, "Traffic sources");
      await does(page.getByLabel("Group by").selectOption("country"));
      await settled(page);
      await does(page.locator(".traffic").getByRole("button", { name: "First deposits" }).click());
      await page.waitForURL(/sort=-first_deposits/);
      const { rows } = await answerOf<Traffic>("traffic", { by: "country", sort: "-first_deposits" });
      expect(rows[0]?.first_deposits).toBeGreaterThan(rows[1]?.first_deposits ?? 0);
      const shown = [...(await tableIn(page, "traffic"))].filter(([key]) => key !== TOTAL);
      expect(shown.map(([, row]) => row.first_deposits)).toEqual(rows.map((row) => String(row.first_deposits)));
      expect(shown[0]?.[0]).toBe(rows[0]?.value);
    });

    test("at which hours of the week people register", async () => {
      const page = await signedIn();
      await open(page, "overview", LAST);
      const panel = page.locator(".panel.hours");
      await panel.scrollIntoViewIfNeeded();
      await does(panel.getByRole("button", { name: "Registrations" }).click());
      await page.waitForURL(/series=registrations/);
      await settled(page);
      const shown = await panel
        .locator("tbody tr")
        .evaluateAll((rows) =>
          rows.map((row) => [...row.querySelectorAll("data")].map((cell) => Number(cell.getAttribute("value")))),
        );
      // Of the hours of each day, as they are one by one.
      const week = Array.from({ length: 7 }, () => new Array<number>(24).fill(0));
      for (let date = LAST.from; date <= LAST.to; date = addDays(date, 1)) {
        const asked = { from: date, to: date, interval: "hour", event_type: "registration" };
        const hours = week[(new Date(date).getUTCDay() + 6) % 7] as number[];
        for (const { event_hour = 0, count } of (await answerOf<Metrics>("metrics", asked)).rows)
          hours[event_hour] = (hours[event_hour] ?? 0) + count;
      }
      expect(week.flat().reduce((all, figure) => all + figure, 0)).toBeGreaterThan(100);
      expect(shown).toEqual(week);
    });

    test("a share link for one affiliate, from its campaign's page", async () => {
      const tag = "affiliate-1";
      const page = await signedIn();
      await open(page, "overview");
      await goes(page, "Campaigns");
      await does(page.locator(`.campaigns [data-row="${tag}"] th button.link`).click());
      await does(page.getByRole("link", { name: "Share", exact: true }).click());
      await does(page.getByRole("dialog").getByRole("button", { name: "Create the link" }).click());
      const link = (await page.getByRole("dialog").locator("code").first().textContent()) ?? "";
      const { total, rows } = await answerOf<Campaigns>("campaigns", { banner_tag: tag });
      expect(rows.length).toBe(1);
      const affiliate = await (await browser.newContext({ viewport: { width: 1600, height: 2_000 } })).newPage();
      const url = new URL(link);
      url.search = String(new URLSearchParams({ view: "campaigns", ...PERIOD }));
      await affiliate.goto(url.href);
      await settled(affiliate);
      const shown = await tableIn(affiliate, "campaigns");
      expect([...shown.keys()]).toEqual([TOTAL, tag]);
      expect(shown.get(TOTAL)).toMatchObject(cells(total, ["visits", "registrations", "first_deposits", "amount"]));
    });

    test("which pixel broke, since when, of which tag, and what to do", async () => {
      const broken = (btag: string, n: number) =>
        fetch(
          `${server.url}/deposit?${new URLSearchParams({ project_id: PROJECT, btag, player_id: `p${n}`, amount: "12,50", currency: "EUR" })}`,
        );
      for (const [n, tag] of ["affiliate-1", "affiliate-1", "affiliate-2"].entries())
        expect((await broken(tag, n)).status).toBe(400);
      type Log = { counts: { rejected: number; by_reason: { field: string; total: number }[] } };
      const headers = { authorization: `Bearer ${server.token}` };
      const log = async () =>
        (await (await fetch(`${server.url}/api/v1/requests?project_id=${PROJECT}`, { headers })).json()) as Log;
      await vi.waitFor(async () => expect((await log()).counts.rejected).toBe(3), { timeout: 60_000, interval: 500 });
      const page = await signedIn();
      await open(page, "overview");
      const sign = page.locator('.attention [data-sign="rejected"]');
      expect(await sign.textContent()).toMatch(
        /^3 requests were rejected since (?:yesterday, )?\d\d:\d\d: affiliate-1, affiliate-2$/,
      );
      await does(sign.getByRole("link").or(sign.locator("a")).first().click());
      await page.locator(".requests [data-row]").first().waitFor();
      await settled(page);
      const rows = await page.locator(".requests [data-row]").evaluateAll((all) =>
        all.map((row) => {
          const cell = (name: string) => row.querySelector(`[data-column="${name}"]`)?.textContent ?? "";
          return { tag: cell("tag"), hint: cell("hint") };
        }),
      );
      expect(rows.map(({ tag }) => tag).sort()).toEqual(["affiliate-1", "affiliate-1", "affiliate-2"]);
      for (const { hint } of rows) expect(hint).toMatch(/^12,50 has a comma\. Send a plain decimal with a point/);
      expect((await log()).counts.by_reason).toMatchObject([{ field: "amount", total: 3 }]);
    });
  });
});
