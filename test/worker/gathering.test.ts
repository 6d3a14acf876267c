/**
 * The tables wait for events to gather until a report is requested: few runs without requests, and in an answer no figure
 * that is older than ten seconds.
 */
import { evictDurableObject, runInDurableObject, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import worker from "../../worker/index.ts";
import { bringForward, isTimeToRun } from "../../worker/projections/catch-up.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { forgetHealth, projectionHealth } from "../../worker/reports/health.ts";
import { callWith, get, HOST, read, requestWith } from "./api.ts";
import { runDuty } from "./duty.ts";
import { unwoken } from "./gate.ts";
import { ADMIN } from "./keys.ts";
import { createProject, db, deliver, keepToTables, settle, storedEvent, turnToDays } from "./log.ts";

const { events: GATHERED, age: AGE } = GROUPS.tables.gathering;
const HOUR = 3_600_000;
const LONG_AGO = { received_at: Date.now() - 60_000 };

const tables = () => env.RUNNER.getByName("tables");
/** Waits for a state that is reached without the test. */
const until = (holds: () => Promise<boolean>) => vi.waitUntil(holds, { timeout: 200_000, interval: 20 });
const least = async () =>
  (await env.DB.prepare("SELECT min(cursor) AS least FROM projections WHERE name IN (SELECT value FROM json_each(?))")
    .bind(JSON.stringify(GROUPS.tables.projections.map(({ name }) => name)))
    .first<number>("least")) ?? 0;
const head = async () => (await env.DB.prepare("SELECT max(seq) AS head FROM events").first<number>("head")) ?? 0;
const alarm = () => runInDurableObject(tables(), async (_, state) => state.storage.getAlarm());

/** Makes the object forget its last run. */
async function forget(): Promise<void> {
  // Only a running object can be evicted.
  await tables().ping();
  await evictDurableObject(tables());
}

/** Makes the last run of the tables older than readers accept. */
async function age(): Promise<void> {
  await forget();
  await env.DB.prepare("UPDATE projections SET updated_at = updated_at - ?").bind(AGE).run();
}

/** The number of runs of the tables that read events: each makes one step of `daily`. */
const runs = () =>
  vi.mocked(console.info).mock.calls.filter(([line]) => String(line).includes('"projected","projection":"daily"'))
    .length;
const errors = () => vi.mocked(console.error).mock.calls.map(([line]) => String(line));

let projects = 0;
let project_id = "";
const visit = (more: Partial<StoredEvent> = {}) =>
  storedEvent({ project_id, event_type: "visit", player_id: "p", ...more });
const send = (...events: StoredEvent[]) => deliver([{ events }]);
const ask = (path = "/metrics", headers: HeadersInit = {}) =>
  get(`${path}?project_id=${project_id}`, { ...ADMIN, ...headers });
const totalOf = async (response: Response) =>
  (await response.json<{ rows: { total: number }[] }>()).rows.reduce((sum, { total }) => sum + total, 0);

// Reports here are made from the tables, except in the first test.
beforeAll(keepToTables);

beforeEach(async () => {
  project_id = `gathers-${++projects}`;
  await createProject(project_id);
  await settle();
  vi.spyOn(console, "info").mockReturnValue();
  vi.spyOn(console, "warn").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a report that is made of rows of days", () => {
  it("makes the figures run, and has the events that came before it", async () => {
    await turnToDays();
    await send(visit(), visit());
    await env.RUNNER.getByName("figures").ping();
    await evictDurableObject(env.RUNNER.getByName("figures"));
    await env.DB.prepare("UPDATE projections SET updated_at = updated_at - ?").bind(AGE).run();
    const response = await ask();
    expect([await totalOf(response), response.headers.get("x-lag-events")]).toEqual([2, null]);
    // The tables only record which days events have changed; the report does not wait for them.
    expect(runs()).toBe(0);
    await keepToTables();
  });
});

describe("while no report is asked for", () => {
  it("an event a second for minutes never wakes the tables, and wakes the live counters each time", async () => {
    const woken: string[] = [];
    const counting = {
      ...env,
      RUNNER: { getByName: () => ({ wake: async (name: string) => void woken.push(name) }) },
    } as unknown as Env;
    for (let n = 0; n < 180; n++) await deliver([{ events: [visit({ player_id: `p${n}` })] }], counting);
    expect(woken).toEqual(Array(180).fill("live"));
    expect((await head()) - (await least())).toBeGreaterThanOrEqual(180);
    // Through the real object it is the same: no alarm is set, and none runs.
    await send(visit());
    expect([await alarm(), runs()]).toEqual([null, 0]);
  });

  it(`the tables run when ${GATHERED} wait, once`, async () => {
    await send(...Array.from({ length: GATHERED - 1 }, (_, n) => visit({ player_id: `p${n % 20}` })));
    expect([await alarm(), runs()]).toEqual([null, 0]);
    await send(visit());
    await until(async () => (await least()) === (await head()));
    await until(async () => (await alarm()) === null);
    expect(runs()).toBe(1);
    expect(await totalOf(await ask())).toBe(GATHERED);
  });

  it("the tables are due each time that so many more events wait, however they arrive", () => {
    expect(isTimeToRun("tables", 0, 1, GATHERED - 1)).toBe(false);
    expect(isTimeToRun("tables", 0, GATHERED, GATHERED)).toBe(true);
    expect(isTimeToRun("tables", 0, GATHERED + 1, GATHERED + 1)).toBe(false);
    expect(isTimeToRun("tables", 0, GATHERED - 1, GATHERED + 7)).toBe(true);
    expect(isTimeToRun("tables", 7, GATHERED, GATHERED + 6)).toBe(false);
    expect(isTimeToRun("tables", 7, GATHERED, GATHERED + 7)).toBe(true);
    expect(isTimeToRun("tables", 0, 1, 3 * GATHERED)).toBe(true);
    // A run has read the earlier events while these were appended.
    expect(isTimeToRun("tables", GATHERED, GATHERED - 3, GATHERED + 3)).toBe(false);
  });

  it("the tables run at once for an event that the queue has held for more than an hour", async () => {
    await send(visit({ received_at: Date.now() - HOUR + 60_000 }));
    expect([await alarm(), runs()]).toEqual([null, 0]);
    await send(visit({ received_at: Date.now() - HOUR - 1 }));
    await until(async () => (await least()) === (await head()));
    expect(runs()).toBe(1);
  });

  it("the tables run each hour, and in no other minute", async () => {
    await send(visit());
    const minute = (scheduledTime: number) => worker.scheduled({ scheduledTime, cron: "* * * * *", noRetry() {} }, env);
    await minute(Date.UTC(2026, 0, 1, 12, 59));
    expect([await alarm(), runs()]).toEqual([null, 0]);
    await minute(Date.UTC(2026, 0, 1, 13));
    await until(async () => (await least()) === (await head()));
    expect(runs()).toBe(1);
  });
});

describe("a report", () => {
  it("has the events before it, when the tables have not run for ten seconds", async () => {
    await send(visit(), visit());
    await age();
    const response = await ask();
    expect([await totalOf(response), response.headers.get("x-lag-events")]).toEqual([2, null]);
    expect(runs()).toBe(1);
  });

  it("has events older than ten seconds, also when the tables have just run", async () => {
    await send(visit(LONG_AGO));
    await forget();
    await env.DB.prepare("UPDATE projections SET updated_at = ?").bind(Date.now()).run();
    expect(await totalOf(await ask())).toBe(1);
  });

  it("does not make the tables run again within ten seconds", async () => {
    await send(visit());
    await age();
    expect(await totalOf(await ask())).toBe(1);
    const at = await env.DB.prepare("SELECT min(updated_at) AS at FROM projections WHERE name = 'daily'").first<number>(
      "at",
    );
    await send(visit());
    const second = await ask();
    // Only if this machine was fast enough.
    if (Date.now() - (at ?? 0) < AGE) expect([await totalOf(second), runs()]).toEqual([1, 1]);
    expect(second.headers.get("x-lag-events")).toBeNull();
    await age();
    expect(await totalOf(await ask())).toBe(2);
  });

  it("shares one run with all that are asked at the same time", async () => {
    await send(...Array.from({ length: 30 }, (_, n) => visit({ player_id: `p${n}` })));
    await age();
    const paths = ["/metrics", "/campaigns", "/funnel", "/cohorts", "/kpis", "/players", "/anomalies", "/reports"];
    const answers = await Promise.all([...paths, ...paths].map((path) => ask(path)));
    expect(answers.map(({ status }) => status)).toEqual(Array(paths.length * 2).fill(200));
    await Promise.all(answers.map((answer) => answer.text()));
    expect(runs()).toBe(1);
    expect(await totalOf(await ask())).toBe(30);
  });

  it("counts once an event that is redelivered while reports are asked for", async () => {
    const events = Array.from({ length: 40 }, (_, n) => visit({ player_id: `p${n % 7}` }));
    for (let n = 0; n < 40; n += 4) {
      await forget();
      const batch = [{ events: events.slice(Math.max(0, n - 4), n + 4) }];
      await Promise.all([
        deliver(batch),
        deliver(batch),
        ask(),
        ask("/campaigns"),
        bringForward(env, db, Date.now(), 0),
      ]);
    }
    await age();
    expect(await totalOf(await ask())).toBe(40);
  });

  it("is not answered with 304 any more once an event has waited for too long", async () => {
    await send(visit());
    await age();
    const first = await ask();
    const etag = first.headers.get("etag") ?? "";
    expect([await totalOf(first), etag]).toEqual([1, expect.stringMatching(/^"\w{32}"$/)]);
    expect((await ask("/metrics", { "if-none-match": etag })).status).toBe(304);
    await send(visit());
    await age();
    const second = await ask("/metrics", { "if-none-match": etag });
    expect([second.status, await totalOf(second)]).toEqual([200, 2]);
  });

  it("resolves a filter with the tags of the events that it waited for", async () => {
    await send(visit({ banner_tag: "unheard-of" }));
    await age();
    const response = await get(`/metrics?project_id=${project_id}&banner_tag_contains=heard`);
    expect(await totalOf(response)).toBe(1);
  });

  it("of a player, an export and the request log have these events, too", async () => {
    const path = `/players/p/export?project_id=${project_id}`;
    await send(visit());
    await age();
    expect(await read(path)).toMatchObject({
      profile: { total_events: 1 },
    });
    await send(visit());
    await age();
    expect(await (await ask("/requests")).json()).toMatchObject({ counts: { accepted_as: { counted: 2 } } });
    await send(visit());
    await age();
    expect(await (await ask("/players/p/stats")).json()).toMatchObject({ total_events: 3 });
  });
});

describe("where the tables cannot be brought forward", () => {
  const broken = (bringForward: () => Promise<boolean>): Env =>
    ({
      ...env,
      RUNNER: { getByName: () => ({ bringForward, ping: bringForward, wake: bringForward }) },
    }) as unknown as Env;

  it.each([
    ["the object fails", async () => Promise.reject(new Error("overloaded")), '"catching up failed"'],
    ["the object never answers", () => new Promise<boolean>(() => undefined), ""],
  ])("because %s, a report has the counted events, says how many it lacks, and has no ETag", async (_, asked, line) => {
    await send(visit());
    await settle();
    await send(visit(LONG_AGO), visit());
    const response = await callWith(broken(asked), "GET", `/metrics?project_id=${project_id}`);
    expect([response.status, await totalOf(response)]).toEqual([200, 1]);
    const { headers } = response;
    expect([headers.get("x-lag-events"), headers.get("etag")]).toEqual(["2", null]);
    expect(Number(headers.get("x-lag-seconds"))).toBeGreaterThanOrEqual(60);
    expect(errors().join()).toContain(line);
    if (line === "") expect(vi.mocked(console.warn).mock.calls.join()).toContain('"tables behind","events":2');
  });

  it("because the object fails, /health says so", async () => {
    forgetHealth();
    const response = await requestWith(
      broken(async () => Promise.reject(new Error("overloaded"))),
      new Request(`${HOST}/health`),
    );
    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ dependencies: expect.objectContaining({ runner: "failing", database: "ok" }) }),
    ]);
    forgetHealth();
  });

  it("because a table refuses its rows, it is the same, until the table accepts them", async () => {
    await env.DB.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON event_outcomes BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    try {
      await send(visit(LONG_AGO));
      await age();
      const response = await ask();
      expect([response.status, response.headers.get("x-lag-events")]).toEqual([200, "1"]);
      await response.text();
      expect(errors().join()).toContain('"projection failed","projection":"outcomes"');
      expect((await projectionHealth(env, db, Date.now())).outcomes?.status).toBe("failing");
      // During its pause, a request neither waits for it nor starts it earlier.
      const pause = await alarm();
      expect(await tables().bringForward("tables", 0, 60_000)).toBe(false);
      expect(await alarm()).toBe(pause);
    } finally {
      await env.DB.exec("DROP TRIGGER refuse");
    }
    await until(async () => (await least()) === (await head()));
    expect((await projectionHealth(env, db, Date.now())).outcomes).toEqual({
      status: "ok",
      lag_events: 0,
      lag_seconds: 0,
    });
  });

  it("because there is too much to do for now, no request waits", async () => {
    const waits: number[] = [];
    const asked = async (_: string, __: number, wait: number) => waits.push(wait) < 0;
    const own = { ...env, RUNNER: { getByName: () => ({ bringForward: asked }) } } as unknown as Env;
    await deliver([{ events: [visit(LONG_AGO)] }], unwoken);
    await bringForward(own, db, Date.now());
    await env.DB.prepare("UPDATE events SET seq = seq + 6000 WHERE project_id = ?").bind(project_id).run();
    await bringForward(own, db, Date.now());
    expect(waits).toEqual([expect.any(Number), 0]);
    expect(waits[0]).toBeGreaterThan(0);
  });
});

