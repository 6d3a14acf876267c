import { env, SELF } from "cloudflare:test";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createProject, keepToTables, settle, TABLES } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

const HOST = "https://pixel.example";
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

type Query = Record<string, string> | [string, string][] | string;
const search = (query: Query) => (typeof query === "string" ? query : new URLSearchParams(query).toString());
const fire = (path: string, query: Query, headers: HeadersInit = {}) =>
  SELF.fetch(`${HOST}${path}?${search(query)}`, { headers });

const good = { player_id: "p1", banner_tag: "aff1" };
const long = (length: number, character = "x") => character.repeat(length);
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]));

/** A query and its result: null if accepted, or else `<code> <field>`. */
const CASES: [what: string, query: Query, error: string | null, path?: string][] = [
  ["the least there is", good, null],
  ["the other names", { player_id: "p1", btag: "aff1", game_id: "g" }, null],
  ["a visitor who is no player yet", { visitor_id: "v1", banner_tag: "aff1" }, null],
  ["no player and no visitor", { banner_tag: "aff1" }, "missing player_id"],
  ["an empty player", { ...good, player_id: "" }, "missing player_id"],
  ["no tag", { player_id: "p1" }, "missing banner_tag"],
  ["an empty tag", { player_id: "p1", btag: "" }, "missing banner_tag"],
  ["nothing at all", "", "missing player_id"],

  ["a player of 128 characters", { ...good, player_id: long(128) }, null],
  ["a player of 129 characters", { ...good, player_id: long(129) }, "too_long player_id"],
  ["a player of 128 characters outside the basic plane", { ...good, player_id: long(128, "🎰") }, null],
  ["a player of 129 of them", { ...good, player_id: long(129, "🎰") }, "too_long player_id"],
  ["a player with a line break", { ...good, player_id: "a\nb" }, "invalid player_id"],
  ["a player with a NUL", { ...good, player_id: "a\0b" }, "invalid player_id"],
  ["a player with the unit separator", { ...good, player_id: "\u001fv1" }, "invalid player_id"],
  ["a player with a C1 control", { ...good, player_id: "a\u0085" }, "invalid player_id"],
  ["a player in broken UTF-8", "player_id=%ff%fe&banner_tag=a", "invalid player_id"],
  ["a player as a lone surrogate in UTF-8", "player_id=%ed%a0%80&banner_tag=a", "invalid player_id"],
  ["a player of SQL", { ...good, player_id: "'; DROP TABLE events; --" }, null],
  ["a player of HTML", { ...good, player_id: "<script>alert(1)</script>" }, null],
  ["a player in braces, which is a macro", { ...good, player_id: "{player}" }, "placeholder player_id"],
  ["a player in braces who is a GUID", { ...good, player_id: "{3f2504e0-4f89-11d3-9a0c-0305e82c3301}" }, null],
  [
    "a player given twice",
    [
      ["player_id", "a"],
      ["player_id", "a"],
      ["banner_tag", "t"],
    ],
    "repeated player_id",
  ],
  ["a tag given under both names", { ...good, btag: "aff1" }, "repeated banner_tag"],
  ["a free key given twice", "player_id=p&btag=t&s=1&s=2", "repeated data"],
  ["a free key with a name no header can hold, twice", "player_id=p&btag=t&%E2%98%83=1&%E2%98%83=2", "repeated data"],
  ["a tag of 128 characters", { ...good, banner_tag: long(128) }, null],
  ["a tag of 129 characters", { ...good, banner_tag: long(129) }, null],
  ["a tag of 10 KB", { ...good, banner_tag: long(10_240) }, null],
  ["a tag in another encoding than UTF-8", "player_id=p&btag=K%E4se", null],
  ["a transaction of 255 characters", { ...good, transaction_id: long(255) }, null],
  ["a transaction of 256 characters", { ...good, transaction_id: long(256) }, "too_long transaction_id"],
  ["a transaction with a control", { ...good, transaction_id: "a\u0007" }, "invalid transaction_id"],
  [
    "a visitor of 129 characters, who is no player yet",
    { banner_tag: "t", visitor_id: long(129) },
    "too_long visitor_id",
  ],

  ...Object.entries({
    visitor_id: 128,
    app_id: 128,
    session_id: 128,
    click_id: 512,
    platform: 128,
    app_version: 128,
  }).flatMap(([field, longest]): typeof CASES => [
    [`${field} of ${longest} characters`, { ...good, [field]: long(longest) }, null],
    // It only describes the event.
    [`${field} of ${longest + 1} characters`, { ...good, [field]: long(longest + 1) }, null],
    [`${field} of 10 KB`, { ...good, [field]: long(10_240) }, null],
    [`${field} with a control`, { ...good, [field]: "a\u0007" }, null],
    [`${field} empty, which is absent`, { ...good, [field]: "" }, null],
    [`${field} of SQL`, { ...good, [field]: "x' OR '1'='1" }, null],
  ]),

  ["an id of all its characters", { ...good, event_id: "AZaz09._:-" }, null],
  ["an id of 64 characters", { ...good, event_id: long(64) }, null],
  ["an id of 65 characters", { ...good, event_id: long(65) }, "too_long event_id"],
  ["an id with a space", { ...good, event_id: "a b" }, "invalid event_id"],
  ["an id that is a macro", { ...good, event_id: "{click_id}" }, "unexpanded_macro event_id"],

  ["a custom type", good, null, "/pixel/level_9"],
  ["a type of 64 characters", good, null, `/pixel/${long(64, "a")}`],
  ["a type of 65 characters", good, "invalid event_type", `/pixel/${long(65, "a")}`],
  ["a type that begins with a digit", good, "invalid event_type", "/pixel/9lives"],
  ["a type in capitals", good, "invalid event_type", "/pixel/Visit"],
  ["a type of HTML", good, "invalid event_type", "/pixel/%3Cb%3E"],
  ["the type once more in the query", { ...good, event_type: "visit" }, null],
  ["another type in the query", { ...good, event_type: "deposit" }, "repeated event_type"],

  ["the default project by name", { ...good, project_id: "default" }, null],
  ["a project that is not there", { ...good, project_id: "nowhere" }, "unknown_project project_id"],
  ["a project that is no slug", { ...good, project_id: "No Where" }, "invalid project_id"],
  ["a project of SQL", { ...good, project_id: "default' --" }, "invalid project_id"],

  ["money to four places", { ...good, amount: "0.0001", currency: "EUR" }, null, "/deposit"],
  ["money of 900 billion", { ...good, amount: "900000000000", currency: "JPY" }, null, "/deposit"],
  ["money of more", { ...good, amount: "900000000001", currency: "JPY" }, "invalid amount", "/deposit"],
  ["money to five places", { ...good, amount: "1.00001", currency: "EUR" }, "invalid amount", "/deposit"],
  ["money with a comma", { ...good, amount: "1,5", currency: "EUR" }, "invalid amount", "/deposit"],
  ["money with a sign", { ...good, amount: "-5", currency: "EUR" }, "invalid amount", "/deposit"],
  ["money with a raw plus, and blanks", "player_id=p&btag=t&amount=+5.00%20&currency=EUR%20", null, "/deposit"],
  ["money with noughts at its end", { ...good, amount: "25.000000", currency: "EUR" }, null, "/deposit"],
  ["money with an exponent", { ...good, amount: "1e3", currency: "EUR" }, "invalid amount", "/deposit"],
  ["money that is none", { ...good, amount: "NaN", currency: "EUR" }, "invalid amount", "/deposit"],
  ["money that is a macro", { ...good, amount: "{payout}", currency: "EUR" }, "unexpanded_macro amount", "/deposit"],
  [
    "money that is another macro",
    { ...good, amount: "{{payout}}", currency: "EUR" },
    "unexpanded_macro amount",
    "/deposit",
  ],
  ["a currency that is a macro", { ...good, amount: "1", currency: "%CUR%" }, "unexpanded_macro currency", "/deposit"],
  ["money without a currency", { ...good, amount: "5" }, "missing currency", "/deposit"],
  ["a currency without money", { ...good, currency: "EUR" }, "missing amount", "/deposit"],
  ["a currency in small letters", { ...good, amount: "5", currency: "eur" }, null, "/deposit"],
  ["a currency that is none", { ...good, amount: "5", currency: "ZZZ" }, "invalid currency", "/deposit"],
  ["a deposit without money", good, null, "/deposit"],
  ["what happened in the query", { ...good, event_type: "level_up" }, null, "/happened"],
  ["a visit as what happened", { ...good, event_type: "visit" }, null, "/happened"],
  ["nothing that happened", good, "missing event_type", "/happened"],
  ["what happened in no type's form", { ...good, event_type: "level/up" }, "invalid event_type", "/happened"],
  ["two things that happened", `event_type=a&event_type=b&player_id=p&btag=t`, "repeated event_type", "/happened"],

  ["a score", { ...good, score: "-1500" }, null],
  ["a score with places", { ...good, score: "1.5" }, "invalid score"],
  ["a score beyond 2^53", { ...good, score: "9007199254740993" }, "invalid score"],

  ["a time in milliseconds", { ...good, timestamp: String(Date.now()) }, null],
  ["a time in ISO 8601", { ...good, timestamp: new Date().toISOString() }, null],
  [
    "a time with an offset",
    { ...good, timestamp: `${new Date(Date.now() + 2 * 60 * MINUTE).toISOString().slice(0, 19)}+02:00` },
    null,
  ],
  [
    "a time in seconds",
    { ...good, timestamp: String(Math.floor(Date.now() / 1_000)) },
    "timestamp_out_of_range timestamp",
  ],
  ["a time 4 minutes ahead", { ...good, timestamp: String(Date.now() + 4 * MINUTE) }, null],
  [
    "a time 6 minutes ahead",
    { ...good, timestamp: String(Date.now() + 6 * MINUTE) },
    "timestamp_out_of_range timestamp",
  ],
  ["a time almost 7 days ago", { ...good, timestamp: String(Date.now() - 7 * DAY + MINUTE) }, null],
  [
    "a time more than 7 days ago",
    { ...good, timestamp: String(Date.now() - 7 * DAY - MINUTE) },
    "timestamp_out_of_range timestamp",
  ],
  ["a time in words", { ...good, timestamp: "yesterday" }, "invalid timestamp"],
  ["a day that is not", { ...good, timestamp: "2026-13-45" }, "invalid timestamp"],
  ["a time beyond all", { ...good, timestamp: long(10_240, "9") }, "invalid timestamp"],

  ["forty free keys", { ...good, ...keys(40) }, null],
  ["more free keys than are kept", { ...good, ...keys(90) }, null],
  ["a free value of 10 KB", { ...good, s: long(10_240) }, null],
  ["a free value in broken UTF-8", "player_id=p&btag=t&s=%ff", null],
  [
    "free keys with names that objects know",
    { ...good, __proto__x: "1", constructor: "2", toString: "3", hasOwnProperty: "4" },
    null,
  ],
  ["the key __proto__", "player_id=p&btag=t&__proto__=1", null],
  ["a key called data", { ...good, data: "{}" }, null],
  ["a test", { ...good, test: "1" }, null],
  ["a test that is neither", { ...good, test: "maybe" }, "invalid test"],
];

