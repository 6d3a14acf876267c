import { env, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Requests } from "../../worker/admin/requests.ts";
import { ERROR_CODES } from "../../worker/event.ts";
import { outcomes } from "../../worker/projections/outcomes.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import type { Bots } from "../../worker/reports/bots.ts";
import { hintFor } from "../../worker/request-log/hints.ts";
import { type Delivery, SAMPLES_KEPT } from "../../worker/request-log/log.ts";
import { boundedRequest, SAMPLES_A_MINUTE } from "../../worker/request-log/rejection.ts";
import { call, get, HOST, read, requestWith, sendPixel } from "./api.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

type Sent = Record<string, string>;
const ask = (project_id: string, query: Sent = {}, headers?: HeadersInit) =>
  get(`/requests?${new URLSearchParams({ project_id, ...query })}`, headers);
const requests = async (project_id: string, query: Sent = {}) => {
  const response = await ask(project_id, query);
  expect(response.status).toBe(200);
  return response.json<Requests>();
};
/** Gathered requests arrive within a second or two. */
const rejected = (project_id: string, total: number) =>
  vi.waitFor(
    async () => {
      const answer = await requests(project_id, { status: "rejected" });
      expect(answer.counts.rejected).toBe(total);
      return answer;
    },
    { timeout: 200_000, interval: 100 },
  );

beforeAll(async () => {
  for (const name of ["flood", "ring", "words", "mine", "other", "taken", "counted", "api", "shy", "down"]) {
    await createProject(name);
  }
});

describe("a flood of rejected pixels", () => {
  it("is counted completely, in few calls and rows, with a limited number of samples", async () => {
    const record = vi.fn();
    const counting = {
      ...env,
      REQUEST_LOG: {
        getByName: (name: string) => ({
          record: (delivery: Delivery) => {
            record(delivery);
            return env.REQUEST_LOG.getByName(name).record(delivery);
          },
        }),
      },
    } as unknown as Env;
    const answers = await Promise.all(
      Array.from({ length: 500 }, async (_, n) => {
        const query = new URLSearchParams({ project_id: "flood", player_id: `p${n}`, amount: "{payout}", btag: "t" });
        if (n === 499) {
          query.set("amount", "5");
          query.set("currency", "EUR");
          query.set("timestamp", "1700000000");
        }
        const response = await requestWith(counting, new Request(`${HOST}/deposit?${query}`));
        return response.status;
      }),
    );
    expect(new Set(answers)).toEqual(new Set([400]));
    const { counts, rows } = await rejected("flood", 500);
    const by = Object.fromEntries(
      counts.by_reason.map(({ door, code, field, total }) => [`${door} ${code} ${field}`, total]),
    );
    expect(by).toEqual({
      "pixel unexpanded_macro amount": 499,
      "pixel missing currency": 499,
      "pixel timestamp_out_of_range timestamp": 1,
    });
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThanOrEqual(SAMPLES_A_MINUTE);
    expect(record.mock.calls.length).toBeLessThanOrEqual(4);
    const deliveries = record.mock.calls.map(([delivery]) => delivery as Delivery);
    // One row for the hour, for each reason and for each sample.
    const written = deliveries.reduce((sum, { reasons, samples }) => sum + 1 + reasons.length + samples.length, 0);
    console.info(JSON.stringify({ rejected: 500, calls: deliveries.length, rows: written, samples: rows.length }));
    expect(written).toBeLessThan(60);
  });

  it("that is delivered twice is counted once, and costs as many rows as it has reasons and samples", async () => {
    const stub = env.REQUEST_LOG.getByName("twice");
    const delivery: Delivery = {
      id: "d1",
      hour: 490_000,
      requests: { pixel: 3, api: 1 },
      reasons: [{ door: "pixel", code: "missing", field: "currency", total: 4 }],
      samples: [{ at: 490_000 * 3_600_000, door: "pixel", event_type: "deposit", errors: [], request: "{}" }],
    };
    await stub.record(delivery);
    await stub.record(delivery);
    expect(await stub.read(0, Number.MAX_SAFE_INTEGER, 9)).toMatchObject({
      total: 4,
      reasons: [{ total: 4 }],
      samples: [{ n: 1 }],
    });
  });
});

