/**
 * Duties with more work than one invocation may do, on either plan: each is completed in several invocations, and none
 * of these exceeds its budget. Rows of which many are needed are made by SQL in the database.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { hex } from "../../worker/archive/bucket.ts";
import { at } from "../../worker/archive/columns.ts";
import { type ArchiveFile, addFiles } from "../../worker/archive/files.ts";
import { encode, type Row } from "../../worker/archive/parquet.ts";
import { EVENTS, hourOf, keyOf } from "../../worker/archive/partition.ts";
import { sendNotices } from "../../worker/channels/sending.ts";
import type { Progress } from "../../worker/duties/duty.ts";
import worker from "../../worker/index.ts";
import { sendDue } from "../../worker/postbacks/sending.ts";
import { type Budget, metered } from "../../worker/store/budget.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { PLANS, type Plan } from "../../worker/store/plan.ts";
import { archivedRows, keysIn } from "./bucket.ts";
import { runDuty } from "./duty.ts";
import { ADMIN } from "./keys.ts";
import { createProject, db, keepToTables, settle } from "./log.ts";
import { received, receiver } from "./receiver.ts";

// It looks into the tables.
beforeAll(keepToTables);

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 6, 1, 12);
const START = Date.UTC(2026, 4, 1);
const on = (plan: Plan): Env => ({ ...env, PLAN: plan });

/** The calls of the largest of these invocations; each was within its plan's limits. */
function worstOf(name: string, plan: Plan, budgets: readonly Budget[]) {
  const { limits } = budgets[0] as Budget;
  expect(limits).toEqual(PLANS[plan]);
  const queries = Math.max(...budgets.map((budget) => budget.queries));
  const subrequests = Math.max(...budgets.map((budget) => budget.subrequests));
  expect(queries).toBeLessThanOrEqual(limits.queries);
  expect(subrequests).toBeLessThanOrEqual(limits.subrequests);
  console.log(
    JSON.stringify({
      level: "info",
      message: "counted",
      name,
      plan,
      invocations: budgets.length,
      queries,
      subrequests,
    }),
  );
}

const count = async (query: string) => (await env.DB.prepare(query).first<number>("n")) ?? 0;

/** An event in each hour, of a few people; they were stored in the log an hour ago. */
const appendHours = (project_id: string, hours: number, player: string) =>
  env.DB.prepare(
    `WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n LIMIT ${hours})
     INSERT INTO events (project_id, event_id, event_type, player_id, data, timestamp, received_at, event_date, event_hour)
     SELECT '${project_id}', hex(randomblob(8)), 'visit', CASE n % 5 WHEN 0 THEN '${player}' ELSE 'other-' || n END,
       '{"friend":"someone"}', ${START} + n * ${HOUR_MS}, ${Date.now() - 2 * HOUR_MS},
       date((${START} + n * ${HOUR_MS}) / 1000, 'unixepoch'), n % 24 FROM n`,
  ).run();

