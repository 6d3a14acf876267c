/** Kept reports: exact, made once, by cron or on demand, and made again when late events change them. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { dueAt } from "../../worker/cron.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import { keepReports } from "../../worker/reports/aggregate.ts";
import { callWith, get, read } from "./api.ts";
import { runDuty } from "./duty.ts";
import { unwoken } from "./gate.ts";
import { makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent, TABLES } from "./log.ts";

type Report = Record<string, unknown>;
const NOON = 12 * 3_600_000;
const TIMEZONE = "Asia/Tokyo";

const event = (event_id: string, event_type: string, time: string, more: Partial<StoredEvent>) =>
  storedEvent(
    { project_id: "kept", event_id, event_type, timestamp: Date.parse(time), player_id: "anna", ...more },
    TIMEZONE,
  );

const EVENTS = [
  // Half past three in the afternoon is Monday, the 4th of May, in Tokyo.
  event("a1", "spin", "2026-05-03T15:30:00Z", { app_id: "slots" }),
  event("a2", "purchase", "2026-05-04T10:00:00Z", { app_id: "slots", amount: 100_000, currency: "USD" }),
  event("a3", "purchase", "2026-05-05T10:00:00Z", {
    app_id: "dice",
    amount: 100_000,
    currency: "EUR",
    player_id: "ben",
  }),
  event("a4", "purchase", "2026-05-05T10:00:01Z", { app_id: "slots", amount: 10_000, currency: "XAF" }),
  event("a5", "deposit", "2026-05-06T10:00:00Z", { amount: 50_000, currency: "USD" }),
  event("a6", "purchase", "2026-05-06T10:00:01Z", { app_id: "slots" }),
  event("a7", "spin", "2026-05-10T14:59:59Z", { app_id: "slots", player_id: "cleo" }),
  event("a8", "spin", "2026-05-10T15:00:00Z", { app_id: "slots", player_id: "cleo" }),
  event("a9", "spin", "2026-06-02T03:00:00Z", { app_id: "slots", player_id: null, visitor_id: "cookie" }),
];

const WEEK = {
  report_id: "weekly-2026-05-04",
  report_type: "weekly",
  from: "2026-05-04",
  to: "2026-05-10",
  total_spins: 2,
  total_purchases: 4,
  // Ten dollars and ten euros at 1.1; francs have no rate, and one has no amount.
  avg_purchase: "10.50",
  most_spent_app: "dice",
  players: 3,
  events: 7,
  revenue_usd: "26.00",
  unconverted: { XAF: "1.00" },
};

const WEEKLY = "/reports/weekly-2026-05-04?project_id=kept";
const week = () => read<Report>(WEEKLY);
/** The report without bringing the tables forward first. */
const weekAsItIs = async () => (await callWith(unwoken, "GET", WEEKLY)).json<Report>();
const rate = (currency: string, day: string, usd: number, loaded: number) =>
  env.DB.prepare("INSERT INTO exchange_rates VALUES (?, ?, CAST(? AS INTEGER), 'test', CAST(? AS INTEGER))")
    .bind(currency, day, usd, loaded)
    .run();
const clocks = (today: string) => [{ project_id: "kept", today }];
const EVER = { from: "1970-01-01", to: "9999-01-01" };

beforeAll(async () => {
  await createProject("kept", { timezone: TIMEZONE });
  await rate("EUR", "2026-05-01", 110_000_000, 1);
  await deliver([{ events: EVENTS }]);
  await settle();
});

