/** Players, events, leaderboards and kept reports: the pages show the API's figures. */
import type { Browser, Locator, Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { report, type Server } from "../server.ts";
import { browserPath, changeAnswers, signIn, signInAt } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const DAY_MS = 86_400_000;
/** Noon of yesterday, in UTC. */
const NOON = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2;
const WHALE = "whale/1?x#ä";

type Rows = { rows: Record<string, unknown>[] };

let server: Server;
let browser: Browser;

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${server.url}/api/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.ok, await answer.clone().text()).toBe(true);
  return (await answer.json()) as Record<string, unknown>;
}

/** Six players of yesterday. The whale visits, registers after a minute, deposits after another hour. */
async function sendTraffic(): Promise<void> {
  const at = NOON;
  const usd = (amount: string) => ({ amount, currency: "USD" });
  const players = ["ann", "ben", "cid", "dea", "eve", WHALE];
  const events = [
    ...players.map((player_id) => ({ event_type: "visit", player_id, banner_tag: "spring", timestamp: at })),
    ...players.map((player_id) => ({ event_type: "registration", player_id, timestamp: at + 60_000 })),
    { event_type: "deposit", player_id: WHALE, ...usd("250.5"), timestamp: at + 3_660_000 },
    { event_type: "withdrawal", player_id: WHALE, ...usd("50.25"), timestamp: at + 7_200_000 },
    { event_type: "deposit", player_id: "ann", ...usd("20"), timestamp: at + 120_000 },
    { event_type: "auth", player_id: "ann", data: { email: "ann@players.example" }, timestamp: at + 130_000 },
    { event_type: "purchase", player_id: "ben", app_id: "slots", ...usd("4.99"), timestamp: at + 140_000 },
    { event_type: "spin", player_id: "ben", app_id: "slots", data: { bet: 10 }, event_id: "the-spin", timestamp: at },
    ...players.map((player_id, index) => ({
      event_type: "player_score",
      player_id,
      app_id: "slots",
      score: 10 + index,
      timestamp: at,
    })),
    { event_type: "player_score", player_id: "ann", app_id: "slots", score: 1_234 },
    { event_type: "install", player_id: "ann", app_id: "poker" },
    { event_type: "purchase", player_id: "ann", app_id: "poker", ...usd("9.99") },
  ];
  expect(await post("events", events)).toMatchObject({ accepted: events.length, rejected: 0 });
}

const signedIn = (path: string, key = server.token) => signInAt(browser, server, path, { key });

const row = (page: Page, key: string) => page.locator(`[data-row="${key}"]`);
const cell = (page: Page, key: string, column: string) => row(page, key).locator(`[data-column="${column}"]`);
const value = (within: Locator) => within.locator("data").first().getAttribute("value");
const fact = (page: Page, name: string) => page.locator(`[data-fact="${name}"] dd`);
const rowsOn = async (page: Page) =>
  page.locator("[data-row]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-row")));
const parameter = (page: Page, name: string) => new URL(page.url()).searchParams.get(name);
/** The content behind a link to a file. */
const fileOf = async (page: Page, link: string) =>
  (
    await page.request.get((await page.getByRole("link", { name: link, exact: true }).getAttribute("href")) as string)
  ).text();

