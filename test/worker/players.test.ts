/** Players and their events: exact figures, complete pages, the same rows in every format, and the limits of keys. */
import { createExecutionContext, env } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import worker from "../../worker/index.ts";
import { answerOf, get, HOST, read } from "./api.ts";
import { ADMIN, makeApiKey } from "./keys.ts";
import { createProject, deliver, settle, storedEvent, TABLES } from "./log.ts";

type Row = Record<string, unknown>;
type Listed = { rows: Row[]; next_cursor: string | null };

const status = async (path: string, headers?: HeadersInit) => {
  const response = await get(path, headers);
  await response.body?.cancel();
  return response.status;
};
/** Every row of a list, page by page. */
async function pages(path: string, headers: HeadersInit = ADMIN): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: Listed = await read<Listed>(`${path}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, headers);
    rows.push(...page.rows);
    cursor = page.next_cursor;
  }
  return rows;
}
const ndjson = (text: string): Row[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

const at = (time: string) => Date.parse(`2026-05-${time}:00Z`);
const event = (event_id: string, event_type: string, time: string, more: Partial<StoredEvent>) =>
  storedEvent(
    { project_id: "club", event_id, event_type, timestamp: at(time), received_at: at(time), ...more },
    "Asia/Tokyo",
  );

/** Anna came as a visitor by the tag `spring`; Ben by `autumn`; Cleo without a tag; one visitor is no player yet. */
const EVENTS: StoredEvent[] = [
  event("e01", "visit", "01T10:00", { visitor_id: "cookie", banner_tag: "spring", app_id: "lobby" }),
  event("e02", "registration", "01T10:05", { visitor_id: "cookie", player_id: "anna", app_id: "lobby" }),
  event("e03", "auth", "01T10:06", {
    player_id: "anna",
    data: JSON.stringify({ email: "anna@mail.example.com", phone: "+356 2123 4567" }),
  }),
  event("e04", "deposit", "02T16:00", { player_id: "anna", amount: 800_000, currency: "EUR", transaction_id: "t1" }),
  event("e05", "deposit", "02T16:01", { player_id: "anna", amount: 800_000, currency: "EUR", transaction_id: "t1" }),
  event("e06", "purchase", "03T10:00", { player_id: "anna", app_id: "slots", amount: 125_050, currency: "USD" }),
  event("e07", "purchase", "03T10:01", { player_id: "anna", app_id: "slots", amount: 10_000, currency: "XAF" }),
  event("e08", "spin", "03T10:02", { player_id: "anna", app_id: "slots" }),
  event("e09", "spin", "03T10:03", { player_id: "anna", app_id: "dice" }),
  event("e10", "withdrawal", "04T10:00", { player_id: "anna", amount: 50_000, currency: "EUR" }),
  event("e11", "auth", "05T10:00", {
    visitor_id: "cookie",
    data: JSON.stringify({ email: "a.new@mail.example.com", phone: 5 }),
  }),
  event("e12", "spin", "05T10:01", { player_id: "anna", app_id: "slots", test: 1 }),
  event("e13", "spin", "05T10:02", { player_id: "anna", app_id: "slots", bot: "crawler" }),
  event("e19", "refund", "06T10:00", { player_id: "anna", amount: 5_000, currency: "USD" }),
  event("e14", "visit", "02T10:00", { player_id: "ben", banner_tag: "autumn", data: '{"a":{"b":[1,"=x"]}}' }),
  event("e15", "deposit", "06T10:00", { player_id: "ben", amount: 50_000, currency: "USD", click_id: "click-7" }),
  event("e16", "deposit", "06T10:01", { player_id: "ben", amount: 10_000, currency: "USD", banner_tag: "winter" }),
  event("e17", "spin", "02T15:30", { player_id: "cleo", country: "JP", device: "mobile" }),
  event("e18", "visit", "07T10:00", { visitor_id: "stranger", banner_tag: "spring" }),
];

beforeAll(async () => {
  await createProject("club", { timezone: "Asia/Tokyo" });
  await deliver([{ events: EVENTS }]);
  await env.DB.prepare(
    "INSERT INTO exchange_rates VALUES ('EUR', '2026-05-01', 110000000, 'test', 1), ('EUR', '2026-05-03', 125000000, 'test', 1)",
  ).run();
  await settle();
});

describe("fields", () => {
  it("narrow players and lifetime values to people whose first event matches, and so do segments", async () => {
    const asked = { project_id: "club", name: "lobby", filter: { app_id: ["lobby"] } };
    const { segment_id } = await answerOf<{ segment_id: string }>("POST", "/segments", asked);
    const players: Record<string, string[]> = {
      "app_id=lobby": ["anna"],
      // Where she played later does not matter: the filter is about her first event.
      "app_id=slots": [],
      "country=JP&device=mobile": ["cleo"],
      "country=JP&device=desktop": [],
      "country=JP&country=DE": ["cleo"],
      [`segment_id=${segment_id}`]: ["anna"],
      [`segment_id=${segment_id}&country=JP`]: [],
      "app_id=lobby&banner_tag=autumn": [],
    };
    for (const [filters, expected] of Object.entries(players)) {
      const listed = await read<Listed>(`/players?project_id=club&sort=player_id&${filters}`);
      expect([filters, listed.rows.map(({ player_id }) => player_id)]).toEqual([filters, expected]);
      const worth = await read<{ rows: Row[]; total: Row }>(`/ltv?project_id=club&${filters}`);
      expect([filters, worth.rows.map(({ player_id }) => player_id)]).toEqual([filters, expected]);
      expect(worth.total).toMatchObject({ players: expected.length });
    }
    expect(await status("/players?project_id=club&country=japan")).toBe(400);
  });
});

describe("a player", () => {
  it("is shown with figures, money, tags and contact", async () => {
    expect(await read<Row>("/players/anna?project_id=club")).toEqual({
      project_id: "club",
      player_id: "anna",
      first_seen: "2026-05-01T10:00:00.000Z",
      last_event_at: "2026-05-06T10:00:00.000Z",
      visit_at: "2026-05-01T10:00:00.000Z",
      registration_at: "2026-05-01T10:05:00.000Z",
      deposit_at: "2026-05-02T16:00:00.000Z",
      second_deposit_at: null,
      third_deposit_at: null,
      total_events: 11,
      total_deposits: 1,
      total_spins: 2,
      total_purchases: 2,
      total_withdrawals: 1,
      spend: { EUR: "80.00", USD: "12.005", XAF: "1.00" },
      // 16:00 in London is the third of May in Tokyo.
      spend_usd: "112.005",
      unconverted: { XAF: "1.00" },
      refunded_unconverted: {},
      withdrawn: { EUR: "5.00" },
      withdrawn_usd: "6.25",
      withdrawn_unconverted: {},
      segment: "unknown",
      favourite_app: "slots",
      first_tag: "spring",
      last_tag: "spring",
      registration_tag: "spring",
      deposit_tag: "spring",
      email: "a.new@mail.example.com",
      phone: "5",
    });
    expect(await read<Row>("/players/ben?project_id=club")).toMatchObject({
      segment: "minnow",
      spend_usd: "6.00",
      email: null,
      favourite_app: null,
    });
    expect(await status("/players/nobody?project_id=club")).toBe(404);
    expect(await status(`/players/${encodeURIComponent("\u001fstranger")}?project_id=club`)).toBe(404);
  });

  it("changes with a late exchange rate", async () => {
    const before = await get("/players/anna?project_id=club");
    const etag = before.headers.get("etag") as string;
    expect(await status("/players/anna?project_id=club", { ...ADMIN, "if-none-match": etag })).toBe(304);
    await env.DB.prepare("INSERT INTO exchange_rates VALUES ('XAF', '2026-05-03', 200000, 'test', 2)").run();
    const after = await get("/players/anna?project_id=club", { ...ADMIN, "if-none-match": etag });
    expect(await after.json()).toMatchObject({ spend_usd: "112.007", unconverted: {}, segment: "whale" });
    await env.DB.prepare("DELETE FROM exchange_rates WHERE currency_code = 'XAF'").run();
  });

  it("has events by type", async () => {
    expect(await read<Row>("/players/anna/stats?project_id=club")).toEqual({
      player_id: "anna",
      total_events: 11,
      event_breakdown: {
        auth: 2,
        deposit: 1,
        purchase: 2,
        refund: 1,
        registration: 1,
        spin: 2,
        visit: 1,
        withdrawal: 1,
      },
      updated_at: "2026-05-06T10:00:00.000Z",
    });
    expect(await (await get("/players/ben/stats?project_id=club&format=csv")).text()).toBe(
      "event_type,total\r\ndeposit,2\r\nvisit,1\r\n",
    );
  });

  it("has a timeline, latest first, with events as a visitor and events that do not count", async () => {
    const ids = (rows: Row[]) => rows.map((row) => row.event_id);
    const all = await pages("/players/anna/events?project_id=club&limit=1000");
    expect(ids(all)).toEqual(
      [19, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((n) => `e${String(n).padStart(2, "0")}`),
    );
    expect(await pages("/players/anna/events?project_id=club&limit=2")).toEqual(all);
    expect(ids(await pages("/players/anna/events?project_id=club&event_type=spin&include=counted"))).toEqual([
      "e09",
      "e08",
    ]);
    const lines = await (await get("/players/anna/events?project_id=club&format=ndjson")).text();
    expect(ndjson(lines)).toEqual(all);
    expect(await status("/players/nobody/events?project_id=club")).toBe(404);
  });
});

describe("the players", () => {
  const ids = async (query: string) => (await pages(`/players?project_id=club&${query}`)).map((row) => row.player_id);

  it.each([
    ["", ["ben", "anna", "cleo"]],
    ["limit=1", ["ben", "anna", "cleo"]],
    ["sort=first_seen&limit=1", ["anna", "ben", "cleo"]],
    ["sort=-first_seen&limit=2", ["cleo", "ben", "anna"]],
    ["sort=-player_id&limit=1", ["cleo", "ben", "anna"]],
    ["search=an", ["anna"]],
    ["search=n", []],
    // Found by a transaction, a click, and an address given as a visitor; only by the whole text, in its case.
    ["search=t1", ["anna"]],
    ["search=click-7", ["ben"]],
    ["search=a.new@mail.example.com", ["anna"]],
    ["search=anna@mail.example.com", ["anna"]],
    ["search=A.new@mail.example.com", []],
    ["search=click-", []],
    ["segment=unknown", ["anna"]],
    ["segment=whale", []],
    ["segment=minnow&limit=1", ["ben"]],
    ["segment=free", ["cleo"]],
    ["has_deposit=true&sort=player_id", ["anna", "ben"]],
    ["has_deposit=false", ["cleo"]],
    ["deposits_from=2", ["ben"]],
    ["deposits_from=1&deposits_to=1", ["anna"]],
    ["deposits_to=0", ["cleo"]],
    ["sort=-total_deposits&limit=1", ["ben", "anna", "cleo"]],
    ["sort=total_deposits&limit=2", ["cleo", "anna", "ben"]],
    ["sort=-spend_usd&limit=1", ["anna", "ben", "cleo"]],
    ["sort=spend_usd&limit=1", ["cleo", "ben", "anna"]],
    ["spend_from=6&sort=spend_usd", ["ben", "anna"]],
    ["spend_from=6.0001", ["anna"]],
    ["spend_to=6", ["ben", "cleo"]],
    ["spend_to=5.9999", ["cleo"]],
    ["sort=first_tag&limit=1", ["cleo", "ben", "anna"]],
    ["sort=-last_tag&limit=1", ["ben", "anna", "cleo"]],
    ["banner_tag=spring", ["anna"]],
    ["banner_tag=winter", ["ben"]],
    // Half past three in the afternoon is the next day in Tokyo.
    ["from=2026-05-03", ["cleo"]],
    ["funnel_step=first_deposit&sort=player_id", ["anna", "ben"]],
    ["funnel_step=first_deposit&from=2026-05-06", ["ben"]],
    ["funnel_step=first_deposit&banner_tag=autumn", ["ben"]],
    ["funnel_step=first_deposit&banner_tag=winter", []],
    ["to=2026-05-02&sort=player_id", ["anna", "ben"]],
  ])("by %s", async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it("by the day of their last event, in the project's time zone, both days included", async () => {
    const dayOf = ({ last_event_at }: { last_event_at: string }) =>
      new Date(last_event_at).toLocaleDateString("sv", { timeZone: "Asia/Tokyo" });
    const all = (await pages("/players?project_id=club")) as { player_id: string; last_event_at: string }[];
    const days = all.map(dayOf).sort();
    for (const day of days) {
      const found = (which: (own: string) => boolean) =>
        all.filter((row) => which(dayOf(row))).map(({ player_id }) => player_id);
      expect(await ids(`last_event_from=${day}`)).toEqual(found((own) => own >= day));
      expect(await ids(`last_event_to=${day}`)).toEqual(found((own) => own <= day));
    }
  });

  it("are rows with figures", async () => {
    expect((await pages("/players?project_id=club&search=ben"))[0]).toEqual({
      player_id: "ben",
      first_seen: "2026-05-02T10:00:00.000Z",
      last_event_at: "2026-05-06T10:01:00.000Z",
      registration_at: null,
      deposit_at: "2026-05-06T10:00:00.000Z",
      total_events: 3,
      total_deposits: 2,
      spend_usd: "6.00",
      segment: "minnow",
      first_tag: "autumn",
      last_tag: "winter",
      registration_tag: null,
      deposit_tag: "autumn",
    });
  });

  it.each([
    "segment=tiny",
    "sort=name",
    "has_deposit=1",
    "deposits_from=-1",
    "deposits_to=some",
    "spend_from=-1",
    "spend_to=1.23456",
    "last_event_to=soon",
    "cursor=abc",
    "limit=0",
    "limit=1001",
    "from=soon",
    "page=2",
  ])("are refused by %s, which is named", async (query) => {
    const response = await get(`/players?project_id=club&${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field: query.split("=")[0] }] });
  });
});

