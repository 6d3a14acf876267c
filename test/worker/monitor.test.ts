/** `GET /metrics`: strictly well-formed, exact to the last event, and each part fails separately. */
import {
  createExecutionContext,
  env,
  evictDurableObject,
  runInDurableObject,
  SELF,
  waitOnExecutionContext,
} from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { PlanUseView } from "../../worker/admin/plan.ts";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import worker from "../../worker/index.ts";
import { BOUNDS_MS, ROUTE_CLASSES } from "../../worker/meter/meter.ts";
import { expose, FAMILIES } from "../../worker/monitor/families.ts";
import { PARTS_OF_ALL, PARTS_OF_SHARDS } from "../../worker/monitor/parts.ts";
import { read } from "./api.ts";
import { ADMIN, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, storedEvent } from "./log.ts";

const HOST = "https://monitor.example";
type Metric = { type: string; help: string; samples: Map<string, number> };

/** Prometheus' text exposition format 0.0.4, read strictly: anything else throws. */
function parse(text: string): Map<string, Metric> {
  const families = new Map<string, Metric>();
  if (!text.endsWith("\n")) throw new Error("The last line must end.");
  let help: [string, string] | null = null;
  let current: [string, Metric] | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      if (help || families.has(name)) throw new Error(`HELP out of place: ${line}`);
      help = [name, rest];
    } else if (kind === "TYPE") {
      if (help?.[0] !== name || !/^(?:counter|gauge|histogram)$/.test(rest)) throw new Error(`Bad TYPE: ${line}`);
      current = [name, { type: rest, help: help[1], samples: new Map() }];
      families.set(...current);
      help = null;
    } else {
      const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/.exec(line);
      if (!sample || !current || help) throw new Error(`No sample: ${line}`);
      const [, full = "", labels = "", value = ""] = sample;
      const suffix = full.slice(current[0].length);
      const allowed = current[1].type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      if (!full.startsWith(current[0]) || !allowed.includes(suffix)) throw new Error(`Of another family: ${line}`);
      const pairs = labels === "" ? "" : labels.slice(1, -1);
      if (
        labels !== "" &&
        !/^[a-zA-Z_]\w*="(?:[^"\\]|\\[\\"n])*"(?:,[a-zA-Z_]\w*="(?:[^"\\]|\\[\\"n])*")*$/.test(pairs)
      )
        throw new Error(`Bad labels: ${line}`);
      if (current[1].samples.has(full + labels)) throw new Error(`Given twice: ${line}`);
      current[1].samples.set(full + labels, Number(value));
    }
  }
  if (help) throw new Error("A HELP without its TYPE.");
  return families;
}

async function scrape(query = "", headers: HeadersInit = ADMIN): Promise<Map<string, Metric>> {
  const response = await SELF.fetch(`${HOST}/metrics${query}`, { headers });
  expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([
    200,
    "text/plain; version=0.0.4; charset=utf-8",
    "no-store",
  ]);
  return parse(await response.text());
}
const values = (families: Map<string, Metric>) =>
  new Map([...families.values()].flatMap(({ samples }) => [...samples]));

const send = async (path: string, init: RequestInit = {}) => {
  const response = await SELF.fetch(`${HOST}${path}`, init);
  await response.body?.cancel();
  return response.status;
};

let collect = "";
beforeAll(async () => {
  for (const name of ["scraped", "quiet", "failing"]) await createProject(name);
  collect = await makeApiKey({ role: "collect", project_id: "scraped" });
});