describe("the ring", () => {
  it("keeps the newest samples, some of a minute, and forgets after 31 days", async () => {
    const stub = env.REQUEST_LOG.getByName("ring");
    const start = Math.floor(Date.now() / 3_600_000) - 10;
    const send = (minute: number, count: number, fields = 5) => {
      const at = start * 3_600_000 + minute * 60_000;
      const errors = (n: number) => [{ field: `f${n % fields}`, code: "invalid" as const, message: "" }];
      return stub.record({
        id: `${minute}`,
        hour: Math.floor(at / 3_600_000),
        requests: { pixel: count, api: 0 },
        reasons: errors(0).map(({ code, field }) => ({ door: "pixel", code, field, total: count })),
        samples: Array.from({ length: count }, (_, n) => ({
          at: at + n,
          door: "pixel",
          event_type: "visit",
          errors: errors(n),
          request: JSON.stringify({ player_id: `p${n}`, n: minute * 1_000 + n }),
        })),
      });
    };
    for (let minute = 0; minute < 40; minute++) await send(minute, 50);
    const { total, samples } = await stub.read(0, Number.MAX_SAFE_INTEGER, 10_000);
    expect([total, samples.length]).toEqual([2_000, SAMPLES_KEPT]);
    expect(samples.map(({ n }) => n)).toEqual(
      Array.from({ length: SAMPLES_KEPT }, (_, index) => 40 * SAMPLES_A_MINUTE - index),
    );
    expect(
      await runInDurableObject(stub, (_, state) => state.storage.sql.exec("SELECT count(*) AS n FROM samples").one().n),
    ).toBe(SAMPLES_KEPT);

    expect(await stub.erase("an erasure", '"p3"')).toBeGreaterThan(0);
    const left = await stub.read(0, Number.MAX_SAFE_INTEGER, 10_000);
    expect(left.samples.some(({ request }) => request.includes('"p3"'))).toBe(false);
    expect(left.total).toBe(2_000);

    await send(32 * 1_440, 1);
    expect(await stub.read(0, Number.MAX_SAFE_INTEGER, 10_000)).toMatchObject({ total: 1, samples: [{ n: 1_201 }] });
  });

  it("counts by code alone when there are more fields than any integration has", async () => {
    const stub = env.REQUEST_LOG.getByName("invented");
    for (const id of ["a", "b", "c"]) {
      const reasons = Array.from(
        { length: 100 },
        (_, n) => ({ door: "api", code: "schema_violation", field: `${id}${n}`, total: 1 }) as const,
      );
      await stub.record({ id, hour: 490_000, requests: { pixel: 0, api: 100 }, reasons, samples: [] });
    }
    const { total, reasons } = await stub.read(0, Number.MAX_SAFE_INTEGER, 1);
    expect([total, reasons.length, reasons[0]]).toEqual([
      300,
      201,
      { door: "api", code: "schema_violation", field: "(other)", total: 100 },
    ]);
  });
});

