/** Exchange rates: loaded and corrected by administrators, and fetched from the daily feed over a real connection. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, inject, it } from "vitest";
import { app } from "../../worker/app.ts";
import { readEcb } from "../../worker/rates/ecb.ts";
import { isDue, refreshRates } from "../../worker/rates/feed.ts";
import { formatRate, parseRate } from "../../worker/rates/rate.ts";
import { forgetHealth } from "../../worker/reports/health.ts";
import type { FeedAnswer } from "../feed/answer.ts";
import { call, callWith, get, HOST, read, requestWith } from "./api.ts";
import { runDuty } from "./duty.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";

const PATH = "/exchange-rates";

const post = (body: unknown, headers: Record<string, string> = {}) =>
  call("POST", PATH, body, { ...ADMIN, ...headers });
const rate = (currency_code: string, rate_date: string, usd_rate: string, data_source = "treasury") => ({
  currency_code,
  rate_date,
  usd_rate,
  data_source,
});
type Row = ReturnType<typeof rate> & { loaded_at: string };
const list = (query = "") => read<{ rows: Row[]; next_cursor: string | null }>(`${PATH}?${query}`);
const known = async (query = "") =>
  (await list(query)).rows.map((row) => `${row.currency_code} ${row.rate_date} ${row.usd_rate} ${row.data_source}`);

beforeEach(() =>
  env.DB.batch(["exchange_rates", "exchange_rate_feed"].map((table) => env.DB.prepare(`DELETE FROM ${table}`))),
);

describe("a rate", () => {
  it.each<[string, number | null]>([
    ["1.0825", 108_250_000],
    ["0.00000001", 1],
    ["1000", 100_000_000_000],
    ["1000.00000001", null],
    ["0", null],
    ["0.000000001", null],
    ["-1", null],
    ["1e3", null],
    [".5", null],
    ["1,5", null],
    ["", null],
  ])("%s is %s", (text, value) => {
    expect(parseRate(text)).toBe(value);
    if (value !== null) expect(parseRate(formatRate(value))).toBe(value);
  });
});

describe("rates", () => {
  it("are loaded, corrected, listed by pages, and come as CSV", async () => {
    const answer = await post({
      rates: [
        rate("EUR", "2026-05-01", "1.08"),
        rate("JPY", "2026-05-01", "0.0064"),
        rate("EUR", "2026-05-02", "1.09"),
      ],
    });
    expect([answer.status, await answer.json()]).toEqual([201, { loaded: 3 }]);
    expect((await post({ rates: [rate("EUR", "2026-05-01", "1.1", "a correction")] })).status).toBe(201);
    expect(await known()).toEqual([
      "EUR 2026-05-02 1.09000000 treasury",
      "EUR 2026-05-01 1.10000000 a correction",
      "JPY 2026-05-01 0.00640000 treasury",
    ]);
    expect(await known("currency_code=EUR&to=2026-05-01")).toEqual(["EUR 2026-05-01 1.10000000 a correction"]);
    const first = await list("limit=2");
    expect(first.next_cursor).toBe("2026-05-01 EUR");
    expect(await known(`limit=2&cursor=${encodeURIComponent(first.next_cursor as string)}`)).toEqual([
      "JPY 2026-05-01 0.00640000 treasury",
    ]);
    const table = await (await get(`${PATH}?limit=1`, { ...ADMIN, accept: "text/csv" })).text();
    expect(table.split("\r\n").map((line) => line.split(",").slice(0, 4).join(","))).toEqual([
      "currency_code,rate_date,usd_rate,data_source",
      "EUR,2026-05-02,1.09000000,treasury",
      "EUR,2026-05-01,1.10000000,a correction",
      "JPY,2026-05-01,0.00640000,treasury",
      "",
    ]);
    // Loads in the same millisecond have different times: by these a report detects that its answer changed.
    const loads = (await list()).rows.map((row) => row.loaded_at);
    expect(new Set(loads).size).toBe(2);
    const audit = await read("/audit?limit=1");
    expect(audit).toMatchObject({
      rows: [
        {
          action: "exchange_rates.load",
          actor: "admin",
          details: { rates: ["EUR 2026-05-01 1.10000000 a correction"] },
        },
      ],
    });
  });

  it("come complete as CSV, read in pages, so that neither the answer nor a query's result is held in memory whole", async () => {
    await env.DB.prepare(
      `INSERT OR IGNORE INTO exchange_rates (currency_code, rate_date, usd_rate, data_source, loaded_at)
       WITH RECURSIVE day (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM day WHERE n < 4999)
       SELECT 'SEK', date('1990-01-01', n || ' days'), 1, 'a test', 0 FROM day`,
    ).run();
    let unbounded = 0;
    const counted = new Proxy(env.DB, {
      get(real, name) {
        const value = Reflect.get(real, name);
        if (name !== "prepare") return typeof value === "function" ? value.bind(real) : value;
        return (query: string) => {
          if (query.includes("FROM exchange_rates WHERE true") && !query.includes("LIMIT")) unbounded++;
          return real.prepare(query);
        };
      },
    });
    const request = new Request(`${HOST}/api/v1${PATH}?currency_code=SEK&to=2003-12-31&format=csv`, { headers: ADMIN });
    const answer = await app.fetch(request, { ...env, DB: counted }, createExecutionContext());
    const lines = (await answer.text()).split("\r\n");
    expect([lines.length, new Set(lines).size]).toEqual([1 + 5_000 + 1, 1 + 5_000 + 1]);
    expect(unbounded).toBe(0);
    await env.DB.prepare("DELETE FROM exchange_rates WHERE data_source = 'a test'").run();
  });

  it("are loaded as CSV, from a spreadsheet too", async () => {
    const csv = '\uFEFFrate_date,currency_code,usd_rate,data_source\r\n2026-05-01,KWD,3.25,"bank, of ""K"""\r\n';
    expect((await post(csv, { "content-type": "text/csv; charset=utf-8" })).status).toBe(201);
    expect(await known()).toEqual(['KWD 2026-05-01 3.25000000 bank, of "K"']);
  });

  const bank = [
    "Date,USD,JPY,BGN,CYP,HRK,RUB,",
    "2026-01-05,1.1700,183.10,N/A,N/A,N/A,N/A,",
    "2022-12-30,1.0666,140.66,1.9558,N/A,7.5365,N/A,",
    "2022-03-01,1.1162,128.33,1.9558,N/A,7.5675,117.2010,",
  ];
  const CSV = { "content-type": "text/csv" };
  it("are loaded as the European Central Bank's CSV", async () => {
    const answer = await post(`${bank.join("\n")}\n`, CSV);
    expect([answer.status, await answer.json()]).toEqual([201, { loaded: 11 }]);
    expect(await known("to=2022-12-31&from=2022-12-01")).toEqual([
      "BGN 2022-12-30 0.54535229 ecb",
      "EUR 2022-12-30 1.06660000 ecb",
      "HRK 2022-12-30 0.14152458 ecb",
      "JPY 2022-12-30 0.00758282 ecb",
    ]);
    expect(await known("currency_code=RUB")).toEqual(["RUB 2022-03-01 0.00952381 ecb"]);
    // The day's own file.
    const day = "Date, USD, JPY, \n27 November 2026, 1.1600, 180.00, \n";
    expect((await post(day, CSV)).status).toBe(201);
    expect(await known("from=2026-11-01")).toEqual(["EUR 2026-11-27 1.16000000 ecb", "JPY 2026-11-27 0.00644444 ecb"]);
  });

  it.each<[string, string, string]>([
    ["a day twice", [...bank, bank[1]].join("\n"), "it has 2026-01-05 twice"],
    ["a day that is none", `${bank[0]}\n2026-02-30,1,1,1,1,1,1,\n`, "2026-02-30 is not a date"],
    ["no USD", "Date,JPY,\n2026-01-05,183.10,\n", "it has no rate of USD on 2026-01-05"],
    ["a rate in words", `${bank[0]}\n2026-01-05,1.17,much,,,,,\n`, "its rate of JPY on 2026-01-05"],
    ["a short line", `${bank[0]}\n2026-01-05,1.17\n`, "a line with another number of cells"],
    ["no line", `${bank[0]}\n`, "it has no line of rates"],
    [
      "another header",
      "date;usd;jpy\n2026-01-05;1;2\n",
      "must have the header currency_code,rate_date,usd_rate,data_source",
    ],
    [
      "years of rates",
      `Date,USD,JPY\n${Array.from({ length: 5_001 }, (_, n) => `${new Date(n * 86_400_000).toISOString().slice(0, 10)},1,2`).join("\n")}`,
      "send at most 10000",
    ],
  ])("of the bank's CSV are refused as a whole with %s", async (_, csv, message) => {
    const answer = await post(csv, CSV);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(message)]);
    expect(await known()).toEqual([]);
  });

  it("of many days are written in parts, and the audit says which days", async () => {
    const days = Array.from({ length: 4_000 }, (_, n) => new Date(n * 86_400_000).toISOString().slice(0, 10));
    const answer = await post(`Date,USD,JPY\n${days.map((day) => `${day},1,2`).join("\n")}`, CSV);
    expect([answer.status, await answer.json()]).toEqual([201, { loaded: 8_000 }]);
    const stored = await env.DB.prepare("SELECT count(*) AS rates FROM exchange_rates").first();
    expect(stored).toEqual({ rates: 8_000 });
    const audit = await read("/audit?limit=1");
    expect(audit).toMatchObject({
      rows: [{ details: { from: "1970-01-01", to: days.at(-1), currencies: ["EUR", "JPY"], data_source: "ecb" } }],
    });
  });

  const good = rate("EUR", "2026-05-01", "1.08");
  const header = "currency_code,rate_date,usd_rate,data_source";
  it.each<[string, unknown, string[]]>([
    ["an unknown currency", [good, { ...good, currency_code: "ABC" }], ["rates.1.currency_code"]],
    ["USD", [{ ...good, currency_code: "USD" }], ["rates.0.currency_code"]],
    ["a day that is none", [{ ...good, rate_date: "2026-02-30" }], ["rates.0.rate_date"]],
    ["a number", [{ ...good, usd_rate: 1.08 }], ["rates.0.usd_rate"]],
    [
      "nine places and zero",
      [{ ...good, usd_rate: "1.123456789" }, good, { ...good, rate_date: "2026-05-02", usd_rate: "0" }],
      ["rates.0.usd_rate", "rates.2.usd_rate"],
    ],
    ["no source", [{ ...good, data_source: undefined }], ["rates.0.data_source"]],
    ["another field", [{ ...good, note: "x" }], ["note"]],
    ["one date twice", [good, good], ["rates.1.rate_date"]],
    ["nothing", [], ["rates"]],
    ["too many", Array.from({ length: 1_001 }, () => 0), ["rates"]],
    ["CSV with a bad rate", `${header}\nEUR,2026-05-01,1.08,t\nEUR,2026-05-02,much,t\n`, ["rates.1.usd_rate"]],
    ["CSV with a short line", `${header}\nEUR,2026-05-01,1.08\n`, ["body"]],
    ["CSV with an open quote", `${header}\nEUR,2026-05-01,1.08,"t\n`, ["body"]],
  ])("are refused as a whole with %s", async (_, rates, fields) => {
    const csv = typeof rates === "string";
    const answer = await post(csv ? rates : { rates }, csv ? { "content-type": "text/csv" } : {});
    expect(answer.status).toBe(400);
    const { errors } = await answer.json<{ errors: { field: string }[] }>();
    expect([...new Set(errors.map((error) => error.field))]).toEqual(expect.arrayContaining(fields));
    expect(await known()).toEqual([]);
  });

  it("are changed only with keys that administer all projects", async () => {
    const key = await makeApiKey({ role: "admin", project_id: "default" });
    const headers = bearer(key);
    expect((await post({ rates: [good] }, headers)).status).toBe(403);
    expect((await call("POST", `${PATH}/refresh`, undefined, headers)).status).toBe(403);
    expect((await get(PATH, headers)).status).toBe(200);
  });
});

const NOW = Date.parse("2026-05-04T15:15:00Z");
/** The feed in the bank's format, with a rate for each currency. */
const feed = (days: Record<string, Record<string, string>>) => `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<gesmes:Sender>
		<gesmes:name>European Central Bank</gesmes:name>
	</gesmes:Sender>
	<Cube>
${Object.entries(days)
  .map(
    ([date, rates]) => `		<Cube time='${date}'>