describe("the text", () => {
  it("follows Prometheus' format strictly, with a HELP and TYPE for each family and names by its conventions", async () => {
    await keepDeadLetters(db, [{ event: null, message: {}, error: "unreadable" }], "event-log", Date.now());
    const target = { project_id: "scraped", name: "t", event_types: ["level_up"], url: "https://tracker.example.com/" };
    await send("/api/v1/postbacks", { method: "POST", headers: ADMIN, body: JSON.stringify(target) });
    const source = { project_id: "scraped", name: "network", preset: "generic" };
    await send("/api/v1/sources", { method: "POST", headers: ADMIN, body: JSON.stringify(source) });
    const channel = { project_id: "scraped", name: "c", kind: "slack", settings: { url: "https://hooks.slack.com/x" } };
    await send("/api/v1/channels", { method: "POST", headers: ADMIN, body: JSON.stringify(channel) });
    const alert = { project_id: "scraped", name: "a", condition: { kind: "postbacks" }, channels: [] };
    await send("/api/v1/alerts", { method: "POST", headers: ADMIN, body: JSON.stringify(alert) });
    await send("/visit?project_id=scraped");
    await vi.waitFor(async () => expect([...(await scrape()).keys()].sort()).toEqual(Object.keys(FAMILIES).sort()), {
      timeout: 200_000,
    });
    for (const [name, { type, help }] of await scrape()) {
      expect(name).toMatch(/^edgepixel_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(help).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("escapes the values of labels", () => {
    const text = expose([{ family: "edgepixel_up", labels: { part: 'a"b\\c\nd' }, value: 1 }]);
    expect(text).toContain('edgepixel_up{part="a\\"b\\\\c\\nd"} 1\n');
    expect(parse(text).size).toBe(1);
  });

  it("has histograms whose buckets grow and end with the count", async () => {
    const { samples } = (await scrape()).get("edgepixel_http_request_duration_seconds") as Metric;
    for (const route of ROUTE_CLASSES) {
      const name = "edgepixel_http_request_duration_seconds";
      const buckets = [...BOUNDS_MS.map((bound) => String(bound / 1_000)), "+Inf"].map(
        (le) => samples.get(`${name}_bucket{route="${route}",le="${le}"}`) as number,
      );
      expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
      expect(buckets.at(-1)).toBe(samples.get(`${name}_count{route="${route}"}`));
      expect(samples.get(`${name}_sum{route="${route}"}`)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("the counters", () => {
  it("grow by exactly what was sent", async () => {
    // Counts of the previous test, and of making a key, a target, a source, a channel and an alert, arrive later.
    const before = await vi.waitFor(
      async () => {
        const now = values(await scrape());
        expect(now.get('edgepixel_http_requests_total{route="pixel",status="4xx"}')).toBe(1);
        expect(now.get('edgepixel_http_requests_total{route="write",status="2xx"}')).toBe(5);
        expect(now.get('edgepixel_events_rejected_total{project_id="scraped",door="pixel"}')).toBe(1);
        return now;
      },
      { timeout: 200_000, interval: 200 },
    );
    const pixel = (query: string, init?: RequestInit) =>
      send(`/deposit?project_id=scraped&player_id=p&btag=t${query}`, init);
    const paid = "&amount=5&currency=EUR";
    const bot = { headers: { "user-agent": "SomeCrawler bot/1.0" } };
    for (const [query, status, init] of [
      [`${paid}&event_id=m1`, 200],
      [`${paid}&event_id=m1`, 200],
      [`${paid}&event_id=m2&transaction_id=t1`, 200],
      [`${paid}&event_id=m3&transaction_id=t1`, 200],
      [`${paid}&event_id=m4&test=1`, 200],
      [`${paid}&event_id=m5`, 200, bot],
      ["&amount=5", 400],
      ["&amount={payout}", 400],
      ["&amount=5", 400],
    ] as [string, number, RequestInit?][]) {
      expect(await pixel(query, init)).toBe(status);
    }
    const events = [
      { event_type: "spin", player_id: "p", event_id: "m6" },
      { event_type: "spin", player_id: "p", event_id: "m7" },
      { event_type: "spin" },
      { event_type: "Not A Type", player_id: "p" },
    ];
    const body = JSON.stringify(events);
    expect(
      await send("/api/v1/events", { method: "POST", headers: { authorization: `Bearer ${collect}` }, body }),
    ).toBe(202);
    expect(await send("/api/v1/metrics?project_id=quiet", { headers: ADMIN })).toBe(200);
    expect(await send("/api/v1/keys/none", { method: "PATCH", headers: ADMIN, body: "{}" })).toBe(404);

    const moved = {
      'edgepixel_events_accepted_total{project_id="scraped",outcome="counted"}': 4,
      'edgepixel_events_accepted_total{project_id="scraped",outcome="test"}': 1,
      'edgepixel_events_accepted_total{project_id="scraped",outcome="duplicate"}': 1,
      'edgepixel_events_accepted_total{project_id="scraped",outcome="bot"}': 1,
      'edgepixel_events_rejected_total{project_id="scraped",door="pixel"}': 3,
      'edgepixel_events_rejected_total{project_id="scraped",door="api"}': 2,
      'edgepixel_rejection_reasons_total{project_id="scraped",door="pixel",code="missing"}': 3,
      'edgepixel_rejection_reasons_total{project_id="scraped",door="pixel",code="unexpanded_macro"}': 1,
      'edgepixel_rejection_reasons_total{project_id="scraped",door="api",code="missing"}': 1,
      'edgepixel_rejection_reasons_total{project_id="scraped",door="api",code="invalid"}': 1,
      edgepixel_queue_events_total: 8,
      edgepixel_queue_duplicates_total: 1,
      'edgepixel_http_requests_total{route="pixel",status="2xx"}': 6,
      'edgepixel_http_requests_total{route="pixel",status="4xx"}': 3,
      'edgepixel_http_requests_total{route="events",status="2xx"}': 1,
      'edgepixel_http_requests_total{route="read",status="2xx"}': 1,
      'edgepixel_http_requests_total{route="write",status="4xx"}': 1,
      'edgepixel_http_request_duration_seconds_count{route="pixel"}': 9,
      'edgepixel_http_request_duration_seconds_count{route="events"}': 1,
      'edgepixel_http_request_duration_seconds_count{route="read"}': 1,
      'edgepixel_http_request_duration_seconds_count{route="write"}': 1,
    };
    const differences = (after: Map<string, number>) =>
      Object.fromEntries(
        [...after]
          .map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const)
          .filter(([, by]) => by !== 0),
      );
    await vi.waitFor(async () => expect(differences(values(await scrape()))).toMatchObject(moved), {
      timeout: 200_000,
      interval: 500,
    });
    // Nothing else changed, except metrics of time, of batches, and of the scrapes themselves.
    const others = Object.keys(differences(values(await scrape()))).filter(
      (name) => !(name in moved) && !/"other"|_bucket|_sum|_lag_|queue_(?:batches|messages)/.test(name),
    );
    expect(others).toEqual([]);
  });

  it("count dead letters, and batches that the log could not take", async () => {
    const letter = {
      event: storedEvent({ project_id: "failing", event_type: "visit", event_id: "dead" }),
      error: "SQLITE_CONSTRAINT",
    };
    await keepDeadLetters(db, [letter], "event-log", Date.now());
    const down = new Proxy(env.DB, {
      get: () => () => {
        throw new Error("D1_ERROR: overloaded");
      },
    });
    const retries = async () => values(await scrape()).get("edgepixel_queue_retries_total") as number;
    const before = await retries();
    await deliver([{ events: [letter.event] }], { ...env, DB: down });
    expect(await retries()).toBe(before + 1);
    const now = values(await scrape());
    expect(now.get('edgepixel_dead_letters{project_id="failing",status="waiting"}')).toBe(1);
    expect(now.get('edgepixel_dead_letters_total{project_id="failing"}')).toBe(1);
    expect(now.get('edgepixel_dead_letters{project_id="quiet",status="waiting"}')).toBe(0);
  });

  it("never decrease: requests that the log deletes after 31 days stay counted, and a delivery counts once", async () => {
    const stub = env.REQUEST_LOG.getByName("forgetful");
    const hour = Math.floor(Date.now() / 3_600_000);
    const record = (at: number, total: number) =>
      stub.record({
        id: `${at}`,
        hour: at,
        requests: { pixel: total, api: 1 },
        reasons: [{ door: "pixel", code: "missing", field: "currency", total }],
        samples: [],
      });
    for (const [age, total] of [
      [40 * 24, 5],
      [32 * 24, 7],
      [1, 11],
    ] as const)
      await record(hour - age, total);
    await record(hour, 13);
    const all = {
      events: [
        { door: "api", total: 4 },
        { door: "pixel", total: 36 },
        { door: "postback", total: 0 },
      ],
      reasons: [{ door: "pixel", code: "missing", total: 36 }],
    };
    expect(await stub.totals()).toMatchObject(all);
    const { kept } = await runInDurableObject(stub, (_, state) =>
      state.storage.sql.exec<{ kept: number }>("SELECT count(*) AS kept FROM hours").one(),
    );
    expect(kept).toBe(2);

    const meter = env.METER.getByName("twice");
    const noon = Date.UTC(2026, 4, 1, 12);
    await meter.record("a", { "queue events": 3 }, noon);
    await meter.record("a", { "queue events": 3 }, noon);
    await meter.record("b", { "queue events": 4, "ms pixel": 1 }, noon);
    expect(await meter.read()).toEqual({ "queue events": 7, "ms pixel": 1 });
  });
});

describe("the meter", () => {
  it("counts by day, also after a restart, and in an object that is older than these counts", async () => {
    const day = (date: string, hour: number) => Date.parse(`${date}T00:00:00Z`) + hour * 3_600_000;
    const meter = env.METER.getByName("days");
    await runInDurableObject(meter, (_, { storage: { sql } }) => {
      sql.exec("DROP TABLE state");
      sql.exec("CREATE TABLE state (id INTEGER PRIMARY KEY, counts TEXT NOT NULL, deliveries TEXT NOT NULL)");
      sql.exec(`INSERT INTO state VALUES (0, '{"queue messages":5}', '["old"]')`);
    });
    await evictDurableObject(meter);
    expect(await meter.countsOf("2026-05-01")).toEqual({});
    await meter.record("a", { "queue messages": 2 }, day("2026-05-01", 10));
    await meter.record("b", { "queue messages": 1, "ms pixel": 4 }, day("2026-05-01", 23.9));
    expect(await meter.countsOf("2026-05-01")).toEqual({ "queue messages": 3, "ms pixel": 4 });
    await evictDurableObject(meter);
    await meter.record("c", { "queue messages": 7 }, day("2026-05-02", 0));
    expect(await meter.countsOf("2026-05-02")).toEqual({ "queue messages": 7, "ms pixel": 0 });
    expect(await meter.countsOf("2026-05-01")).toEqual({});
    expect(await meter.read()).toEqual({ "queue messages": 15, "ms pixel": 4 });
  });

  it("says how much of the plan is used", async () => {
    await env.METER.getByName("instance").record(
      "many",
      { "requests pixel 2xx": 90_000, "queue messages": 100 },
      Date.now(),
    );
    const { rows } = await read<{ rows: PlanUseView[] }>("/plan");
    const by = Object.fromEntries(rows.map((row) => [row.what, row]));
    expect(by.database_megabytes).toMatchObject({ allowed: 500 });
    expect(by.database_megabytes?.used).toBeGreaterThan(0);
    expect(by.requests_a_day).toMatchObject({ allowed: 100_000 });
    expect(by.requests_a_day?.percent).toBeGreaterThanOrEqual(90);
    expect(by.queue_operations_a_day?.used).toBeGreaterThanOrEqual(300);
  });
});

describe("a part that fails", () => {
  const ask = async (bindings: Partial<Record<keyof Env, unknown>>) => {
    const context = createExecutionContext();
    const request = new Request(`${HOST}/metrics`, { headers: ADMIN });
    const response = await worker.fetch(request, { ...env, ...bindings } as Env, context);
    expect(response.status).toBe(200);
    const text = await response.text();
    await waitOnExecutionContext(context);
    return parse(text);
  };
  const away = {
    getByName: () => ({
      read: () => Promise.reject(new Error("away")),
      totals: () => Promise.reject(new Error("away")),
    }),
  };
  const noDatabase = new Proxy(env.DB, {
    get: () => () => {
      throw new Error("D1_ERROR: away");
    },
  });

  it.each<[string, Partial<Record<keyof Env, unknown>>, string[], string]>([
    ["the request log", { REQUEST_LOG: away }, ["rejections"], "edgepixel_queue_events_total"],
    [
      "the database",
      { DB: noDatabase },
      ["outcomes", "rejections", "dead_letters", "postbacks", "alerts", "projections", "duties"],
      "edgepixel_queue_events_total",
    ],
  ])("%s removes only its own metrics", async (_, bindings, down, left) => {
    const families = await ask(bindings);
    for (const part of Object.keys({ ...PARTS_OF_SHARDS, ...PARTS_OF_ALL })) {
      expect([part, families.get("edgepixel_up")?.samples.get(`edgepixel_up{part="${part}"}`)]).toEqual([
        part,
        down.includes(part) ? 0 : 1,
      ]);
    }
    expect(families.has(left)).toBe(true);
  });
});

describe("a reader of the metrics", () => {
  it("with a key of one project sees that one, and nothing of the instance", async () => {
    const key = await makeApiKey({ role: "viewer", project_id: "quiet" });
    const headers = { authorization: `Bearer ${key}` };
    for (const query of ["", "?project_id=quiet"]) {
      const own = await scrape(query, headers);
      const projects = [...values(own).keys()].flatMap((name) => /project_id="([^"]*)"/.exec(name)?.[1] ?? []);
      expect(new Set(projects)).toEqual(new Set(["quiet"]));
      expect([...own.keys()].filter((name) => /http|queue/.test(name))).toEqual([]);
      expect(own.has("edgepixel_projection_lag_events")).toBe(true);
    }
    expect(await send("/metrics?project_id=scraped", { headers })).toBe(403);
    expect([...values(await scrape("?project_id=quiet")).keys()].some((name) => name.includes('"scraped"'))).toBe(
      false,
    );
  });

  it("must have the role viewer and no limit to tags, and may send no other parameter", async () => {
    const as = async (given: Parameters<typeof makeApiKey>[0]) =>
      send("/metrics", { headers: { authorization: `Bearer ${await makeApiKey(given)}` } });
    expect(await send("/metrics")).toBe(401);
    expect(await as({ role: "collect", project_id: "quiet" })).toBe(403);
    expect(await as({ role: "viewer", project_id: "quiet", banner_tags: ["t"] })).toBe(403);
    expect(await as({ role: "viewer", project_id: null })).toBe(200);
    expect(await send("/metrics?colour=red", { headers: ADMIN })).toBe(400);
  });
});