describe("an event", () => {
  it("has every field", async () => {
    const sent = {
      click_id: "c",
      session_id: "s",
      platform: "web",
      app_version: "1",
      score: -5,
      country: "MT",
      device: "mobile",
      browser: "b",
      os: "o",
      referrer: "r.example",
      source_ip: "192.0.2.0",
      user_agent: "ua",
    };
    const full = event("full", "boss_defeated", "08T10:00", {
      ...sent,
      player_id: "dora",
      banner_tag: "t",
      app_id: "slots",
      amount: 1,
      currency: "EUR",
      transaction_id: "full",
      data: '{"x":1}',
    });
    await deliver([{ events: [full] }]);
    expect(await read<Row>("/events/full?project_id=club")).toEqual({
      ...sent,
      event_id: "full",
      event_type: "boss_defeated",
      player_id: "dora",
      visitor_id: null,
      banner_tag: "t",
      attributed: false,
      app_id: "slots",
      timestamp: "2026-05-08T10:00:00.000Z",
      received_at: "2026-05-08T10:00:00.000Z",
      event_date: "2026-05-08",
      event_hour: 19,
      amount: "0.0001",
      currency: "EUR",
      transaction_id: "full",
      data: { x: 1 },
      bot: null,
      duplicate_of: null,
      trusted: false,
      outcome: "counted",
    });
  });

  it.each([
    ["e02", { banner_tag: "spring", attributed: true, outcome: "counted" }],
    ["e05", { outcome: "duplicate", duplicate_of: "e04", event_date: "2026-05-03", event_hour: 1 }],
    ["e12", { outcome: "test" }],
    ["e13", { outcome: "bot", bot: "crawler" }],
    ["e17", { banner_tag: null, attributed: false }],
  ])("%s", async (id, expected) => {
    expect(await read<Row>(`/events/${id}?project_id=club`)).toMatchObject(expected);
  });

  it("of another project is not found", async () => {
    expect(await status("/events/e01?project_id=default")).toBe(404);
  });
});