describe("the archive of events of many hours", () => {
  const HOURS = 150;
  beforeAll(() => createProject("hours"));

  it.each([
    ["free", "ann-1", 4],
    ["paid", "bob-2", 1],
  ] as const)("is written a few files at a time on the %s plan", async (plan, player, invocations) => {
    const before = await count("SELECT count(*) AS n FROM archive_files WHERE state = 'live'");
    await appendHours("hours", HOURS, player);
    const budgets = await runDuty("archive", on(plan));
    expect(budgets.length).toBeGreaterThanOrEqual(invocations);
    worstOf("archive", plan, budgets);
    expect(await count("SELECT count(*) AS n FROM archive_files WHERE state = 'live'")).toBe(before + HOURS);
    expect(await count("SELECT count(*) AS n FROM archive_files WHERE state <> 'live'")).toBe(0);
    const rows = await archivedRows();
    expect(rows.map((row) => row[at("seq")]).sort((a, b) => Number(a) - Number(b))).toEqual(
      (await env.DB.prepare("SELECT seq FROM events ORDER BY seq").raw()).flat(),
    );
  });

  it.each([
    ["free", "ann-1", 10],
    // The request itself may complete the first pass.
    ["paid", "bob-2", 2],
  ] as const)("has a person erased in pieces on the %s plan", async (plan, player, invocations) => {
    const request = new Request(`https://duties.example/api/v1/players/${player}?project_id=hours`, {
      method: "DELETE",
      headers: ADMIN,
    });
    expect((await worker.fetch(request, on(plan), createExecutionContext())).status).toBe(202);
    const budgets: Budget[] = [];
    while ((await count("SELECT count(*) AS n FROM erasures WHERE finished_at IS NULL")) > 0) {
      await env.DB.prepare("UPDATE erasures SET due_at = 0").run();
      budgets.push(...(await runDuty("erasures", on(plan))));
    }
    expect(budgets.length).toBeGreaterThanOrEqual(invocations);
    worstOf("erasures", plan, budgets);
    const found = await env.DB.prepare("SELECT found ->> 'archive' AS n FROM erasures ORDER BY n DESC LIMIT 1").first(
      "n",
    );
    expect(found).toBe(HOURS / 5);
    const rows = await archivedRows();
    expect(rows).toHaveLength(2 * HOURS);
    expect(rows.filter((row) => JSON.stringify(row).includes(player))).toEqual([]);
    expect(await keysIn(EVENTS)).toHaveLength(
      await count("SELECT count(*) AS n FROM archive_files WHERE state IN ('live', 'fenced')"),
    );
  });
});

describe("merging many hours", () => {
  const FIRST = hourOf(Date.UTC(2020, 0, 1));

  /** Two files for each hour, of one event each. */
  async function makeFiles(first: number, hours: number): Promise<void> {
    const [row] = await archivedRows();
    const bytes = encode([row as Row]);
    const sha256 = hex(await crypto.subtle.digest("SHA-256", bytes));
    const files = Array.from({ length: 2 * hours }, (_, n): ArchiveFile => {
      const [hour, seq] = [first + Math.floor(n / 2), 1 + (n % 2)];
      const key = keyOf(hour, seq, seq, "0123abcd");
      const times = { min_received_at: NOW, max_received_at: NOW, created_at: NOW };
      return { key, hour, first_seq: seq, last_seq: seq, rows: 1, bytes: bytes.length, sha256, ...times };
    });
    for (let from = 0; from < files.length; from += 50) {
      await Promise.all(files.slice(from, from + 50).map(({ key }) => env.ARCHIVE.put(key, bytes)));
    }
    await transact(db, [addFiles(files)]);
  }

  it.each([
    ["free", 0, 60],
    ["paid", 100, 1_050],
  ] as const)("continues until each has one file on the %s plan", async (plan, from, hours) => {
    await makeFiles(FIRST + from, hours);
    const own = `hour >= ${FIRST + from} AND hour < ${FIRST + from + hours}`;
    const budgets = await runDuty("compaction", on(plan), NOW + from * DAY_MS);
    expect(budgets.length).toBeGreaterThan(2);
    worstOf("compaction", plan, budgets);
    expect(await count(`SELECT count(*) AS n FROM archive_files WHERE ${own}`)).toBe(hours);
    expect(await count(`SELECT sum(rows) AS n FROM archive_files WHERE state = 'live' AND ${own}`)).toBe(2 * hours);
    expect(await count("SELECT count(*) AS n FROM archive_compactions WHERE finished_at IS NULL")).toBe(0);
    const keys = await keysIn(`${EVENTS}year=2020/`);
    expect(keys).toEqual(
      (await env.DB.prepare("SELECT key FROM archive_files WHERE key LIKE '%year=2020/%' ORDER BY key").raw()).flat(),
    );
  });
});