describe("a pixel", () => {
  it.each(CASES)("with %s", async (_, query, error, path = "/visit") => {
    const response = await fire(path, query);
    const body = await response.bytes();
    expect({ status: response.status, error: response.headers.get("x-event-error") }).toEqual({
      status: error === null ? 200 : 400,
      error,
    });
    expect(response.headers.get("x-event-status")).toBe(error === null ? "accepted" : "rejected");
    expect(response.headers.get("x-event-id") === null).toBe(error !== null);
    expect(response.headers.get("content-type")).toBe("image/gif");
    expect(new TextDecoder("latin1").decode(body.slice(0, 6))).toBe("GIF89a");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it("names every bad field where JSON is asked for", async () => {
    const response = await fire(
      "/deposit",
      { amount: "{payout}", timestamp: "soon", score: "x" },
      { accept: "application/json" },
    );
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({
      status: 400,
      errors: [
        { field: "timestamp", code: "invalid" },
        { field: "amount", code: "unexpanded_macro" },
        { field: "score", code: "invalid" },
        { field: "player_id", code: "missing" },
        { field: "banner_tag", code: "missing" },
        { field: "currency", code: "missing" },
      ],
    });
  });

  it("is never answered with a server error, whatever the query", async () => {
    const hostile = fc.constantFrom(
      "'",
      '"',
      "\\",
      "<",
      "\0",
      "\r\n",
      "%",
      "%zz",
      "\u{1F3B0}",
      "\ud800",
      "{{",
      "\u202e",
      "../",
      "${",
      "&",
      "=",
    );
    const value = fc
      .array(fc.oneof(hostile, fc.string({ unit: "binary" })), { maxLength: 8 })
      .map((parts) => parts.join(""));
    const key = fc.oneof(
      fc.constantFrom("player_id", "banner_tag", "amount", "currency", "timestamp", "event_id", "data", "__proto__"),
      value,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, value), { maxLength: 25 }), fc.boolean(), async (pairs, encode) => {
        const query = pairs
          .map(([name, content]) =>
            encode ? new URLSearchParams([[name, content.toWellFormed()]]).toString() : `${name}=${content}`,
          )
          .join("&");
        const response = await fire("/visit", query.replaceAll("#", "%23"));
        await response.body?.cancel();
        expect([200, 400]).toContain(response.status);
        expect(response.headers.get("x-event-status")).toBe(response.status === 200 ? "accepted" : "rejected");
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  const form = new FormData();
  for (const [name, value] of Object.entries({ ...good, amount: "5.00", currency: "EUR", sub: "x" }))
    form.set(name, value);
  const pairs = search({ ...good, amount: "5.00", currency: "EUR", sub: "x" });
  const JSON_BODY = '{"player_id":7,"banner_tag":"aff1","amount":"5.00","currency":"EUR","sub":76561198122624102}';
  const POSTED: [what: string, query: string, body: BodyInit | null, told: string | null][] = [
    ["all in the query", pairs, null, null],
    ["a form", "", new URLSearchParams(pairs), null],
    ["a form of parts", "", form, null],
    [
      "a part in the query, a part in the form",
      search(good),
      new URLSearchParams("amount=5.00&currency=EUR&sub=x"),
      null,
    ],
    ["a beacon's text", "", pairs, null],
    ["JSON as text", "", JSON_BODY, null],
    ["a beacon's JSON", "", new Blob([JSON_BODY], { type: "application/json" }), null],
    ["a body that is none of these", pairs, new Blob(["<event/>"], { type: "application/xml" }), "invalid body"],
    ["a body that is no UTF-8", pairs, new Uint8Array([0xff, 0xfe]), "invalid body"],
  ];
  it.each(POSTED)("may be posted, with %s", async (_, query, body, told) => {
    for (const path of ["/deposit", "/deposit/", "/pixel/deposit", "/pixel/deposit/"]) {
      const response = await SELF.fetch(`${HOST}${path}?${query}`, { method: "POST", body });
      await response.body?.cancel();
      expect([response.status, response.headers.get("x-event-error")]).toEqual([200, null]);
      expect(response.headers.get("x-event-warning")).toBe(told);
    }
  });

  it("that is sent by POST is validated as any other", async () => {
    const post = async (query: string, body: BodyInit) => {
      const response = await SELF.fetch(`${HOST}/visit?${query}`, { method: "POST", body });
      await response.body?.cancel();
      return [response.status, response.headers.get("x-event-error")];
    };
    expect(await post(search(good), new URLSearchParams("player_id=p2"))).toEqual([400, "repeated player_id"]);
    expect(await post("", "player_id=p1")).toEqual([400, "missing banner_tag"]);
    expect(await post(search(good), `s=${long(40_000)}`)).toEqual([400, "too_large body"]);
    const asked = await SELF.fetch(`${HOST}/visit`, { method: "OPTIONS" });
    expect([asked.status, asked.headers.get("access-control-allow-methods")]).toEqual([204, "GET, POST"]);
    const head = await SELF.fetch(`${HOST}/visit/?${search(good)}`, { method: "HEAD" });
    expect([head.status, head.headers.get("allow")]).toEqual([405, "GET, POST"]);
  });

  it("lists all warnings with which it was accepted", async () => {
    const response = await fire("/visit", {
      visitor_id: "v1",
      btag: "%%CAMPAIGN%%",
      click_id: "%%CLICKID%%",
      ...keys(50),
    });
    await response.body?.cancel();
    expect([response.status, response.headers.get("x-event-warning")]).toEqual([
      200,
      "too_many_keys data, unexpanded_macro click_id, unexpanded_macro banner_tag",
    ]);
  });

  it("is not accepted with HEAD, PUT or DELETE", async () => {
    for (const method of ["HEAD", "PUT", "DELETE"]) {
      const response = await SELF.fetch(`${HOST}/visit?${search(good)}`, { method });
      await response.body?.cancel();
      expect([404, 405]).toContain(response.status);
    }
  });

  it.each(["free", "paid"])("is not acknowledged when the queue itself refuses it: on the %s plan", async (PLAN) => {
    // The queue itself refuses a message that is too large; the sender gets the same answer as for any refusal.
    const { commit } = await import("../../worker/queue/group-commit.ts");
    const { outletOf } = await import("../../worker/queue/outlet.ts");
    const { storedEvent } = await import("./log.ts");
    const huge = {
      ...storedEvent({ project_id: "default", event_type: "visit", player_id: "p" }),
      user_agent: long(200_000),
    };
    await expect(commit(outletOf({ ...env, PLAN }), [huge], "a-request")).rejects.toThrow();
  });

  it("ignores a browser that sends a privacy signal, if the project respects that", async () => {
    await createProject("private");
    await env.DB.prepare("UPDATE projects SET respect_privacy_signals = 1 WHERE project_id = 'private'").run();
    for (const header of ["dnt", "sec-gpc"]) {
      const response = await fire("/visit", { ...good, project_id: "private" }, { [header]: "1" });
      expect(response.status).toBe(400);
      expect(response.headers.get("x-event-error")).toBe("privacy_signal event");
      await response.body?.cancel();
    }
    expect((await fire("/visit", { ...good, project_id: "private" })).status).toBe(200);
    expect((await fire("/visit", good, { "sec-gpc": "1" })).status).toBe(200);
    // The second for copies of earlier snippets.
    for (const name of ["project", "pixel"])
      expect(await (await SELF.fetch(`${HOST}/${name}.json?project_id=private`)).json()).toEqual({
        respect_privacy_signals: true,
      });
    expect(await (await SELF.fetch(`${HOST}/project.json`)).json()).toEqual({ respect_privacy_signals: false });
  });
});

describe("an event", () => {
  it("is stored as sent, with the fields that the server derives", async () => {
    await createProject("malta", { timezone: "Europe/Malta" });
    const timestamp = Date.now() - 5 * MINUTE;
    const agent =
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
    const response = await SELF.fetch(
      `${HOST}/deposit?${search({ ...good, event_id: "stored-1", project_id: "malta", amount: "10.5", currency: "EUR", transaction_id: "t-1", timestamp: String(timestamp), s: "1", b: "2" })}`,
      {
        headers: {
          "user-agent": agent,
          referer: "https://casino.example/path?secret=1",
          "cf-connecting-ip": "203.0.113.77",
        },
      },
    );
    expect(response.headers.get("x-event-id")).toBe("stored-1");
    await response.body?.cancel();
    const row = await vi.waitFor(
      async () => {
        const found = await env.DB.prepare("SELECT * FROM events WHERE event_id = 'stored-1'").first();
        expect(found).not.toBeNull();
        return found;
      },
      { timeout: 200_000, interval: 50 },
    );
    expect(row).toMatchObject({
      project_id: "malta",
      event_type: "deposit",
      player_id: "p1",
      banner_tag: "aff1",
      timestamp,
      event_date: new Date(timestamp).toLocaleDateString("en-CA", { timeZone: "Europe/Malta" }),
      amount: 105_000,
      currency: "EUR",
      transaction_id: "t-1",
      data: '{"s":"1","b":"2"}',
      device: "mobile",
      os: "iOS",
      browser: "Safari",
      referrer: "casino.example",
      source_ip: "203.0.113.0",
      user_agent: agent,
    });
  });

  it.each<[string, string | undefined, string | null, string | null]>([
    ["a page, of which the host is kept", "https://partner.example/list?reader=jane", "partner.example", null],
    ["a host", "partner.example", "partner.example", null],
    ["a host with a port", "localhost:8080", "localhost", null],
    ["none", "-", null, null],
    ["nothing, as without it", undefined, "brand.example", null],
    ["an empty text, as without it", "", "brand.example", null],
    ["another text, which is further data", "Newsletter of May", "brand.example", "Newsletter of May"],
    ["a macro, which is further data", "{page.referrer}", "brand.example", "{page.referrer}"],
  ])("whose referrer is %s", async (_, referrer, host, further) => {
    const event_id = `led-${referrer ?? "by nobody"}`.replaceAll(/[^\w.-]/g, "_").slice(0, 64);
    const response = await fire(
      "/visit",
      { ...good, event_id, ...(referrer !== undefined && { referrer }) },
      { referer: "https://brand.example/lobby" },
    );
    expect(response.headers.get("x-event-id")).toBe(event_id);
    await response.body?.cancel();
    const row = await vi.waitFor(
      async () => {
        const found = await env.DB.prepare(
          "SELECT referrer, data ->> 'referrer' AS further FROM events WHERE event_id = ?",
        )
          .bind(event_id)
          .first();
        expect(found).not.toBeNull();
        return found;
      },
      { timeout: 200_000, interval: 50 },
    );
    expect(row).toEqual({ referrer: host, further });
  });

  it("whose referrer is given twice is refused", async () => {
    const response = await SELF.fetch(`${HOST}/visit?${search(good)}&referrer=a.example&referrer=b.example`);
    expect(response.headers.get("x-event-error")).toBe("repeated data");
    await response.body?.cancel();
  });

  it("of a payment without an id counts, also when others came with the same placeholder", async () => {
    await createProject("unfilled");
    const placeholders = ["#tid#", "null", "{transaction_id}", "OPTIONAL", "N/A", "0"];
    const deposits = placeholders.flatMap((transaction_id, index) =>
      [1, 2, 3].map((nth) => ({ transaction_id, player_id: `p${index}-${nth}`, amount: `${nth}0.00` })),
    );
    for (const deposit of deposits) {
      const response = await fire("/deposit", { ...deposit, btag: "m", currency: "EUR", project_id: "unfilled" });
      await response.body?.cancel();
      expect(response.headers.get("x-event-warning")).toBe("placeholder transaction_id");
    }
    await vi.waitFor(
      async () => {
        await settle(TABLES);
        const row = await env.DB.prepare(
          "SELECT count(*) AS n, sum(amount) AS amount, count(duplicate_of) AS duplicates FROM events WHERE project_id = 'unfilled'",
        ).first();
        expect(row).toEqual({ n: 18, amount: 6 * 600_000, duplicates: 0 });
        const { results } = await env.DB.prepare(
          "SELECT count, total FROM daily_metrics WHERE project_id = 'unfilled'",
        ).all();
        expect(results).toEqual([{ count: 18, total: 18 }]);
      },
      { timeout: 200_000, interval: 200 },
    );
  });

  it("is counted once, however often it is sent", async () => {
    await createProject("once");
    const query = { ...good, project_id: "once", event_id: "once-1" };
    await Promise.all(Array.from({ length: 20 }, async () => (await fire("/visit", query)).body?.cancel()));
    // The same id with other content is still the same event.
    await (await fire("/registration", { ...query, player_id: "p2" })).body?.cancel();
    await vi.waitFor(
      async () => {
        await settle(TABLES);
        const { results } = await env.DB.prepare(
          "SELECT event_type, count, total FROM daily_metrics WHERE project_id = 'once'",
        ).all();
        expect(results).toEqual([{ event_type: "visit", count: 1, total: 1 }]);
      },
      { timeout: 200_000, interval: 200 },
    );
  });
});