describe("work that needs the whole log", () => {
  it("brings the tables to the end of the log, however recently they ran", async () => {
    await send(visit());
    await age();
    await (await ask()).text();
    await send(visit());
    const all = await head();
    await bringForward(env, db, Date.now(), 0);
    expect(await least()).toBeGreaterThanOrEqual(all);
  });

  it("settles a day although events wait, and sweeps it once the archive has them", async () => {
    await env.DB.prepare("UPDATE projects SET retention = ? WHERE project_id = ?")
      .bind(JSON.stringify({ events_days: 62 }), project_id)
      .run();
    const timestamp = Date.now() - 20 * 24 * HOUR;
    const { event_date } = storedEvent({ project_id, event_type: "visit", timestamp });
    await send(visit({ timestamp, event_date }), visit());
    const later = Date.now() + 50 * 24 * HOUR;
    await runDuty("retention", env, later);
    const settled = await env.DB.prepare("SELECT settled_before FROM projects WHERE project_id = ?")
      .bind(project_id)
      .first<string>("settled_before");
    expect(settled?.localeCompare(event_date)).toBe(1);
    expect(await least()).toBe(await head());
  });

  it("keeps a day's report once it is over, with all of its events", async () => {
    await send(visit());
    await age();
    const midnight = (Math.floor(Date.now() / (24 * HOUR)) + 1) * 24 * HOUR;
    await runDuty("reports", env, midnight - 15 * 60_000);
    expect(await least()).toBeLessThan(await head());
    await runDuty("reports", env, midnight);
    const kept = await env.DB.prepare(
      "SELECT events, revision FROM aggregated_reports WHERE project_id = ? AND report_type = 'daily'",
    )
      .bind(project_id)
      .first();
    expect(kept).toEqual({ events: 1, revision: 1 });
  });
});