${Object.entries(rates)
  .map(([code, value]) => `			<Cube currency='${code}' rate='${value}'/>\n`)
  .join("")}		</Cube>
`,
  )
  .join("")}	</Cube>
</gesmes:Envelope>
`;
const GOOD = feed({ "2026-05-04": { USD: "1.0825", JPY: "168.12", SEK: "10.9530" } });
const IN_FORCE = [
  "EUR 2026-05-04 1.08250000 ecb",
  // 1.0825 / 168.12 = 0.006438853…; 1.0825 / 10.953 = 0.098831370…
  "JPY 2026-05-04 0.00643885 ecb",
  "SEK 2026-05-04 0.09883137 ecb",
];

describe("the feed's document", () => {
  const read = (xml: string) => {
    const reading = readEcb(xml);
    return reading.ok ? reading.rates.map((one) => `${one.currency_code} ${one.usd_rate}`) : reading.error;
  };

  it("is converted to USD exactly, rounded half to even", () => {
    expect(read(GOOD)).toEqual(["JPY 643885", "SEK 9883137", "EUR 108250000"]);
    // 1 / 64,000,000 is 1.5625e-8; 1 / 40,000,000 is 2.5e-8, and 3 / 40,000,000 7.5e-8: to the even neighbour.
    expect(read(feed({ "2026-05-04": { USD: "1", TRY: "64000000", INR: "40000000" } }))).toEqual([
      "TRY 2",
      "INR 2",
      "EUR 100000000",
    ]);
    expect(read(feed({ "2026-05-04": { USD: "3", INR: "40000000" } }))).toEqual(["INR 8", "EUR 300000000"]);
  });

  it("may have several days, and currencies that events cannot have", () => {
    const days = { "2026-05-04": { USD: "1.0825", XXX: "5" }, "2026-04-30": { USD: "1.08" } };
    expect(read(feed(days))).toEqual(["EUR 108250000", "EUR 108000000"]);
  });

  it.each([
    ["nothing", "", "complete"],
    ["a page", "<!doctype html><html><body>Down for maintenance</body></html>", "complete"],
    ["another document", "<rates><Cube/></rates>", "not a document of reference rates"],
    ["no date", GOOD.replace("time='2026-05-04'", ""), "without a date"],
    ["a date that is none", GOOD.replace("2026-05-04", "2026-02-30"), "without a date"],
    ["no day", GOOD.replace(/<Cube time[\s\S]*?<\/Cube>/, ""), "no date"],
    ["no USD", feed({ "2026-05-04": { JPY: "168.12" } }), "no rate of USD on 2026-05-04"],
    ["a rate of zero", feed({ "2026-05-04": { USD: "1.08", JPY: "0.000" } }), "rate of JPY"],
    ["a negative rate", feed({ "2026-05-04": { USD: "-1.08" } }), "rate of USD"],
    ["a rate in words", feed({ "2026-05-04": { USD: "N/A" } }), "rate of USD"],
    ["an exponent", feed({ "2026-05-04": { USD: "1e3" } }), "rate of USD"],
    ["a rate out of range", feed({ "2026-05-04": { USD: "1.08", JPY: "0.0001" } }), "out of range"],
    ["a currency twice", GOOD.replace("SEK", "JPY"), "each currency once"],
    ["an entity", GOOD.replace("<gesmes:Envelope", '<!DOCTYPE x [<!ENTITY e "x">]><gesmes:Envelope'), "complete"],
    ...[0.2, 0.5, 0.9, 0.99].map((part) => [
      `only ${part} of it`,
      GOOD.slice(0, Math.floor(GOOD.trimEnd().length * part)),
      "complete",
    ]),
  ])("is refused with %s", (_, xml, error) => {
    expect(read(xml as string)).toContain(error);
  });
});