describe("hints", () => {
  it.each(ERROR_CODES)("recognise %s in any field", (code) => {
    expect(hintFor({ code, field: "anything" })).toMatch(/^.{20,}[.]$/);
    expect(hintFor({ code, field: "anything" })).not.toContain("$");
  });

  const HOUR = 3_600_000;
  const AT = Date.parse("2026-08-01T12:00:00Z");
  it.each<[string, string, Sent, RegExp]>([
    [
      "unexpanded_macro",
      "amount",
      { amount: "{payout}" },
      /^`\{payout\}` arrived unexpanded: your network did not fill in the macro/,
    ],
    ["unexpanded_macro", "event_id", { event_id: "%ID%" }, /^`%ID%` arrived unexpanded/],
    ["missing", "currency", { amount: "5" }, /Add `currency`/],
    ["missing", "currency", { amount: "5", cur: "EUR" }, /^The currency came as `cur`/],
    ["missing", "amount", { currency: "EUR", payout: "5" }, /^The amount came as `payout`/],
    ["missing", "transaction_id", { order_id: "7" }, /^The transaction came as `order_id`/],
    ["missing", "transaction_id", {}, /add `transaction_id` or `event_id`/],
    ["missing", "banner_tag", {}, /add `banner_tag`/],
    ["missing", "banner_tag", { affid: "7" }, /^The campaign's tag came as `affid`/],
    ["missing", "player_id", { user_id: "7" }, /^The player's id came as `user_id`/],
    ["missing", "player_id", {}, /`visitor_id` while the player is not known/],
    ["timestamp_out_of_range", "timestamp", { timestamp: "1785585600" }, /is in seconds/],
    [
      "timestamp_out_of_range",
      "timestamp",
      { timestamp: String(AT + 2 * HOUR) },
      /local time was sent as if it were UTC/,
    ],
    [
      "timestamp_out_of_range",
      "timestamp",
      { timestamp: "2026-08-01T14:00:00" },
      /local time was sent as if it were UTC/,
    ],
    ["timestamp_out_of_range", "timestamp", { timestamp: String(AT + 99 * HOUR) }, /far in the future/],
    ["timestamp_out_of_range", "timestamp", { timestamp: String(AT - 999 * HOUR) }, /too old/],
    ["invalid", "amount", { amount: "1,50" }, /has a comma/],
    ["invalid", "amount", { amount: "5 EUR" }, /number alone/],
    ["invalid", "amount", { amount: "-5" }, /negative/],
    ["invalid", "currency", { currency: "usdt" }, /not an ISO 4217 code/],
    ["invalid", "event_type", { event_type: "{goal}" }, /^`\{goal\}` arrived unexpanded/],
    ["invalid", "score", { score: "NaN" }, /variable without a value/],
    ["repeated", "banner_tag", { btag: "a" }, /another name/],
    ["repeated", "data", {}, /came twice/],
    ["unknown_project", "project_id", { project_id: "brnad" }, /no such project/],
    [
      "bad_signature",
      "sig",
      {},
      /HMAC-SHA256, under the project's pixel secret or the signing secret of the source, of all other parameters/,
    ],
    ["origin_not_allowed", "event", {}, /allowed origins/],
    ["privacy_signal", "event", {}, /asks not to be tracked/],
    ["too_many_keys", "data", {}, /first 40/],
  ])("%s of %s, %j", (code, field, sent, hint) => {
    expect(hintFor({ code, field }, sent, AT)).toMatch(hint);
  });
});

describe("a request in the log", () => {
  it("is shown with at most a kilobyte, and without signatures and keys", () => {
    const key = `ep_${"0a".repeat(8)}_${"1b".repeat(24)}`;
    const shown = boundedRequest([
      ["sig", "f".repeat(64)],
      ["api_key", "secret"],
      ["player_id", "p"],
      ["note", `my key is ${key}`],
      [key, "x"],
      ["data", { token: "secret", deep: { password: "secret" }, key }],
      ["__proto__", "polluted"],
      ["btag", "a"],
      ["btag", "b"],
      ...Array.from({ length: 50 }, (_, n): [string, string] => [`k${n}`, "ü".repeat(1_000)]),
      ["lone", "\ud800"],
    ]);
    expect(new TextEncoder().encode(shown).length).toBeLessThanOrEqual(1_100);
    expect(shown).not.toMatch(/secret"|ep_|f{64}/);
    const read = JSON.parse(shown);
    expect(read).toMatchObject({
      player_id: "p",
      note: "my key is [key]",
      btag: ["a", "b"],
      "…": expect.stringMatching(/^\d+ more$/),
    });
  });
});

describe("rejections", () => {
  it("are shown with what was sent, why it was refused and what to do", async () => {
    await sendPixel("/deposit", {
      project_id: "words",
      player_id: "p",
      btag: "t",
      amount: "{payout}",
      currency: "EUR",
      sig: "ab",
    });
    const { rows, next_cursor } = await rejected("words", 1);
    expect(next_cursor).toBeNull();
    expect(rows).toEqual([
      {
        at: expect.any(String),
        status: "rejected",
        door: "pixel",
        event_type: "deposit",
        event_id: null,
        request: { project_id: "words", player_id: "p", btag: "t", amount: "{payout}", currency: "EUR" },
        errors: [{ field: "amount", code: "unexpanded_macro", message: expect.any(String) }],
        hint: expect.stringMatching(/^`\{payout\}` arrived unexpanded/),
      },
    ]);
  });

  it("that name an unknown or an invalid project are in the default project's log", async () => {
    const before = (await requests("default")).counts.rejected;
    await sendPixel("/visit", { project_id: "nobodys", player_id: "p", btag: "t" });
    await sendPixel("/visit", { project_id: "nobodys", player_id: "p" });
    await sendPixel("/visit", { project_id: "NOT A SLUG", player_id: "p", btag: "t" });
    await rejected("default", before + 3);
    expect((await ask("nobodys")).status).toBe(400);
  });

  it("of a browser with a privacy signal are counted, and nothing else of them is stored", async () => {
    await env.DB.prepare("UPDATE projects SET respect_privacy_signals = 1 WHERE project_id = 'shy'").run();
    await sendPixel("/visit", { project_id: "shy", player_id: "private", btag: "t" }, { "sec-gpc": "1" });
    const { rows } = await rejected("shy", 1);
    expect(rows[0]).toMatchObject({ request: {}, errors: [{ code: "privacy_signal" }] });
    expect(JSON.stringify(rows)).not.toContain("private");
  });

  it("of the events API are logged for each event, in the key's project", async () => {
    const key = await makeApiKey({ role: "collect", project_id: "api" });
    const post = (body: string) => call("POST", "/events", body, bearer(key));
    const events = [
      { event_type: "spin", player_id: "p", event_id: "api-1" },
      { event_type: "spin", player_id: "p", amount: 5 },
      { event_type: "spin", player_id: "p", project_id: "other" },
      "no event",
    ];
    expect((await post(JSON.stringify(events))).status).toBe(202);
    expect((await post("{")).status).toBe(415);
    const { counts, rows } = await rejected("api", 4);
    expect(counts.by_reason.map(({ door, code, field }) => `${door} ${code} ${field}`).sort()).toEqual([
      "api invalid body",
      "api invalid event",
      "api missing currency",
      "api not_allowed project_id",
    ]);
    expect(rows.map(({ request }) => request)).toContainEqual({ event_type: "spin", player_id: "p", amount: 5 });
    expect((await requests("other")).counts.rejected).toBe(0);
  });

  it("are answered the same when the log fails, and are written with two tries", async () => {
    const record = vi.fn(() => Promise.reject(new Error("down")));
    const broken = { ...env, REQUEST_LOG: { getByName: () => ({ record }) } } as unknown as Env;
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const response = await requestWith(broken, new Request(`${HOST}/visit?project_id=down&player_id=p`));
    expect([response.status, response.headers.get("x-event-error")]).toEqual([400, "missing banner_tag"]);
    expect(record).toHaveBeenCalledTimes(2);
    expect(JSON.parse(logged.mock.calls[0]?.[0] as string)).toMatchObject({
      message: "rejections not recorded",
      project_id: "down",
      requests: { pixel: 1, api: 0 },
      reasons: [{ door: "pixel", code: "missing", field: "banner_tag", total: 1 }],
    });
    logged.mockRestore();
  });
});

describe("the request log can be read by", () => {
  it("administrators, each for their project", async () => {
    const admin = await makeApiKey({ role: "admin", project_id: "mine" });
    const analyst = await makeApiKey({ role: "analyst", project_id: "mine" });
    const affiliate = await makeApiKey({ role: "admin", project_id: "mine", banner_tags: ["t"] });
    const statuses = async (path: string) =>
      Promise.all(
        [{}, bearer(analyst), bearer(affiliate), bearer(admin)].map(
          async (headers: HeadersInit) => (await get(path, headers)).status,
        ),
      );
    expect(await statuses("/requests")).toEqual([401, 403, 403, 200]);
    expect(await statuses("/requests?project_id=other")).toEqual([401, 403, 403, 403]);
    expect(await statuses("/bots")).toEqual([401, 200, 403, 200]);
    expect((await read<Requests>("/requests", bearer(admin))).project_id).toBe("mine");
    for (const wrong of [
      { cursor: "x" },
      { since: "yesterday" },
      { status: "lost" },
      { limit: "0" },
      { colour: "red" },
    ]) {
      expect((await ask("mine", wrong as unknown as Sent)).status).toBe(400);
    }
  });
});

describe("accepted events", () => {
  it("are read from the log, merged with what was rejected, in pages, the newest first", async () => {
    const now = Date.now();
    const event = (n: number, more: object = {}) =>
      storedEvent({
        project_id: "taken",
        event_type: "deposit",
        event_id: `t${n}`,
        player_id: `p${n}`,
        banner_tag: "t",
        received_at: now - n * 1_000,
        source_ip: "192.0.2.0",
        user_agent: "An agent",
        ...more,
      });
    await deliver([
      {
        events: [
          event(9, { click_id: "{clickid}", amount: 125_000, currency: "EUR", transaction_id: "x" }),
          event(8, { player_id: "undefined" }),
          event(7, { data: JSON.stringify({ clickid: "c7", level: 3 }) }),
          event(6, { bot: "crawler" }),
          event(5, { test: 1 }),
          event(4, { transaction_id: "x" }),
          event(3),
        ],
      },
    ]);
    await deliver([
      {
        events: Array.from({ length: 20 }, (_, n) =>
          storedEvent({ project_id: "other", event_type: "visit", player_id: `o${n}` }),
        ),
      },
    ]);
    await settle([outcomes]);
    await env.REQUEST_LOG.getByName("taken").record({
      id: "1",
      hour: Math.floor(now / 3_600_000),
      requests: { pixel: 2, api: 0 },
      reasons: [{ door: "pixel", code: "missing", field: "currency", total: 2 }],
      samples: [10, 6.5].map((n) => ({
        at: now - n * 1_000,
        door: "pixel",
        event_type: "visit",
        errors: [{ field: "currency", code: "missing", message: "m" }],
        request: "{}",
      })),
    });

    const { counts, rows } = await requests("taken");
    expect(counts).toMatchObject({
      accepted: 7,
      accepted_as: { counted: 4, test: 1, duplicate: 1, bot: 1 },
      rejected: 2,
    });
    expect(rows.map((row) => row.event_id)).toEqual(["t3", "t4", "t5", "t6", null, "t7", "t8", "t9", null]);
    const hints = Object.fromEntries(rows.map((row) => [row.event_id, row.hint]));
    expect(hints.t3).toBeNull();
    expect(hints.t4).toMatch(/counts as event t9/);
    expect(hints.t5).toMatch(/test event/i);
    expect(hints.t6).toMatch(/Taken for a bot \(crawler\)/);
    expect(hints.t7).toMatch(/^`clickid` was kept as further data.*rename the parameter to `click_id`/);
    expect(hints.t8).toMatch(/^`player_id` holds `undefined`/);
    expect(hints.t9).toMatch(/^`click_id` holds `\{clickid\}`: a template/);
    expect(rows.at(-2)).toMatchObject({
      status: "accepted",
      door: null,
      request: { player_id: "p9", amount: "12.50", currency: "EUR" },
    });
    expect(JSON.stringify(rows)).not.toMatch(/192\.0\.2|An agent/);

    const pages: Requests["rows"] = [];
    let cursor: string | null = null;
    do {
      const page: Requests = await requests("taken", { limit: "2", ...(cursor && { cursor }) });
      pages.push(...page.rows);
      cursor = page.next_cursor;
    } while (cursor);
    expect(pages).toEqual(rows);
    expect((await requests("taken", { status: "accepted" })).rows).toEqual(
      rows.filter((row) => row.status === "accepted"),
    );
    const visits = await requests("taken", { event_type: "visit" });
    expect([visits.rows.length, visits.rows.every((row) => row.event_type === "visit")]).toEqual([2, true]);
    expect((await requests("taken", { event_type: "deposit" })).rows.length).toBe(7);
    expect((await requests("taken", { code: "missing" })).rows).toEqual(visits.rows);
    expect((await requests("taken", { code: "invalid" })).rows).toEqual([]);
    expect(visits.counts).toEqual(counts);
    expect((await ask("taken", { code: "nonsense" })).status).toBe(400);
    expect((await requests("taken", { since: new Date(now + 3_600_000).toISOString() })).rows).toEqual([]);
    const csv = await (await ask("taken", { format: "csv" })).text();
    expect(csv.split("\r\n").length).toBe(1 + rows.length + 1);
  });
});

it("one payment that is sent twice, and a correction of it, are counted and shown as docs/pixels.md says", async () => {
  await createProject("twice", { currency: "EUR" });
  const deposit = async (player_id: string, amount: string, more: Sent = {}) => {
    const sent = { project_id: "twice", btag: player_id, player_id, amount, currency: "EUR", ...more };
    const response = await sendPixel("/deposit", sent, { accept: "application/json" });
    return response.headers.get("x-event-id") ?? response.headers.get("x-event-error");
  };
  // A first deposit and a deposit, as networks report one payment: without an id they are two.
  await deposit("without", "50.00", { kind: "first" });
  await deposit("without", "50.00", { kind: "deposit" });
  const first = await deposit("with", "50.00", { kind: "first", transaction_id: "X1" });
  const second = await deposit("with", "50.00", { kind: "deposit", transaction_id: "X1" });
  // A correction under the same id changes nothing, and a negative amount is refused.
  const stays = await deposit("corrected", "12.54", { transaction_id: "C1" });
  const corrects = await deposit("corrected", "25.50", { transaction_id: "C1" });
  expect(await deposit("corrected", "-12.54", { transaction_id: "C1" })).toBe("invalid amount");
  await deposit("blank-ids", "0.50", { transaction_id: "" });
  await deposit("blank-ids", "0.81", { transaction_id: "" });

  await vi.waitFor(
    async () => {
      await settle([outcomes]);
      const { results } = await env.DB.prepare(
        `SELECT banner_tag, count(*) AS deposits, sum(amount) AS amount FROM events
         WHERE project_id = 'twice' AND duplicate_of IS NULL GROUP BY banner_tag ORDER BY banner_tag`,
      ).all();
      expect(results).toEqual([
        { banner_tag: "blank-ids", deposits: 2, amount: 13_100 },
        { banner_tag: "corrected", deposits: 1, amount: 125_400 },
        { banner_tag: "with", deposits: 1, amount: 500_000 },
        { banner_tag: "without", deposits: 2, amount: 1_000_000 },
      ]);
      const { rows } = await requests("twice");
      const hints = Object.fromEntries(rows.map(({ event_id, hint }) => [event_id, hint]));
      expect(hints[second as string]).toContain(`counts as event ${first}`);
      expect(hints[corrects as string]).toContain(`counts as event ${stays}`);
      expect(rows.find(({ status }) => status === "rejected")?.hint).toMatch(/`-12\.54` is negative.*`refund`/);
    },
    { timeout: 200_000, interval: 200 },
  );
});

describe("outcomes", () => {
  it("equal a naive count in steps of any size and after a rebuild, and include bots", async () => {
    const bots = [null, null, "crawler", "headless"];
    const events = Array.from({ length: 300 }, (_, n) =>
      storedEvent({
        project_id: "counted",
        event_type: "deposit",
        event_id: `c${n}`,
        player_id: `p${n % 7}`,
        timestamp: Date.parse("2026-09-01T00:00:00Z") + (n % 5) * 86_400_000,
        received_at: Date.parse("2026-09-06T00:00:00Z") + n * 60_000,
        bot: bots[n % 4] ?? null,
        banner_tag: n % 5 === 0 ? null : `tag-${n % 3}`,
        country: ["MT", "DE"][n % 2] ?? null,
        test: n % 10 === 0 ? 1 : 0,
        transaction_id: n % 3 === 0 ? `x${n % 30}` : null,
      }),
    );
    for (let at = 0; at < 300; at += 50) {
      const batch = [{ events: events.slice(at, at + 50) }];
      await deliver(batch);
      await deliver(batch);
      if (at % 100 === 0) await settle([outcomes]);
    }
    await settle([outcomes]);
    const naive: Record<string, number> = {};
    const seen = new Set<string>();
    for (const { event_date, test, bot, transaction_id, received_at } of events) {
      const repeats = transaction_id !== null && seen.has(transaction_id);
      if (transaction_id !== null && !test && !bot) seen.add(transaction_id);
      const outcome = test ? "test" : bot ? "bot" : repeats ? "duplicate" : "counted";
      const row = [event_date, outcome, test ? "" : (bot ?? ""), Math.floor(received_at / 3_600_000)].join(" ");
      naive[row] = (naive[row] ?? 0) + 1;
    }
    const found = async () => {
      const { results } = await env.DB.prepare("SELECT * FROM event_outcomes WHERE project_id = 'counted'").all();
      return Object.fromEntries(
        results.map((row) => [[row.event_date, row.outcome, row.reason, row.received_hour].join(" "), row.total]),
      );
    };
    expect(await found()).toEqual(naive);
    await rebuild(env, db, [outcomes], "outcomes");
    await settle([outcomes]);
    expect(await found()).toEqual(naive);

    const viewer = await makeApiKey({ role: "viewer", project_id: "counted" });
    const report = async (query: string) => get(`/bots?from=2026-09-01&to=2026-09-30${query}`, bearer(viewer));
    const body = await (await report("")).json<Bots>();
    const ofBots = events.filter((event) => event.bot !== null && event.test === 0);
    expect(body).toMatchObject({ events: events.filter((event) => event.test === 0).length, total: ofBots.length });
    expect(body.by_reason).toContainEqual({
      reason: "crawler",
      total: ofBots.filter((event) => event.bot === "crawler").length,
    });
    expect(body.rows.length).toBe(new Set(ofBots.map(({ event_date, bot }) => `${event_date} ${bot}`)).size);
    expect((await (await report("&format=csv")).text()).split("\r\n")[0]).toBe("event_date,reason,total");

    for (const by of ["banner_tag", "country", "device"] as const) {
      const { by_value, ...rest } = await (await report(`&by=${by}`)).json<Bots>();
      expect(rest, "beside the values all is as without").toEqual(body);
      const all = events.filter((event) => event.test === 0);
      const naive = [...Map.groupBy(all, (event) => event[by])].map(([value, own]) => ({
        value,
        events: own.length,
        total: own.filter(({ bot }) => bot !== null).length,
      }));
      const withBots = naive.filter(({ total }) => total > 0);
      expect(by_value).toHaveLength(withBots.length);
      expect(by_value).toEqual(expect.arrayContaining(withBots));
      const totals = (by_value ?? []).map(({ total }) => total);
      expect(totals).toEqual(totals.toSorted((a, b) => b - a));
      const csv = (await (await report(`&by=${by}&format=csv`)).text()).trim().split("\r\n");
      expect(csv[0]).toBe("value,events,total");
      expect(csv).toHaveLength(1 + withBots.length);
    }
    const year = await get("/bots?from=2026-01-01&to=2026-12-31&by=country", bearer(viewer));
    expect((await year.json<{ errors: { field: string }[] }>()).errors.map(({ field }) => field)).toEqual(["from"]);
  });
});