describe("the health of the tables", () => {
  const healthAfter = async (minutes: number) => {
    const { daily, live } = await projectionHealth(env, db, Date.now() + minutes * 60_000);
    return [daily?.status, live?.status];
  };

  it("is good for an hour with few events, and the live counters' for two minutes", async () => {
    await deliver([{ events: [visit()] }], unwoken);
    expect(await healthAfter(1)).toEqual(["ok", "ok"]);
    expect(await healthAfter(60)).toEqual(["ok", "behind"]);
    expect(await healthAfter(63)).toEqual(["behind", "behind"]);
  });

  it(`is good for two minutes with ${GATHERED}`, async () => {
    await deliver([{ events: Array.from({ length: GATHERED - 1 }, () => visit()) }], unwoken);
    expect((await healthAfter(30))[0]).toBe("ok");
    await deliver([{ events: [visit()] }], unwoken);
    expect((await healthAfter(1))[0]).toBe("ok");
    expect((await healthAfter(3))[0]).toBe("behind");
    const scraped = await (await SELF.fetch(`${HOST}/metrics`, { headers: ADMIN })).text();
    expect(scraped).toContain('edgepixel_projection_behind{projection="daily"} 0');
    expect(scraped).toContain(
      `edgepixel_events_accepted_total{project_id="${project_id}",outcome="counted"} ${GATHERED}`,
    );
    expect(await least()).toBeLessThan(await head());
  });
});