let addresses = 0;
/** Bindings with a feed that gives this answer. */
async function fedBy(answer: FeedAnswer, address = `/${++addresses}.xml`): Promise<Env> {
  const ECB_FEED_URL = `${inject("feed")}${address}`;
  await fetch(ECB_FEED_URL, { method: "PUT", body: JSON.stringify(answer) });
  return { ...env, ECB_FEED_URL };
}
type Health = { status: string; dependencies: { exchange_rates: string }; exchange_rates: object };
async function health(bindings: Env): Promise<{ status: number; body: Health }> {
  forgetHealth();
  const answer = await requestWith(bindings, new Request(`${HOST}/health`));
  return { status: answer.status, body: await answer.json<Health>() };
}

describe("the feed", () => {
  it("is read, recorded and reported", async () => {
    const bindings = await fedBy({ body: GOOD });
    expect(await refreshRates(bindings, NOW)).toEqual({ status: "ok", last_rate_date: "2026-05-04", error: null });
    expect(await known()).toEqual(IN_FORCE);
    // The second run writes nothing.
    const before = await list();
    await refreshRates(bindings, NOW + 3_600_000);
    expect(await list()).toEqual(before);
  });

  it.each<[string, FeedAnswer, string]>([
    ["cut off", { body: GOOD.slice(0, 400) }, "it is not complete XML"],
    ["a page with status 200", { body: "<html><body>Sorry</body></html>" }, "not a document of reference rates"],
    ["an error", { status: 500, body: GOOD }, "it answered 500"],
    ["gone", { status: 404, body: "" }, "it answered 404"],
    ["cut in its connection", { body: GOOD, fault: "cut" }, "it cannot be reached"],
    ["silent", { body: GOOD, fault: "hang" }, "it did not answer within 10 seconds"],
    ["ahead of its time", { body: feed({ "2026-05-06": { USD: "2" } }) }, "a day to come"],
  ])("that is %s leaves the last good rates in force", async (_, answer, error) => {
    const address = `/${++addresses}.xml`;
    await refreshRates(await fedBy({ body: GOOD }, address), NOW);
    const bindings = await fedBy(answer, address);
    const state = await refreshRates(bindings, NOW + 60_000);
    expect(state).toEqual({
      status: "failing",
      last_rate_date: "2026-05-04",
      error: expect.stringContaining(error),
    });
    expect(await known()).toEqual(IN_FORCE);
    const { status, body } = await health(bindings);
    expect([status, body.status, body.dependencies.exchange_rates]).toEqual([200, "ok", "failing"]);
    expect(body.exchange_rates).toEqual({ last_rate_date: "2026-05-04", error: state.error, without_rate: [] });
    // And the next good answer is used.
    await fedBy({ body: GOOD }, address);
    expect((await refreshRates(bindings, NOW + 120_000)).status).toBe("ok");
  });

  it("that cannot be reached is reported without a host name", async () => {
    const bindings = { ...env, ECB_FEED_URL: "http://127.0.0.1:1/secret" };
    const { error } = await refreshRates(bindings, NOW);
    expect(error).toBe("it cannot be reached");
  });

  it("keeps the rate of a currency that vanished from it", async () => {
    const address = `/${++addresses}.xml`;
    await refreshRates(await fedBy({ body: GOOD }, address), NOW);
    const without = await fedBy({ body: feed({ "2026-05-05": { USD: "1.09", JPY: "170" } }) }, address);
    expect((await refreshRates(without, NOW + 86_400_000)).status).toBe("ok");
    expect(await known("currency_code=SEK")).toEqual(["SEK 2026-05-04 0.09883137 ecb"]);
  });

  it("is stale when its newest rates are more than five days old, or were never read", async () => {
    const bindings = await fedBy({ body: GOOD });
    const day = 86_400_000;
    const statusAt = async (now: number) => (await refreshRates(bindings, now)).status;
    expect(await statusAt(NOW + 5 * day)).toBe("ok");
    expect(await statusAt(NOW + 6 * day)).toBe("stale");
    await env.DB.prepare("DELETE FROM exchange_rate_feed").run();
    expect((await health(bindings)).body.dependencies.exchange_rates).toBe("stale");
    const off = { ...env, ECB_FEED_URL: "" };
    const { status, body } = await health(off);
    expect([status, body.dependencies.exchange_rates]).toEqual([200, "off"]);
  });

  it("corrects its earlier rates, and no administrator's", async () => {
    const address = `/${++addresses}.xml`;
    await refreshRates(await fedBy({ body: GOOD }, address), NOW);
    await post({ rates: [rate("JPY", "2026-05-04", "0.0065", "a correction")] });
    const corrected = feed({ "2026-05-04": { USD: "1.0825", JPY: "200", SEK: "11" } });
    await refreshRates(await fedBy({ body: corrected }, address), NOW + 3_600_000);
    expect(await known()).toEqual([
      "EUR 2026-05-04 1.08250000 ecb",
      "JPY 2026-05-04 0.00650000 a correction",
      "SEK 2026-05-04 0.09840909 ecb",
    ]);
  });

  it("is read by its duty when it is due", async () => {
    const bindings = await fedBy({ body: GOOD });
    await runDuty("exchange rates", bindings, NOW);
    expect(await known()).toEqual(IN_FORCE);
    await runDuty("exchange rates", await fedBy({ body: feed({ "2026-05-04": { USD: "9" } }) }), NOW + 60_000);
    expect(await known()).toEqual(IN_FORCE);
  });

  it.each([
    ["2026-05-04T02:00:00Z", "2026-05-03T17:00:00Z", "2026-04-30", null, true],
    ["2026-05-04T02:59:00Z", "2026-05-04T02:00:00Z", "2026-04-30", null, false],
    ["2026-05-04T03:00:00Z", "2026-05-04T02:00:00Z", "2026-04-30", null, false],
    ["2026-05-04T03:00:00Z", "2026-05-04T02:00:00Z", "2026-04-30", "it answered 500", true],
    ["2026-05-04T03:30:00Z", "2026-05-04T03:00:00Z", "2026-04-30", "it answered 500", false],
    ["2026-05-04T14:00:00Z", "2026-05-04T02:00:00Z", "2026-04-30", null, true],
    ["2026-05-04T15:00:00Z", "2026-05-04T14:00:00Z", "2026-05-04", null, false],
    ["2026-05-04T18:00:00Z", "2026-05-04T17:00:00Z", "2026-04-30", null, false],
    ["2026-05-05T02:00:00Z", "2026-05-04T17:00:00Z", "2026-05-04", null, true],
  ])("at %s, tried at %s, is due: %s %s → %s", (now, tried, last_rate_date, error, due) => {
    expect(isDue({ tried_at: Date.parse(tried), last_rate_date, error }, Date.parse(now))).toBe(due);
  });

  it("is read at once when an administrator asks", async () => {
    const refresh = (bindings: Env) => callWith(bindings, "POST", `${PATH}/refresh`);
    const today = new Date().toISOString().slice(0, 10);
    const done = await refresh(await fedBy({ body: feed({ [today]: { USD: "1.1" } }) }));
    expect([done.status, await done.json()]).toEqual([200, { status: "ok", last_rate_date: today, error: null }]);
    const broken = await refresh(await fedBy({ status: 502, body: "" }));
    expect(broken.status).toBe(503);
    expect(broken.headers.get("retry-after")).toBe("60");
    expect(await broken.json()).toMatchObject({ detail: expect.stringContaining("it answered 502") });
    expect((await refresh({ ...env, ECB_FEED_URL: "" })).status).toBe(409);
    expect(await known()).toEqual([`EUR ${today} 1.10000000 ecb`]);
  });
});