describe("a kept report", () => {
  it("is exact, and made when it is first asked for", async () => {
    const first = await week();
    expect(first).toEqual({ ...WEEK, revision: 1, generated_at: expect.any(String), stale: false });
    expect(await week()).toEqual(first);
    const count = await env.DB.prepare(
      "SELECT count(*) AS n FROM aggregated_reports WHERE project_id = 'kept'",
    ).first();
    expect(count).toEqual({ n: 1 });
  });

  it("stays the same when late events change no figure, and is recomputed when they do", async () => {
    const before = await week();
    await deliver([{ events: [event("b1", "spin", "2026-05-08T03:00:00Z", { test: 1 })] }]);
    await settle();
    expect(await week()).toEqual(before);
    await deliver([{ events: [event("b2", "spin", "2026-05-08T03:00:00Z", { player_id: "dan" })] }]);
    await settle();
    expect(await week()).toMatchObject({ total_spins: 3, players: 4, events: 8, revision: 2, stale: false });
    await rate("XAF", "2026-05-02", 200_000, 2);
    expect(await week()).toMatchObject({ avg_purchase: "7.0007", revenue_usd: "26.002", unconverted: {}, revision: 3 });
    // The rate of another month.
    await rate("XAF", "2026-08-02", 900_000, 3);
    expect(await week()).toMatchObject({ revision: 3, stale: false });
  });

  it("is recomputed when a visitor of its days turns out to be a player", async () => {
    await deliver([{ events: [event("c1", "spin", "2026-05-09T03:00:00Z", { player_id: null, visitor_id: "v" })] }]);
    await settle();
    expect(await week()).toMatchObject({ players: 5, total_spins: 4, revision: 4 });
    await deliver([{ events: [event("c2", "visit", "2026-07-01T03:00:00Z", { player_id: "anna", visitor_id: "v" })] }]);
    await settle();
    expect(await week()).toMatchObject({ players: 4, total_spins: 4, revision: 5 });
  });

  it("is shown as stale and not made from half a table", async () => {
    const before = await week();
    await deliver([{ events: [event("d1", "spin", "2026-05-09T04:00:00Z", {})] }]);
    await settle();
    await rebuild(env, db, PROJECTIONS, "payments");
    // Late events cannot be included while the payments are being rebuilt.
    expect(await weekAsItIs()).toEqual({ ...before, stale: true });
    await settle();
    expect(await week()).toMatchObject({ total_spins: 5, revenue_usd: "26.002", stale: false, revision: 6 });
    await rebuild(env, db, PROJECTIONS, "identities");
    expect(await weekAsItIs()).toMatchObject({ total_spins: 5, revision: 6, stale: false });
    await settle();
    expect(await week()).toMatchObject({ total_spins: 5, revision: 6, stale: false });
  });

  it("is made as soon as the figures have its events, whatever events came to the tables later", async () => {
    await deliver([{ events: [event("f1", "spin", "2026-07-01T04:00:00Z", {})] }]);
    await settle(TABLES);
    expect(await read<Report>("/reports/daily-2026-05-05?project_id=kept")).toMatchObject({
      total_purchases: 2,
      stale: false,
    });
    expect((await get("/reports/daily-2026-07-01?project_id=kept")).status).toBe(404);
    await settle();
    expect(await read<Report>("/reports/daily-2026-07-01?project_id=kept")).toMatchObject({ total_spins: 1 });
  });

  it.each(["weekly-2026-05-05", "daily-2026-02-30", "yearly-2026-01-01", "daily-2020-01-01", "weekly"])(
    "%s is no id of a report",
    async (id) => {
      expect((await get(`/reports/${id}?project_id=kept`)).status).toBe(404);
    },
  );

  it("does not exist before its period is over", async () => {
    await createProject("young");
    await deliver([{ events: [storedEvent({ project_id: "young", event_type: "spin", player_id: "p" })] }]);
    await settle();
    const today = new Date().toISOString().slice(0, 10);
    expect((await get(`/reports/daily-${today}?project_id=young`)).status).toBe(404);
    expect(await read<Report>("/reports?project_id=young")).toMatchObject({ rows: [] });
  });
});