describe.skipIf(!browserPath)("the views of people and games", () => {
  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    await sendTraffic();
    await vi.waitFor(
      async () => {
        expect((await report<Rows>(server, "players")).rows).toHaveLength(6);
        expect(await report(server, "games/slots/leaderboard?period=alltime")).toMatchObject({ players: 6 });
        expect((await report<Rows>(server, "reports")).rows).toMatchObject([{ events: 24 }]);
      },
      { timeout: 200_000, interval: 200 },
    );
  });

  test("players are those of the API, found by id, segment and step of the funnel", async () => {
    const page = await signedIn("/?view=players");
    await row(page, "ann").waitFor();
    const { rows } = await report<Rows>(server, "players");
    expect(await rowsOn(page)).toEqual(rows.map(({ player_id }) => player_id));
    for (const { player_id, segment, spend_usd, total_events } of rows) {
      expect(await cell(page, player_id as string, "segment").textContent()).toBe(segment);
      expect(await value(cell(page, player_id as string, "spend"))).toBe(spend_usd);
      expect(await value(cell(page, player_id as string, "total_events"))).toBe(String(total_events));
    }
    expect((await fileOf(page, "Download CSV")).trim().split("\r\n")).toHaveLength(7);

    await page.getByLabel("Segment").selectOption("whale");
    await expect.poll(() => rowsOn(page)).toEqual([WHALE]);
    await page.getByLabel("Segment").selectOption("");
    await page.getByLabel("Funnel step").selectOption("first_deposit");
    await expect.poll(async () => (await rowsOn(page)).sort()).toEqual(["ann", WHALE]);
    expect(parameter(page, "part")).toBe("first_deposit");
    await page.getByLabel("Funnel step").selectOption("");
    await page.getByLabel("Find by any ID or e-mail").fill("b");
    await page.keyboard.press("Enter");
    await expect.poll(() => rowsOn(page)).toEqual(["ben"]);
    await page.getByLabel("Find by any ID or e-mail").fill("ann@players.example");
    await page.keyboard.press("Enter");
    await expect.poll(() => rowsOn(page)).toEqual(["ann"]);
    await page.getByLabel("Find by any ID or e-mail").fill("nobody");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Show the players of all time" }).click();
    await expect.poll(async () => (await rowsOn(page)).length).toBe(6);
  });

  test("a player's page has the profile, the time to sale, the events by type and the timeline", async () => {
    const page = await signedIn("/?view=players&segment=whale");
    await row(page, WHALE).getByRole("button").click();
    await page.getByRole("heading", { name: WHALE }).waitFor();
    expect(await value(fact(page, "net_amount"))).toBe("200.25");
    expect(await value(fact(page, "spend"))).toBe("250.50");
    expect(await fact(page, "registration_tag").textContent()).toBe("spring");
    expect(await fact(page, "favourite_app").textContent()).toBe("slots");
    expect(await fact(page, "visit_to_registration").textContent()).toMatch(/^1\s?m/);
    expect(await fact(page, "registration_to_deposit").textContent()).toMatch(/^1\s?h$/);
    expect(await value(fact(page, "deposit"))).toBe("1");

    const path = `players/${encodeURIComponent(WHALE)}`;
    const timeline = await report<Rows>(server, `${path}/events`);
    await expect.poll(() => rowsOn(page)).toEqual(timeline.rows.map(({ event_id }) => event_id));
    await page.getByLabel("Type").selectOption("withdrawal");
    await expect.poll(async () => (await rowsOn(page)).length).toBe(1);
    await page.locator("[data-row] button").click();
    const dialog = page.getByRole("dialog");
    await expect.poll(() => dialog.locator('[data-fact="amount"] dd').textContent()).toContain("50.25");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });

    await page.getByRole("button", { name: /Export all/ }).click();
    const exported = JSON.parse(await fileOf(page, "JSON")) as { player_id: string; events: unknown[] };
    expect(exported.player_id).toBe(WHALE);
    expect(exported.events).toHaveLength(timeline.rows.length);
    const requests = (await page
      .locator("#content")
      .getByRole("link", { name: "Privacy requests" })
      .getAttribute("href")) as string;
    const link = new URL(requests, server.url).searchParams;
    expect([link.get("view"), link.get("player_id")]).toEqual(["data_requests", WHALE]);

    await page.getByRole("button", { name: "All players" }).click();
    await row(page, WHALE).waitFor();
    expect(parameter(page, "segment")).toBe("whale");
  });

  test("a viewer sees pseudonyms and masked contacts, and which role shows more", async () => {
    const { key } = await post("keys", { name: "reader", project_id: "default", role: "viewer" });
    const page = await signedIn("/?view=players&player_id=ann", key as string);
    await page.getByText("takes the role analyst; you are signed in as viewer").waitFor();
    await page.getByText("a***@p***.example").waitFor();
    expect(await page.locator("#content").textContent()).not.toMatch(/\bann\b|ann@/);
    expect(await page.locator("[data-row]").count()).toBe(6);
    expect(await page.getByRole("link", { name: "Events" }).count()).toBe(0);
  });

  test("apps have today's figures and their leaderboards, with past seasons and the places around a player", async () => {
    const page = await signedIn("/?view=games");
    const { rows } = await report<Rows>(server, "kpis");
    await row(page, "poker").waitFor();
    for (const { app_id, ...figures } of rows) {
      for (const name of ["installs", "paying_users", "purchases"])
        expect(await value(cell(page, (app_id as string) ?? "", name)), name).toBe(String(figures[name]));
      expect(await value(cell(page, (app_id as string) ?? "", "revenue"))).toBe(String(figures.revenue_usd));
    }
    const board = page.getByRole("region", { name: "Leaderboard, " });
    const places = () =>
      board.locator("[data-row]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-row")));
    const entries = async (query: string) =>
      (
        await report<{ entries: { player_id: string }[] }>(server, `games/slots/leaderboard?limit=100&${query}`)
      ).entries.map(({ player_id }) => player_id);
    await expect.poll(places).toEqual(["ann"]);
    expect(await value(board.locator('[data-column="score"]'))).toBe("1234");

    await page.getByRole("button", { name: "Earlier season" }).click();
    const date = new Date(NOON).toISOString().slice(0, 10);
    await expect.poll(places).toEqual(await entries(`date=${date}`));
    expect(parameter(page, "date")).toBe(date);
    expect(await places()).toEqual([WHALE, "eve", "dea", "cid", "ben", "ann"]);

    await page.getByRole("button", { name: "All time" }).click();
    await expect.poll(places).toEqual(await entries("period=alltime"));
    await page.getByRole("button", { name: "Top 10", exact: true }).click();
    await page.getByLabel("Find a player's rank").fill("cid");
    await page.keyboard.press("Enter");
    await board.getByText("sought").waitFor();
    await page.getByLabel("Find a player's rank").fill("nobody");
    await page.keyboard.press("Enter");
    await page.getByText("nobody has not scored on this board.").waitFor();
    await page.getByRole("button", { name: "Show the top" }).click();
    await board.locator('[data-row="ann"]').click();
    await page.getByRole("heading", { name: "ann" }).waitFor();
    expect(parameter(page, "view")).toBe("players");
  });

  test("events are filtered, each opens with all its details, and all can be downloaded as a file", async () => {
    const tried = {
      event_id: "a-try",
      event_type: "deposit",
      player_id: "ann",
      amount: "5",
      currency: "USD",
      test: true,
    };
    await post("events", tried);
    await vi.waitFor(async () => void (await report(server, "events/a-try")), { timeout: 200_000 });
    const page = await signedIn("/?view=events");
    await row(page, "the-spin").waitFor();
    expect((await rowsOn(page)).length).toBe(27);
    const file = page.getByRole("link", { name: "Download CSV" });
    expect(await file.getAttribute("download")).toMatch(/^default_events_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv$/);
    expect(await file.getAttribute("href")).toContain("include=counted");
    await page.getByLabel("Which events").selectOption("all");
    await expect.poll(async () => (await rowsOn(page)).length, { timeout: 200_000 }).toBe(28);
    await page.getByLabel("Type").fill("player_score");
    await page.keyboard.press("Enter");
    await page.getByLabel("Player").fill("ann");
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await rowsOn(page)).length).toBe(2);
    const lines = (await fileOf(page, "NDJSON")).trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { score: number }).score)).toEqual([1_234, 10]);

    await page.getByLabel("Event id").fill("the-spin");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await expect.poll(() => dialog.locator("code").first().textContent()).toBe('{\n  "bet": 10\n}');
    const known = await report<Record<string, unknown>>(server, "events/the-spin");
    const shown = await dialog
      .locator("[data-fact]")
      .evaluateAll((facts) => facts.map((one) => one.getAttribute("data-fact")));
    expect(shown.sort()).toEqual(
      Object.keys(known)
        .filter((name) => name !== "data")
        .sort(),
    );
    await dialog.getByRole("button", { name: "Close" }).click();
    await expect.poll(() => parameter(page, "search")).toBe(null);

    await page.goto(`${server.url}/?view=events&search=unknown`);
    await page.getByText("There is no event unknown").waitFor();
  });

  test("kept reports are listed by their length, and each opens", async () => {
    const page = await signedIn("/?view=stored");
    const { rows } = await report<Rows>(server, "reports?type=daily");
    const [kept] = rows as [{ report_id: string }];
    await row(page, kept.report_id).waitFor();
    expect(await value(cell(page, kept.report_id, "events"))).toBe("24");
    expect(await value(cell(page, kept.report_id, "revenue_usd"))).toBe("275.49");
    await row(page, kept.report_id).getByRole("button").click();
    const dialog = page.getByRole("dialog");
    await expect.poll(() => value(dialog.locator('[data-fact="total_spins"]'))).toBe("1");
    expect(await dialog.locator('[data-fact="most_spent_app"] dd').textContent()).toBe("slots");
    expect(JSON.parse((await dialog.locator("code").textContent()) as string)).toEqual(
      await report(server, `reports/${kept.report_id}`),
    );
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Monthly" }).click();
    const monthly = await report<Rows>(server, "reports?type=monthly");
    await expect.poll(() => rowsOn(page)).toEqual(monthly.rows.map(({ report_id }) => report_id));
  });

  test("the average purchase of a kept report shows which amounts have no exchange rate", async () => {
    const page = await signIn(browser, server);
    await changeAnswers(page, /\/api\/v1\/reports\?/, () => ({
      json: {
        rows: [
          {
            ...{ report_id: "daily-2026-11-21", type: "daily", from: "2026-11-21", to: "2026-11-21", players: 3 },
            ...{ events: 9, total_spins: 0, total_purchases: 3, avg_purchase: null, most_spent_app: null },
            ...{ revenue_usd: "0.00", unconverted: { XAF: "900.00" }, revision: 1, stale: false },
            generated_at: "2026-11-22T00:15:00.000Z",
          },
        ],
      },
    }));
    await page.goto(`${server.url}/?view=stored`);
    const shown = cell(page, "daily-2026-11-21", "avg_purchase");
    await shown.waitFor();
    expect(await shown.textContent()).toBe("unknown");
    expect(await shown.locator("data").getAttribute("title")).toMatch(/900/);
  });

  // This test is the last, since it sends more events.
  test("players who deposited once and not again, and those who spent most, are found in three steps each", async () => {
    await post("events", [
      { event_type: "deposit", player_id: "cid", amount: "5", currency: "USD", timestamp: NOON + 200_000 },
      { event_type: "deposit", player_id: "cid", amount: "6", currency: "USD", timestamp: NOON + 300_000 },
    ]);
    await vi.waitFor(
      async () =>
        expect((await report<Rows>(server, "players?deposits_from=2")).rows).toMatchObject([{ player_id: "cid" }]),
      { timeout: 200_000, interval: 200 },
    );
    const page = await signedIn("/");
    await page.getByRole("link", { name: "Players" }).click();
    await page.getByLabel("Deposits", { exact: true }).selectOption("once");
    await expect.poll(async () => (await rowsOn(page)).sort()).toEqual(["ann", WHALE].sort());
    expect(parameter(page, "deposits")).toBe("once");
    expect((await fileOf(page, "Download CSV")).trim().split("\r\n")).toHaveLength(3);
    await page.getByLabel("Deposits", { exact: true }).selectOption("more");
    await expect.poll(() => rowsOn(page)).toEqual(["cid"]);
    await page.getByLabel("Deposits", { exact: true }).selectOption("none");
    await expect.poll(async () => (await rowsOn(page)).sort()).toEqual(["ben", "dea", "eve"]);

    await page.getByLabel("Order").selectOption("Highest spend first");
    type Spender = { player_id: string; converted: { spend: string; net_amount: string } };
    const { rows } = await report<{ rows: Spender[] }>(server, "ltv?currency=project");
    await expect.poll(() => rowsOn(page)).toEqual(rows.map(({ player_id }) => player_id));
    expect(rows[0]).toMatchObject({ player_id: WHALE, converted: { spend: "250.50" } });
    for (const { player_id, converted } of rows) {
      expect(await value(cell(page, player_id, "spend"))).toBe(converted.spend);
      expect(await value(cell(page, player_id, "net_amount"))).toBe(converted.net_amount);
    }
    await row(page, WHALE).getByRole("button").click();
    await page.getByRole("heading", { name: WHALE }).waitFor();
  });
});