describe("live counters of many projects", () => {
  it("all get their events, some projects at a time", async () => {
    const projects = Array.from({ length: 120 }, (_, n) => `live-${n}`);
    await env.DB.prepare(
      `INSERT INTO projects (project_id, name, timezone, currency, attribution_days, created_at)
       SELECT value, value, 'UTC', 'EUR', 30, 0 FROM json_each(?)`,
    )
      .bind(JSON.stringify(projects))
      .run();
    const now = Date.now();
    await env.DB.prepare(
      `INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date, event_hour)
       SELECT value, 'first', 'visit', 'p', ${now}, ${now}, '2026-07-01', 12 FROM json_each(?)`,
    )
      .bind(JSON.stringify(projects))
      .run();
    const budgets = await runDuty("live", on("free"));
    expect(budgets.length).toBeGreaterThan(2);
    worstOf("live", "free", budgets);
    for (const project_id of [projects[0], projects.at(-1)] as string[]) {
      const settings = { project_id, timezone: "UTC" };
      const { events } = await env.LIVE.getByName(project_id).snapshot(
        settings,
        { personal: true, banner_tags: null },
        now,
      );
      expect(events.map(({ event_id }) => event_id)).toEqual(["first"]);
    }
  });
});

describe("300 projects with everything due at once, on the free plan", () => {
  const PROJECTS = Array.from({ length: 300 }, (_, n) => `due-${n}`);
  /** Reports that fail are first, more of them than one invocation tries. */
  const BROKEN = 5;
  const now = NOW + 400 * DAY_MS;
  const day = (before: number) => new Date(now - before * DAY_MS).toISOString().slice(0, 10);
  const many = (statement: string, ...values: unknown[]) =>
    env.DB.prepare(statement)
      .bind(JSON.stringify(PROJECTS), ...values)
      .run();

  /** Names of the objects that would be woken: their real alarms would disturb this test. */
  const woken: string[] = [];
  const bindings = {
    ...env,
    PLAN: "free",
    RUNNER: { getByName: (name: string) => ({ wake: async () => woken.push(name) }) },
  } as unknown as Env;
  /** Each of these was woken once, and not again while it ran, which would be useless. */
  async function wokenOnce(names: string[], again: () => Promise<Budget[]>): Promise<void> {
    expect(woken.splice(0).sort()).toEqual(names.sort());
    expect(await again()).toHaveLength(1);
    expect(woken).toEqual([]);
  }
  /** Runs the objects with these names, each in a separate invocation. */
  async function send(
    kind: string,
    ids: string[],
    sending: (bindings: Env, id: string, budget: Budget) => Promise<Progress>,
  ) {
    const budgets: Budget[] = [];
    for (const id of ids) {
      const { env: own, budget } = metered(bindings, kind);
      expect(await sending(own, id, budget)).toBe("done");
      budgets.push(budget);
    }
    worstOf(kind, "free", budgets);
  }
  let url: string;

  beforeAll(async () => {
    url = await receiver({});
    await many(`INSERT INTO projects (project_id, name, timezone, currency, attribution_days, created_at)
      SELECT value, value, 'UTC', 'EUR', 30, 0 FROM json_each(?)`);
    await settle();
  });

  it("evaluates each alert and makes each report, and sends each channel its message once", async () => {
    await many(
      `INSERT INTO channels (id, project_id, name, kind, settings, secret, created_at)
      SELECT 'c-' || value, value, 'c', 'webhook', json_object('url', ?2), 's', 0 FROM json_each(?1)`,
      url,
    );
    await many(`INSERT INTO alerts (id, project_id, origin, name, condition, channels, cool_down, created_at, changed_at, checked_at, memory)
      SELECT 'a-' || value, value, 'https://duties.example', 'No deposits', '{"kind":"silence","event_type":"deposit","minutes":360}',
        json_array('c-' || value), 60, 0, 0, 0, '{}' FROM json_each(?)`);
    await many(`INSERT INTO scheduled_reports (id, project_id, origin, name, every, hour, segment_id, channels, unsubscribed, created_at, sent_to)
      SELECT 's-' || value, value, 'https://duties.example', 'The day', 'day', 7, iif(key < ${BROKEN}, 'gone', NULL),
        json_array('c-' || value), '[]', key, '${day(2)}' FROM json_each(?)`);
    const channels = PROJECTS.map((name) => `c-${name}`);
    const sendAll = (ids: string[], at: number) =>
      send("notices sending", ids, (own, id, budget) => sendNotices(own, databaseOf(own), id, budget, () => at));

    worstOf("alerts", "free", await runDuty("alerts", bindings, now));
    expect(await count("SELECT count(*) AS n FROM alerts WHERE checked_at = 0 OR error IS NOT NULL")).toBe(0);
    expect(await count("SELECT count(*) AS n FROM notices WHERE kind = 'opened'")).toBe(PROJECTS.length);
    await wokenOnce(
      channels.map((id) => `channel ${id}`),
      () => runDuty("alerts", bindings, now + 1_000),
    );
    await sendAll(channels, now);

    const later = now + 60_000;
    const made = channels.slice(BROKEN);
    worstOf("scheduled reports", "free", await runDuty("scheduled reports", bindings, later));
    expect(await count(`SELECT count(*) AS n FROM scheduled_reports WHERE sent_to = '${day(1)}'`)).toBe(made.length);
    // Reports that fail are not tried again and again.
    await wokenOnce(
      made.map((id) => `channel ${id}`),
      () => runDuty("scheduled reports", bindings, later + 1_000),
    );
    await sendAll(made, later);
    expect(await count("SELECT count(*) AS n FROM notices WHERE status <> 'sent' OR tries <> 1")).toBe(0);
    expect(await received(url)).toHaveLength(channels.length + made.length);
  });

  it("sends each postback, once", async () => {
    await many(
      `INSERT INTO postback_targets (id, project_id, name, event_types, first_deposit, test, method, url, secret, created_at, failures)
      SELECT 't-' || value, value, 't', '["visit"]', 0, 0, 'GET', ?2, 's', 0, 0 FROM json_each(?1)`,
      `${url}?e={event_id}`,
    );
    await runDuty("postbacks", bindings);
    await many(
      `INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date, event_hour)
       SELECT value, 'of ' || value, 'visit', 'p', ${now}, ${now}, '${day(0)}', 12 FROM json_each(?)`,
    );
    const before = (await received(url)).length;
    worstOf("postbacks", "free", await runDuty("postbacks", bindings));
    const targets = PROJECTS.map((name) => `t-${name}`);
    await wokenOnce(
      targets.map((id) => `postbacks ${id}`),
      () => runDuty("postbacks", bindings),
    );
    await send("postbacks sending", targets, (own, id, budget) => sendDue(own, databaseOf(own), id, budget, Date.now));
    const sent = (await received(url)).slice(before).map((request) => new URL(request.url, url).searchParams.get("e"));
    expect(sent.sort()).toEqual(PROJECTS.map((name) => `of ${name}`).sort());
  });
});

/** Last, so that no other test reads these many events. */
describe("projections far behind", () => {
  /** Events of a few people, by the hour of one day, as many as are wanted. */
  const append = (many: number) =>
    env.DB.prepare(
      `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ${many})
       INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date, event_hour)
       SELECT 'behind', hex(randomblob(8)), 'spin', 'player-' || (n % 20), ${NOW} + n, ${NOW}, '2026-07-01', 12 FROM n`,
    ).run();

  beforeAll(() => createProject("behind"));

  it.each([
    ["free", 20_000],
    ["paid", 150_000],
  ] as const)("catch up on the %s plan", async (plan, events) => {
    const before = await count("SELECT count(*) AS n FROM events WHERE project_id = 'behind'");
    await append(events);
    const budgets = await runDuty("tables", on(plan));
    expect(budgets.length).toBeGreaterThan(1);
    worstOf("tables", plan, budgets);
    expect(await count("SELECT total AS n FROM daily_metrics WHERE project_id = 'behind'")).toBe(before + events);
    expect(await count("SELECT sum(total_events) AS n FROM players WHERE project_id = 'behind'")).toBe(before + events);
  });
});