describe("events", () => {
  const ids = async (query: string) => (await pages(`/events?project_id=club&${query}`)).map((row) => row.event_id);

  it.each([
    ["event_type=visit", ["e18", "e14", "e01"]],
    ["event_type=visit&limit=1", ["e18", "e14", "e01"]],
    ["event_type=spin&include=counted", ["e17", "e09", "e08"]],
    ["banner_tag=winter", ["e16"]],
    ["banner_tag=spring&event_type=deposit", ["e05", "e04"]],
    ["app_id=lobby", ["e02", "e01"]],
    ["country=JP", ["e17"]],
    ["country=JP&device=mobile&event_type=spin", ["e17"]],
    ["device=mobile&platform=web", ["full"]],
    ["country=JP&platform=web", []],
    [
      "player_id=anna&limit=3&include=counted",
      ["e19", "e11", "e10", "e09", "e08", "e07", "e06", "e04", "e03", "e02", "e01"],
    ],
    ["player_id=ben&event_type=deposit&banner_tag=autumn", ["e15"]],
    ["from=2026-05-03&to=2026-05-03&limit=2", ["e17", "e09", "e08", "e07", "e06", "e05", "e04"]],
  ])("by %s", async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it("stream as CSV and as NDJSON, all of them, and are the rows of the pages", async () => {
    await createProject("stream");
    const many = Array.from({ length: 5_300 }, (_, index) =>
      storedEvent({
        project_id: "stream",
        event_id: `s${index}`,
        event_type: "spin",
        player_id: `p${index % 10}`,
        data: `{"n":${index}}`,
        amount: index,
        currency: "EUR",
      }),
    );
    for (let from = 0; from < many.length; from += 1_000) await deliver([{ events: many.slice(from, from + 1_000) }]);
    const all = await pages("/events?project_id=stream&limit=1000");
    expect(all.map((row) => row.event_id)).toEqual(many.map((one) => one.event_id).toReversed());

    const lines = await get("/events?project_id=stream", { ...ADMIN, accept: "application/x-ndjson" });
    expect(lines.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8");
    expect(ndjson(await lines.text())).toEqual(all);

    const [head = "", ...rows] = (await (await get("/events?project_id=stream&format=csv")).text())
      .trimEnd()
      .split("\r\n");
    expect(rows).toHaveLength(5_300);
    const column = head.split(",").indexOf("event_id");
    expect(rows.map((row) => row.split(",")[column])).toEqual(all.map((row) => row.event_id));
    expect(rows[0]).toContain('"{""n"":5299}"');
    // A requested limit applies to every format.
    expect(ndjson(await (await get("/events?project_id=stream&format=ndjson&limit=7")).text())).toEqual(
      all.slice(0, 7),
    );
  });

  it("come in parts that name the next one, if the plan does not allow all in one answer", async () => {
    const MANY = 21_000;
    await createProject("parts");
    await env.DB.prepare(
      `INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date, event_hour, data)
       WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${MANY})
       SELECT 'parts', 'm' || n, 'spin', 'p', 0, 0, '1970-01-01', 0, '{"text":"' || hex(zeroblob(200)) || '"}' FROM n`,
    ).run();
    const ask = async (plan: string, path: string) => {
      const request = new Request(new URL(path, HOST), { headers: ADMIN });
      const answer = await worker.fetch(request, { ...env, PLAN: plan }, createExecutionContext());
      expect(answer.status).toBe(200);
      const next = /^<(.*)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
      return { text: await answer.text(), next };
    };
    const path = "/api/v1/events?project_id=parts";
    const ids = (text: string) => ndjson(text).map((row) => row.event_id);
    const whole = await ask("paid", `${path}&format=ndjson`);
    expect([ids(whole.text).length, new Set(ids(whole.text)).size, whole.next]).toEqual([MANY, MANY, undefined]);
    const parts: unknown[][] = [];
    for (let next: string | undefined = `${path}&format=ndjson`; next !== undefined; ) {
      const part = await ask("free", next);
      parts.push(ids(part.text));
      next = part.next;
    }
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.flat()).toEqual(ids(whole.text));
    // A spreadsheet does not show the answer's header.
    const sheet = await ask("free", `${path}&format=excel`);
    const last = sheet.text.trimEnd().split("\r\n").at(-1);
    expect(last).toMatch(
      /^This is not all\. One answer of this instance has no more: the next rows are at https:.*cursor=/,
    );
    expect((await ask("free", `${path}&format=csv`)).text).not.toContain("This is not all");
    await env.DB.prepare("DELETE FROM events WHERE project_id = 'parts'").run();
  });

  it("end their page early when few match, and continue", async () => {
    const rare = storedEvent({ project_id: "club", event_id: "rare", event_type: "rare_one", player_id: "anna" });
    await deliver([{ events: [rare] }]);
    await env.DB.prepare(
      `INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date, event_hour)
       WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 210000)
       SELECT 'crowd', 'c' || n, 'spin', 'p', 0, 0, '1970-01-01', 0 FROM n`,
    ).run();
    const first: Listed = await read<Listed>("/events?project_id=club&event_type=rare_one");
    expect(first.rows).toEqual([]);
    expect(first.next_cursor).not.toBeNull();
    expect(await ids("event_type=rare_one")).toEqual(["rare"]);
    await env.DB.prepare("DELETE FROM events WHERE project_id = 'crowd'").run();
  });
});

describe("a key of one tag", () => {
  it("sees the players of its tag, their events under that tag, and the figures of these events", async () => {
    const key = {
      authorization: `Bearer ${await makeApiKey({ role: "analyst", project_id: "club", banner_tags: ["autumn"] })}`,
    };
    expect((await pages("/players?sort=player_id", key)).map((row) => row.player_id)).toEqual(["ben"]);
    // The click's event counts for it; the transaction's is of another tag's player.
    expect((await pages("/players?search=click-7", key)).map((row) => row.player_id)).toEqual(["ben"]);
    expect(await pages("/players?search=t1", key)).toEqual([]);
    for (const asked of [
      "deposits_from=1",
      "deposits_to=1",
      "sort=-total_deposits",
      "spend_from=1",
      "spend_to=1",
      "sort=-spend_usd",
      "sort=first_tag",
    ]) {
      const refused = await get(`/players?${asked}`, key);
      expect(refused.status, asked).toBe(400);
      expect(await refused.json()).toMatchObject({ errors: [{ field: asked.split("=")[0] }] });
    }
    expect((await pages("/players?sort=player_id", key))[0]).toMatchObject({
      total_events: 2,
      total_deposits: 1,
      spend_usd: "5.00",
      first_tag: "autumn",
      last_tag: null,
    });
    expect(await read<Row>("/players/ben", key)).toMatchObject({
      total_events: 2,
      total_deposits: 1,
      spend_usd: "5.00",
      first_tag: "autumn",
      last_tag: null,
      deposit_tag: "autumn",
    });
    expect(await read<Row>("/players/ben/stats", key)).toMatchObject({
      total_events: 2,
      event_breakdown: { visit: 1, deposit: 1 },
    });
    expect((await pages("/players/ben/events?limit=1", key)).map((row) => row.event_id)).toEqual(["e15", "e14"]);
    expect((await pages("/events?limit=1", key)).map((row) => row.event_id)).toEqual(["e15", "e14"]);
    for (const path of ["/players/anna", "/players/anna/stats", "/players/anna/events", "/events/e01", "/events/e16"])
      expect([path, await status(path, key)]).toEqual([path, 404]);
    for (const path of [
      "/events?banner_tag=winter",
      "/players?banner_tag=winter",
      "/profiles",
      "/games/slots/leaderboard",
    ])
      expect([path, await status(path, key)]).toEqual([path, 403]);
  });

  it("gets no cursor that another project accepts", async () => {
    const { next_cursor } = await read<Listed>("/events?project_id=club&limit=1");
    expect(await status(`/events?project_id=stream&limit=1&cursor=${next_cursor}`)).toBe(400);
  });
});

it("looks up first events for older rows, and leaves those unknown that were removed from the log", async () => {
  const first = async () => {
    const { results } = await env.DB.prepare(
      "SELECT person, first_event, first_date FROM players WHERE project_id = 'club' AND person < 'd' ORDER BY 1",
    ).all();
    return results;
  };
  const known = await first();
  expect(known).toContainEqual({
    person: "cleo",
    first_event: '001777735800000 ["JP","mobile","",""]',
    first_date: "2026-05-03",
  });
  // As before the column existed; the events of one of them were removed.
  await env.DB.batch([
    env.DB.prepare(
      "UPDATE players SET first_event = NULL, first_date = NULL WHERE project_id = 'club' AND person < 'd'",
    ),
    env.DB.prepare("UPDATE players SET first_seen = first_seen - 1 WHERE project_id = 'club' AND person = 'ben'"),
  ]);
  const onDay = (day: string) => read<Listed>(`/players?project_id=club&from=${day}&to=${day}`);
  expect((await onDay("2026-05-03")).rows.map(({ player_id }) => player_id)).toEqual(["cleo"]);
  // A later event does not change the first one.
  await deliver([{ events: [event("e20", "spin", "08T10:00", { player_id: "cleo", country: "SE" })] }]);
  for (let n = 0; n < known.length; n++) {
    await deliver([
      { events: [event(`other-${n}`, "spin", "08T10:00", { project_id: "default", player_id: "other" })] },
    ]);
    await settle(TABLES);
  }
  expect(await first()).toEqual(
    known.map((row) =>
      row.person === "ben" ? { ...row, first_event: expect.stringMatching(/^\d{15} \["","","",""\]$/) } : row,
    ),
  );
});