describe("kept reports", () => {
  type Listed = { rows: Report[]; next_cursor: string | null };
  const ids = async (query: string) => {
    const found: unknown[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Listed = await read<Listed>(`/reports?project_id=kept&${query}${cursor && `&cursor=${cursor}`}`);
      found.push(...page.rows.map((row) => row.report_id));
      cursor = page.next_cursor;
    }
    return found;
  };
  const DAYS = [
    "2026-07-01",
    "2026-06-02",
    "2026-05-11",
    "2026-05-10",
    "2026-05-09",
    "2026-05-08",
    "2026-05-06",
    "2026-05-05",
    "2026-05-04",
  ];

  it.each([
    ["", DAYS.map((day) => `daily-${day}`)],
    ["limit=2", DAYS.map((day) => `daily-${day}`)],
    ["from=2026-05-10&to=2026-06-30", ["daily-2026-06-02", "daily-2026-05-11", "daily-2026-05-10"]],
    ["type=weekly&limit=1", ["weekly-2026-06-29", "weekly-2026-06-01", "weekly-2026-05-11", "weekly-2026-05-04"]],
    // The 10th lies in the week of the 4th.
    ["type=weekly&from=2026-05-10&to=2026-05-11", ["weekly-2026-05-11", "weekly-2026-05-04"]],
    ["type=monthly", ["monthly-2026-07-01", "monthly-2026-06-01", "monthly-2026-05-01"]],
  ])("by %s", async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it("add up: the month is its days", async () => {
    const month = await read<Report>("/reports/monthly-2026-05-01?project_id=kept");
    const { rows } = await read<Listed>("/reports?project_id=kept&to=2026-05-31");
    const sum = (name: string) => rows.reduce((total, row) => total + (row[name] as number), 0);
    expect(month).toMatchObject({
      from: "2026-05-01",
      to: "2026-05-31",
      total_spins: sum("total_spins"),
      total_purchases: sum("total_purchases"),
      events: sum("events"),
      players: 4,
    });
  });

  it("are the same in every format", async () => {
    const { rows } = await read<Listed>("/reports?project_id=kept&type=monthly");
    const lines = (await (await get("/reports?project_id=kept&type=monthly&format=ndjson")).text())
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(rows);
    const [head, ...table] = (await (await get("/reports?project_id=kept&type=monthly&format=csv")).text())
      .trimEnd()
      .split("\r\n");
    expect(head).toBe(Object.keys(rows[0] as Report).join(","));
    expect(table).toHaveLength(rows.length);
  });

  it("are made by cron each quarter of an hour, within its limit, once, for days that are over in their time zone", async () => {
    await env.DB.prepare("DELETE FROM aggregated_reports").run();
    const kept = async () =>
      (
        await env.DB.prepare("SELECT report_id FROM aggregated_reports WHERE project_id = 'kept' ORDER BY 1").all<{
          report_id: string;
        }>()
      ).results.map((row) => row.report_id);
    const wakesAt = (time: string) => dueAt(Date.parse(time)).some(({ name }) => name === "reports");
    expect(["14:44", "14:45", "14:46", "15:00"].filter((time) => wakesAt(`2026-05-11T${time}:00Z`))).toEqual([
      "14:45",
      "15:00",
    ]);
    const days = ["04", "05", "06", "08", "09", "10"].map((day) => `daily-2026-05-${day}`);
    // A quarter to midnight in Tokyo, and midnight.
    const run = (time: string) => runDuty("reports", env, Date.parse(time));
    await run("2026-05-11T14:45:00Z");
    expect(await kept()).toEqual([...days, "weekly-2026-05-04"]);
    await run("2026-05-11T15:00:00Z");
    expect(await kept()).toEqual([...days, "daily-2026-05-11", "weekly-2026-05-04"]);
    await settle();
    const before = await env.DB.prepare("SELECT * FROM aggregated_reports ORDER BY 1, 2, 3").all();
    expect(await keepReports(db, "daily", clocks("2026-05-12"), EVER, NOON, 9)).toBe(0);
    expect((await env.DB.prepare("SELECT * FROM aggregated_reports ORDER BY 1, 2, 3").all()).results).toEqual(
      before.results,
    );
    await env.DB.prepare("DELETE FROM aggregated_reports").run();
    expect(await keepReports(db, "daily", clocks("2026-05-12"), EVER, NOON, 5)).toBe(5);
    expect(await keepReports(db, "daily", clocks("2026-05-12"), EVER, NOON, 5)).toBe(2);
  });

  it("are in the data vault", async () => {
    await week();
    const { results } = await env.DB.prepare(
      "SELECT * FROM satellite_aggregated_report_info WHERE project_id = 'kept' AND report_type = 'weekly' AND from_date = '2026-05-04'",
    ).all();
    expect(results).toEqual([
      {
        project_id: "kept",
        report_id: "weekly-2026-05-04",
        report_type: "weekly",
        from_date: "2026-05-04",
        to_date: "2026-05-10",
        total_spins: 5,
        total_purchases: 4,
        avg_purchase: "7.0007",
        most_spent_game: "dice",
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    ]);
  });

  it("are refused to a key for some tags, since they are not by tag", async () => {
    const key = {
      authorization: `Bearer ${await makeApiKey({ role: "analyst", project_id: "kept", banner_tags: ["a"] })}`,
    };
    expect((await get("/reports", key)).status).toBe(403);
    expect((await get("/reports/weekly-2026-05-04", key)).status).toBe(403);
  });
});
